//! Tables of the probes that consist of slots, in the memory that the probes use.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    ptr::NonNull,
};

use anyhow::{Context, Result, bail};
use aya::maps::Map;
use bytemuck::AnyBitPattern;
use dio_trace_ebpf::{
    abi::slot::{SLOTS_TRIED, Slot},
    memory::Place,
};

/// The slots of one map.
pub(in crate::kernel) struct Slots<V: AnyBitPattern> {
    first: NonNull<Slot<V>>,
    count: usize,
}

// SAFETY: shared memory of the kernel's, which belongs to no thread.
unsafe impl<V: AnyBitPattern + Send> Send for Slots<V> {}

impl<V: AnyBitPattern> Slots<V> {
    /// Maps an array of groups of slots into memory.
    ///
    /// # Errors
    /// Where the map is none, or the kernel maps no more memory.
    pub(in crate::kernel) fn new(map: &Map) -> Result<Self> {
        let Map::Array(data) = map else {
            bail!("a table of slots is no array");
        };
        let count = data.info()?.max_entries() as usize * SLOTS_TRIED;
        // SAFETY: a new mapping of a map that is as large as this, which nothing else refers to.
        let address = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                Self::bytes(count),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                data.fd().as_fd().as_raw_fd(),
                0,
            )
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error())
                .context("cannot map a table of the probes into memory");
        }
        let first = NonNull::new(address.cast()).context("mapped at address 0")?;
        Ok(Self { first, count })
    }

    /// How many there are.
    pub(in crate::kernel) const fn count(&self) -> usize {
        self.count
    }

    /// One of them.
    ///
    /// # Panics
    /// Where there is none of this number.
    pub(in crate::kernel) fn at(&self, index: usize) -> Place<'_, Slot<V>> {
        assert!(index < self.count, "no slot {index} among {}", self.count);
        // SAFETY: in the mapping.
        unsafe { Place::new(self.first.add(index)) }
    }

    const fn bytes(count: usize) -> usize {
        count * size_of::<Slot<V>>()
    }
}

impl<V: AnyBitPattern> Drop for Slots<V> {
    fn drop(&mut self) {
        // SAFETY: our own mapping, of this size.
        unsafe { libc::munmap(self.first.as_ptr().cast(), Self::bytes(self.count)) };
    }
}
