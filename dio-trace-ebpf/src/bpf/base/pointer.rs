//! Reads kernel memory, by the means that a program has.
//!
//! A program with BTF context (fentry, fexit, `tp_btf`) may follow the pointers that it is given by
//! plain loads, which the verifier checks and the kernel guards against faults. Any other program calls
//! a helper, at some fifty instructions a read.

use core::{marker::PhantomData, mem::MaybeUninit};

use aya_ebpf::helpers::generated::{bpf_probe_read_kernel, bpf_probe_read_kernel_str};
use bytemuck::AnyBitPattern;

/// A way to read kernel memory.
pub(in crate::bpf) trait Access {
    /// Whether it is a plain load.
    const BY_LOAD: bool;

    /// Reads the `T` at `address`; zero where it cannot be read.
    fn read<T: AnyBitPattern>(address: *const T) -> T;
}

/// By plain loads, from pointers whose types the verifier knows.
pub(in crate::bpf) enum ByLoad {}

impl Access for ByLoad {
    const BY_LOAD: bool = true;

    #[inline(always)]
    fn read<T: AnyBitPattern>(address: *const T) -> T {
        // SAFETY: the verifier proves this load, and a fault reads as zero; any bytes are valid.
        unsafe { address.read_volatile() }
    }
}

/// By a helper, from any address.
pub(in crate::bpf) enum ByHelper {}

impl Access for ByHelper {
    const BY_LOAD: bool = false;

    #[inline(always)]
    fn read<T: AnyBitPattern>(address: *const T) -> T {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: the helper checks the address, and fills with zeros where it cannot read
        // (`bpf_probe_read_kernel_common`); any bytes are valid. A branch on its result would have the
        // verifier walk all that follows twice.
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

/// A kernel address, and how it may be read.
pub(in crate::bpf) struct KernelPtr<A: Access> {
    address: *const u8,
    access: PhantomData<A>,
}

impl<A: Access> Clone for KernelPtr<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Access> Copy for KernelPtr<A> {}

impl KernelPtr<ByHelper> {
    pub(in crate::bpf) const NULL: Self = Self {
        address: core::ptr::null(),
        access: PhantomData,
    };

    /// The address that a number is.
    #[inline(always)]
    pub(in crate::bpf) fn at(address: u64) -> Self {
        Self::new(address as *const u8)
    }
}

impl<A: Access> KernelPtr<A> {
    /// A pointer as the program was given it.
    #[inline(always)]
    pub(in crate::bpf) fn new(address: *const u8) -> Self {
        Self {
            address,
            access: PhantomData,
        }
    }

    /// The address as a number.
    #[inline(always)]
    pub(in crate::bpf) fn address(self) -> u64 {
        self.address as u64
    }

    /// Whether it is the null pointer.
    #[inline(always)]
    pub(in crate::bpf) fn is_null(self) -> bool {
        self.address.is_null()
    }

    /// Reads the `T` at `offset`; zero where it cannot be read.
    #[inline(always)]
    pub(in crate::bpf) fn read<T: AnyBitPattern>(self, offset: u32) -> T {
        // Not `add`: the pointer may be anything as far as the compiler knows.
        A::read(self.address.wrapping_add(offset as usize).cast())
    }

    /// Reads the `BYTES` at `offset` to a place of our own; zeros where they cannot be read.
    #[inline(always)]
    pub(in crate::bpf) fn read_to<const BYTES: usize>(self, offset: u32, place: &mut [u8; BYTES]) {
        let address = self.address.wrapping_add(offset as usize);
        // SAFETY: the helper checks the address, and writes as many bytes as there are.
        unsafe {
            bpf_probe_read_kernel(place.as_mut_ptr().cast(), BYTES as u32, address.cast());
        }
    }

    /// Copies the string at this address, at most `capacity` bytes with its NUL. Returns the bytes
    /// written, or a negative errno.
    ///
    /// # Safety
    /// `place` must have room for `capacity` bytes.
    #[inline(always)]
    pub(in crate::bpf) unsafe fn read_string(self, place: *mut u8, capacity: u32) -> i64 {
        // SAFETY: the caller's room; the helper checks the address.
        unsafe { bpf_probe_read_kernel_str(place.cast(), capacity, self.address.cast()) }
    }

    /// Follows the pointer at `offset`.
    #[inline(always)]
    pub(in crate::bpf) fn follow(self, offset: u32) -> Self {
        Self::new(self.read::<u64>(offset) as *const u8)
    }

    /// The address of the struct that holds this one as its member at `offset` (`container_of`).
    #[inline(always)]
    pub(in crate::bpf) fn container(self, offset: u32) -> KernelPtr<ByHelper> {
        KernelPtr::new(self.address.wrapping_sub(offset as usize))
    }

    /// The address of the member at `offset`.
    #[inline(always)]
    pub(in crate::bpf) fn member(self, offset: u32) -> Self {
        Self::new(self.address.wrapping_add(offset as usize))
    }

    /// The same address, to be read through the helper: needed where the verifier cannot know
    /// what it points to.
    #[inline(always)]
    pub(in crate::bpf) fn probed(self) -> KernelPtr<ByHelper> {
        KernelPtr::new(self.address)
    }
}
