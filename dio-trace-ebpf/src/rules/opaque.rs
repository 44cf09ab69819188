//! Keeps the kernel's verifier from following every combination of flags.
//!
//! A set of bits that is built by branches has as many known values as there are paths, and once
//! it is tested the verifier walks each of them on its own: a million steps for a few hundred
//! instructions. A value that it does not know lets it walk the rest once.

/// The same value, of which the verifier no longer knows anything. `unknown` is any value it does
/// not know either, as one read from a map.
#[inline(always)]
#[must_use]
pub(super) fn opaque(value: u32, unknown: u32) -> u32 {
    #[cfg(target_arch = "bpf")]
    {
        let (mut value, unknown) = (u64::from(value), u64::from(unknown));
        // SAFETY: adds a register and takes it away again.
        unsafe {
            core::arch::asm!(
                "{0} += {1}",
                "{0} -= {1}",
                inout(reg) value,
                in(reg) unknown,
                options(pure, nomem, nostack),
            );
        }
        value as u32
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        let _ = unknown;
        value
    }
}
