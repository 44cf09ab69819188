//! Reading kernel memory.
//!
//! A program with BTF context (fentry, fexit, `tp_btf`) may follow the pointers it is given by plain
//! loads, which the verifier checks and the kernel guards against faults. Any other program goes
//! through a helper, at some fifty instructions a read.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;

/// A kernel address, and how it may be read.
#[derive(Clone, Copy)]
pub(in crate::bpf) struct Kernel<const TRACING: bool>(pub *const u8);

impl<const TRACING: bool> Kernel<TRACING> {
    /// Whether it is the null pointer.
    #[inline(always)]
    pub(in crate::bpf) fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Reads the `T` at `offset`; zero where it cannot be read, as a plain load gives.
    #[inline(always)]
    pub(in crate::bpf) fn read<T: Copy>(self, offset: u32) -> T {
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
    pub(in crate::bpf) fn read_to<const BYTES: usize>(self, offset: u32, place: *mut [u8; BYTES]) {
        let address = self.0.wrapping_add(offset as usize);
        // SAFETY: the helper checks the address, and writes as many bytes as there are.
        unsafe { bpf_probe_read_kernel(place.cast(), BYTES as u32, address.cast()) };
    }

    /// Follows the pointer at `offset`.
    #[inline(always)]
    pub(in crate::bpf) fn follow(self, offset: u32) -> Self {
        Self(self.read::<*const u8>(offset))
    }

    /// The same address, to be read through the helper: needed where the verifier cannot know
    /// what it points to.
    #[inline(always)]
    pub(in crate::bpf) fn probed(self) -> Kernel<false> {
        Kernel(self.0)
    }
}
