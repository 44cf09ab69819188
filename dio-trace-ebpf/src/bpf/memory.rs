//! Reading kernel memory.
//!
//! A program with BTF context (fentry, fexit, `tp_btf`) may follow the pointers it is given by plain
//! loads, which the verifier checks and the kernel guards against faults. Any other program goes
//! through a helper, at some fifty instructions a read.

use core::{arch::asm, mem::MaybeUninit};

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;

/// Clears words of our own, one by one: left to itself, the compiler does it byte by byte, in a loop,
/// which the verifier walks round by round.
///
/// # Safety
/// There must be as many words.
#[inline(always)]
pub(super) unsafe fn clear<const WORDS: usize>(place: *mut u64) {
    for word in 0..WORDS {
        // SAFETY: the caller's words.
        unsafe { place.add(word).write_volatile(0) };
    }
}

/// Copies words of our own, one by one, for the same reason.
///
/// # Safety
/// There must be as many words in both places.
#[inline(always)]
pub(super) unsafe fn copy<W: Copy, const WORDS: usize>(from: *const W, to: *mut W) {
    for word in 0..WORDS {
        // SAFETY: the caller's words.
        unsafe { to.add(word).write_volatile(from.add(word).read_volatile()) };
    }
}

/// Writes `new` to a place of our own where there is `old`, in one step. What was there before.
///
/// # Safety
/// `place` must point into a map value, and be aligned.
#[inline(always)]
pub(super) unsafe fn exchange(place: *mut u64, old: u64, new: u64) -> u64 {
    let before: u64;
    // SAFETY: the caller's word.
    unsafe {
        asm!(
            "r0 = cmpxchg_64({0} + 0, r0, {1})",
            in(reg) place,
            in(reg) new,
            inout("r0") old => before,
        );
    }
    before
}

/// The lower half of a word. The verifier lets nobody calculate with a pointer, such as a kiocb is in
/// programs with BTF context, but with a half of it.
#[inline(always)]
pub(super) fn lower_half(word: u64) -> u32 {
    let half: u64;
    // SAFETY: copies one half of a register.
    unsafe {
        asm!("w0 = w1", in("r1") word, out("r0") half, options(pure, nomem, nostack));
    }
    half as u32
}

/// Whether two places of our own differ, word for word and without a branch.
///
/// # Safety
/// There must be as many words in both.
#[inline(always)]
pub(super) unsafe fn differ<const WORDS: usize>(one: *const u64, other: *const u64) -> bool {
    let mut differences = 0;
    for word in 0..WORDS {
        // SAFETY: the caller's words.
        differences |= unsafe { *one.add(word) ^ *other.add(word) };
    }
    differences != 0
}

/// A kernel address, and how it may be read.
#[derive(Clone, Copy)]
pub(super) struct Kernel<const TRACING: bool>(pub *const u8);

impl<const TRACING: bool> Kernel<TRACING> {
    /// Whether it is the null pointer.
    #[inline(always)]
    pub(super) fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Reads the `T` at `offset`; zero where it cannot be read, as a plain load gives.
    #[inline(always)]
    pub(super) fn read<T: Copy>(self, offset: u32) -> T {
        // Not `add`: the pointer may be anything as far as the compiler knows.
        let address = self.0.wrapping_add(offset as usize).cast::<T>();
        if TRACING {
            // SAFETY: the verifier proves this load; a fault reads as zero.
            unsafe { core::ptr::read_volatile(address) }
        } else {
            let mut value = MaybeUninit::<T>::uninit();
            // SAFETY: the helper checks the address, and fills with zeros where it cannot read
            // (`bpf_probe_read_kernel_common`), which is valid for the integers and pointers read
            // here. A branch on its result would have the verifier walk all that follows twice.
            unsafe {
                bpf_probe_read_kernel(
                    value.as_mut_ptr().cast(),
                    size_of::<T>() as u32,
                    address.cast(),
                );
                value.assume_init()
            }
        }
    }

    /// Reads the `BYTES` at `offset` to a place of our own; zeros where they cannot be read.
    #[inline(always)]
    pub(super) fn read_to<const BYTES: usize>(self, offset: u32, place: *mut [u8; BYTES]) {
        let address = self.0.wrapping_add(offset as usize);
        // SAFETY: the helper checks the address, and writes as many bytes as there are.
        unsafe { bpf_probe_read_kernel(place.cast(), BYTES as u32, address.cast()) };
    }

    /// Follows the pointer at `offset`.
    #[inline(always)]
    pub(super) fn follow(self, offset: u32) -> Self {
        Self(self.read::<*const u8>(offset))
    }

    /// The same address, to be read through the helper: needed where the verifier cannot know
    /// what it points to.
    #[inline(always)]
    pub(super) fn probed(self) -> Kernel<false> {
        Kernel(self.0)
    }
}
