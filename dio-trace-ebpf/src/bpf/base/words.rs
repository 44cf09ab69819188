//! Words of our own memory: cleared, copied, compared and changed in one step.

use core::arch::asm;

/// Adds to a 64-bit counter that another program on this CPU may be adding to, by the one atomic
/// instruction that every kernel has (`core` offers none for this target).
#[inline(always)]
pub(in crate::bpf) fn add(counter: *mut u64, amount: u64) {
    // SAFETY: `counter` points into a map value, which is aligned and lives on.
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) counter, in(reg) amount) };
}

/// Clears words of our own, one by one: left to itself, the compiler does it byte by byte, in a loop,
/// which the verifier walks round by round.
///
/// # Safety
/// There must be as many words.
#[inline(always)]
pub(in crate::bpf) unsafe fn clear<const WORDS: usize>(place: *mut u64) {
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
pub(in crate::bpf) unsafe fn copy<W: Copy, const WORDS: usize>(from: *const W, to: *mut W) {
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
pub(in crate::bpf) unsafe fn exchange(place: *mut u64, old: u64, new: u64) -> u64 {
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
pub(in crate::bpf) fn lower_half(word: u64) -> u32 {
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
pub(in crate::bpf) unsafe fn differ<const WORDS: usize>(
    one: *const u64,
    other: *const u64,
) -> bool {
    let mut differences = 0;
    for word in 0..WORDS {
        // SAFETY: the caller's words.
        differences |= unsafe { *one.add(word) ^ *other.add(word) };
    }
    differences != 0
}
