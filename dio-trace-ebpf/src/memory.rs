//! Memory that several programs use at the same time: the values of maps.

use core::{marker::PhantomData, ptr::NonNull};

use bytemuck::{AnyBitPattern, Pod};

use crate::verifier::low_bits;

/// A place in the value of a map, which programs on all CPUs and userspace read and write at will.
///
/// It stays while `'m` lasts: the kernel frees the memory of a map only when it is no longer in use,
/// and a row that is given up stays memory of the map. So every access here is safe; that what is read
/// still means the same a moment later is for the reader to ensure.
#[repr(transparent)]
pub struct Place<'m, T>(NonNull<T>, PhantomData<&'m T>);

/// As the programs have them: no map goes while a program runs.
pub type InMap<T> = Place<'static, T>;

impl<T> Clone for Place<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Place<'_, T> {}

impl<'m, T> Place<'m, T> {
    /// The place that a map gave.
    ///
    /// # Safety
    /// `place` must be aligned, in memory that stays while the lifetime lasts.
    #[inline(always)]
    #[must_use]
    pub const unsafe fn new(place: NonNull<T>) -> Self {
        Self(place, PhantomData)
    }

    /// A part of it, see [`field`](crate::field).
    ///
    /// # Safety
    /// `part` must be aligned, and lie in this.
    #[inline(always)]
    #[must_use]
    pub const unsafe fn part<U>(self, part: NonNull<U>) -> Place<'m, U> {
        Place(part, PhantomData)
    }

    /// Its address.
    #[inline(always)]
    #[must_use]
    pub const fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: AnyBitPattern> Place<'_, T> {
    /// Reads it. A word is read in one step, more than a word is not.
    #[inline(always)]
    #[must_use]
    pub fn read(self) -> T {
        #[cfg(test)]
        interrupt::here();
        // SAFETY: aligned and there, and any bytes are valid. Volatile, since others write there.
        unsafe { self.as_ptr().read_volatile() }
    }

    /// Writes it, in as many steps as [`read`](Self::read).
    #[inline(always)]
    pub fn write(self, value: T) {
        #[cfg(test)]
        interrupt::here();
        // SAFETY: aligned and there. Volatile, since others read there.
        unsafe { self.as_ptr().write_volatile(value) }
    }
}

impl Place<'_, u64> {
    /// Adds to a counter in one step, by the one atomic instruction that every kernel has.
    #[inline(always)]
    pub fn add(self, amount: u64) {
        #[cfg(target_arch = "bpf")]
        // SAFETY: aligned and there.
        unsafe {
            core::arch::asm!(
                "lock *(u64 *)({0} + 0) += {1}",
                in(reg) self.as_ptr(),
                in(reg) amount,
            );
        }
        #[cfg(not(target_arch = "bpf"))]
        self.atomic()
            .fetch_add(amount, core::sync::atomic::Ordering::SeqCst);
    }

    /// Writes `new` where there is `old`, in one step (`BPF_CMPXCHG`, from 5.12). Returns what was there
    /// before.
    #[inline(always)]
    #[must_use]
    pub fn exchange(self, old: u64, new: u64) -> u64 {
        #[cfg(target_arch = "bpf")]
        {
            let before: u64;
            // SAFETY: aligned and there.
            unsafe {
                core::arch::asm!(
                    "r0 = cmpxchg_64({0} + 0, r0, {1})",
                    in(reg) self.as_ptr(),
                    in(reg) new,
                    inout("r0") old => before,
                );
            }
            before
        }
        #[cfg(not(target_arch = "bpf"))]
        {
            use core::sync::atomic::Ordering::SeqCst;
            match self.atomic().compare_exchange(old, new, SeqCst, SeqCst) {
                Ok(before) | Err(before) => before,
            }
        }
    }

    #[cfg(not(target_arch = "bpf"))]
    fn atomic(&self) -> &core::sync::atomic::AtomicU64 {
        #[cfg(test)]
        interrupt::here();
        // SAFETY: aligned and there; all that write there meanwhile do so in one step.
        unsafe { core::sync::atomic::AtomicU64::from_ptr(self.as_ptr()) }
    }
}

impl<'m, T, const N: usize> Place<'m, [T; N]> {
    /// One element, by the lower bits of `index`; `LAST` is the highest index, all ones.
    #[inline(always)]
    #[must_use]
    pub fn element<const LAST: i32>(self, index: u64) -> Place<'m, T> {
        const { assert!(N.is_power_of_two() && LAST as usize + 1 == N) };
        let element = self.0.cast::<T>();
        // SAFETY: one of N; so it is as much there as all of them.
        unsafe { self.part(element.add(low_bits::<LAST>(index))) }
    }

    /// All elements in turn.
    #[inline(always)]
    pub fn elements(self) -> impl Iterator<Item = Place<'m, T>> {
        let first = self.0.cast::<T>();
        // SAFETY: as above.
        (0..N).map(move |index| unsafe { self.part(first.add(index)) })
    }
}

