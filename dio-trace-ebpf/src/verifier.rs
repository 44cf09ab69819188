//! Keeps the kernel's verifier from following every combination of values.
//!
//! A set of bits that is built by branches has as many known values as there are paths, and a
//! length that grows in a loop as many ranges as there are rounds. Once such a value is tested or
//! used as an index, the verifier walks each of them on its own: a million steps for a few hundred
//! instructions. A value that it does not know lets it walk the rest once.

/// The same value, of which the verifier no longer knows anything. `unknown` is any value it does
/// not know either, as one read from kernel memory.
#[inline(always)]
#[must_use]
pub fn forget(value: u64, unknown: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut value = value;
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
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        let _ = unknown;
        value
    }
}

/// The bits of an index below `MASK`, cut off where the verifier sees it: the compiler would drop a
/// plain `&` whose outcome it can prove, and keeps the proof for itself.
#[inline(always)]
#[must_use]
pub fn low_bits<const MASK: i32>(index: u64) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let mut index = index;
        // SAFETY: changes one register.
        unsafe {
            core::arch::asm!(
                "{0} &= {1}",
                inout(reg) index,
                const MASK,
                options(pure, nomem, nostack),
            );
        }
        index as usize
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        (index & MASK as u64) as usize
    }
}
