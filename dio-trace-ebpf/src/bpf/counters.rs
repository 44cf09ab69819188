//! Counting: exact whatever happens, even where a program is preempted in the middle.

use core::arch::asm;

use aya_ebpf::maps::PerCpuHashMap;
use dio_trace_ebpf::{
    abi::{
        counters::{CounterKey, CounterValue, unattributed_slot},
        file::FileId,
        news,
    },
    words::LossCause,
};

use super::maps::{
    COUNTERS_EVEN, COUNTERS_IN_USE, COUNTERS_ODD, LOSSES, NEWS, ORPHANS, UNATTRIBUTED,
};

/// Adds to a 64-bit counter that another program on this CPU may be adding to, by the one atomic
/// instruction that every kernel has (`core` offers none for this target).
#[inline(always)]
pub(super) fn add(counter: *mut u64, amount: u64) {
    // SAFETY: `counter` points into a map value, which is aligned and lives on.
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) counter, in(reg) amount) };
}

/// Notes that something was lost.
#[inline(always)]
pub(super) fn lost(cause: LossCause) {
    if let Some(counter) = LOSSES.get_ptr_mut(cause as u32) {
        add(counter, 1);
    }
}

/// Notes that a request was seen to end but not to begin: it began before the trace, or the kernel
/// skipped the probes. Userspace tells these apart.
#[inline(always)]
pub(super) fn orphan() {
    if let Some(counter) = ORPHANS.get_ptr_mut(0) {
        add(counter, 1);
    }
}

#[inline(always)]
fn bump(value: *mut CounterValue, bytes: u64) {
    // SAFETY: only the addresses of the fields are taken.
    let (count, total) = unsafe { (&raw mut (*value).count, &raw mut (*value).bytes) };
    add(count, 1);
    add(total, bytes);
}

/// Tells userspace to look at something: a slot of [`news`].
#[inline(always)]
pub(super) fn tell(slot: u32) {
    if let Some(told) = NEWS.get_ptr_mut(slot) {
        // SAFETY: a map value lives on. Volatile, since userspace reads it and takes it back.
        unsafe { told.write_volatile(1) };
    }
}

/// The table that the probes fill at present, and its slot of [`news`].
#[inline(always)]
fn table() -> (&'static PerCpuHashMap<CounterKey, CounterValue>, u32) {
    match COUNTERS_IN_USE.get(0) {
        Some(1) => (&COUNTERS_ODD, news::COUNTERS[1]),
        _ => (&COUNTERS_EVEN, news::COUNTERS[0]),
    }
}

/// Counts one request of `bytes` into its row; false where there is none yet.
#[inline(always)]
pub(super) fn count_again(key: &CounterKey, bytes: u64) -> bool {
    count_in(table().0, key, bytes)
}

#[inline(always)]
fn count_in(table: &PerCpuHashMap<CounterKey, CounterValue>, key: &CounterKey, bytes: u64) -> bool {
    let Some(value) = table.get_ptr_mut(key) else {
        return false;
    };
    bump(value, bytes);
    true
}

/// Counts one request of `bytes`, in a new row where need be.
#[inline(always)]
pub(super) fn count(key: &mut CounterKey, bytes: u64) {
    const BPF_NOEXIST: u64 = 1;
    let zero = CounterValue { count: 0, bytes: 0 };
    let (table, news) = table();
    for _ in 0..2 {
        // Another CPU may make the row at the same time: whoever comes second finds it.
        let _ = table.insert(&*key, zero, BPF_NOEXIST);
        if count_in(table, key, bytes) {
            // After the row is made: told before, it could be taken back before there is a row.
            tell(news);
            return;
        }
        lost(LossCause::CountersFull);
        key.file = FileId::default();
    }
    if let Some(value) = UNATTRIBUTED.get_ptr_mut(unattributed_slot(key.operation, key.verdict)) {
        bump(value, bytes);
    }
}