impl<T: Pod> Place<'_, T> {
    /// Copies it, word by word.
    #[inline(always)]
    pub fn copy_to(self, to: &mut T) {
        // SAFETY: both are a `T`.
        unsafe { copy_value(self.as_ptr(), to) };
    }

    /// Replaces it, word by word.
    #[inline(always)]
    pub fn copy_from(self, from: &T) {
        // SAFETY: both are a `T`.
        unsafe { copy_value(from, self.as_ptr()) };
    }

    /// Whether it differs from `other`, compared word by word and without a branch.
    #[inline(always)]
    #[must_use]
    pub fn differs_from(self, other: &T) -> bool {
        let (own, other) = (
            self.as_ptr().cast::<u64>(),
            (&raw const *other).cast::<u64>(),
        );
        let mut differences = 0;
        for word in 0..words_of::<T>() {
            // SAFETY: one of the words that both consist of.
            differences |= unsafe { own.add(word).read() ^ other.add(word).read() };
        }
        differences != 0
    }
}

/// The [`Place`](memory::Place) of a field.
#[macro_export]
macro_rules! field {
    ($value:expr, $($field:tt).+) => {{
        let value: $crate::memory::Place<'_, _> = $value;
        // SAFETY: a field lies in the value. Only its address is taken.
        unsafe {
            let field = &raw mut (*value.as_ptr()).$($field).+;
            value.part(core::ptr::NonNull::new_unchecked(field))
        }
    }};
}

/// Words that a `T` consists of.
const fn words_of<T>() -> usize {
    const {
        assert!(align_of::<T>() == align_of::<u64>());
    };
    size_of::<T>() / size_of::<u64>()
}

/// Sets a value of our own to zeros, word by word: left to itself, the compiler does it byte by byte, in
/// a loop, which the verifier walks round by round.
#[inline(always)]
pub fn clear<T: Pod>(value: &mut T) {
    // SAFETY: as many words as it consists of; zeros are valid.
    unsafe { clear_words((&raw mut *value).cast(), words_of::<T>()) };
}

/// Copies a value word by word, for the same reason.
#[inline(always)]
pub fn copy<T: Pod>(from: &T, to: &mut T) {
    // SAFETY: both are a `T`.
    unsafe { copy_value(from, to) };
}

/// # Safety
/// Both must be aligned and there.
#[inline(always)]
unsafe fn copy_value<T: Pod>(from: *const T, to: *mut T) {
    const {
        assert!(align_of::<T>() >= align_of::<u32>());
    }
    // SAFETY: as many words, or halves of words, as a `T` consists of.
    unsafe {
        if align_of::<T>() == align_of::<u64>() {
            copy_words::<u64>(from.cast(), to.cast(), size_of::<T>() / size_of::<u64>());
        } else {
            copy_words::<u32>(from.cast(), to.cast(), size_of::<T>() / size_of::<u32>());
        }
    }
}

/// [`clear`] for part of a value.
///
/// # Safety
/// There must be as many words, aligned, for which zeros are valid.
#[inline(always)]
pub unsafe fn clear_words(place: *mut u64, words: usize) {
    for word in 0..words {
        // SAFETY: the caller's words.
        unsafe { place.add(word).write_volatile(0) };
    }
}

/// [`copy`] for part of a value.
///
/// # Safety
/// There must be as many words in both places, aligned, and valid in the one they are copied to.
#[inline(always)]
pub unsafe fn copy_words<W: Copy>(from: *const W, to: *mut W, words: usize) {
    for word in 0..words {
        // SAFETY: the caller's words.
        unsafe { to.add(word).write_volatile(from.add(word).read_volatile()) };
    }
}

/// Lets tests run another program between any two accesses of one.
#[cfg(test)]
pub(crate) mod interrupt {
    use std::{boxed::Box, cell::RefCell};

    std::thread_local! {
        static PROGRAM: RefCell<Option<Box<dyn FnMut()>>> = const { RefCell::new(None) };
    }

    /// An access is about to be made.
    pub(super) fn here() {
        // Not there while it runs: it is not interrupted itself.
        if let Some(mut program) = PROGRAM.take() {
            program();
            PROGRAM.set(Some(program));
        }
    }

    /// Runs `work`, and `program` before each access that it makes.
    pub(crate) fn interrupted<R>(program: impl FnMut() + 'static, work: impl FnOnce() -> R) -> R {
        PROGRAM.set(Some(Box::new(program)));
        let result = work();
        PROGRAM.set(None);
        result
    }
}
