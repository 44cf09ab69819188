//! Places of cached origins: one for each thread and open file on each CPU, as far as numbers differ.

use dio_trace_ebpf::{
    abi::{request::Request, slot::slot_of},
    field,
    memory::InMap,
    verifier::lower_half,
};

use crate::bpf::{
    base::map::Values,
    tables::{
        maps::{ORIGINS, ORIGINS_BITS},
        values::CachedOrigin,
    },
};

/// The place for the requests of a thread to an open file.
#[inline(always)]
pub(in crate::bpf) fn place(file: u64, tid: u32) -> Option<InMap<CachedOrigin>> {
    ORIGINS.value(slot_of(lower_half(file) ^ tid, ORIGINS_BITS))
}

/// Drops the entry: the next request of this thread and file on this CPU asks the kernel again.
#[inline(always)]
pub(in crate::bpf) fn forget(request: &Request) {
    if let Some(place) = place(request.file, request.origin.tid)
        && field!(place, file).read() == request.file
    {
        field!(place, tick).write(0);
    }
}
