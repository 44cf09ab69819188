//! Counting, which stays exact even if a program is preempted in the middle.

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use dio_trace_ebpf::{
    abi::{
        counters::{CounterKey, CounterRow, CounterValue, RowLimits, Unattributed},
        signals,
    },
    field,
    memory::{InMap, clear, clear_words},
    table::Slots,
    words::LossCause,
};

use crate::bpf::{
    base::{globals::setting, kind::ProgramKind, map::Values, table::is_slotted},
    tables::{
        losses::{lost, raise},
        maps::{
            COUNTER_ROWS, COUNTERS, COUNTERS_EVEN, COUNTERS_IN_USE, COUNTERS_ODD, SIGNALS,
            UNATTRIBUTED,
        },
        wake,
    },
};

#[inline(always)]
fn bump(value: InMap<CounterValue>, bytes: u64) {
    field!(value, count).add(1);
    field!(value, bytes).add(bytes);
}

/// Number of the table that the probes fill now.
#[inline(always)]
fn table_in_use() -> u32 {
    match COUNTERS_IN_USE.value(0) {
        Some(number) => number.read() & 1,
        None => 0,
    }
}

/// Counts one request of `bytes` in its row; false if there is none yet. `origin` is the key's
/// [`origin_number`](dio_trace_ebpf::abi::counters::origin_number).
#[inline(always)]
pub(in crate::bpf) fn count_again(key: &CounterKey, origin: u64, bytes: u64) -> bool {
    count_in(table_in_use(), key, origin, bytes)
}

#[inline(always)]
fn count_in(table: u32, key: &CounterKey, origin: u64, bytes: u64) -> bool {
    let value = if is_slotted() {
        COUNTERS
            .find(table, number(key, origin))
            .and_then(|row| value_of(row, key))
    } else if table == 0 {
        COUNTERS_EVEN.value(key)
    } else {
        COUNTERS_ODD.value(key)
    };
    let Some(value) = value else {
        return false;
    };
    bump(value, bytes);
    true
}

/// Number of `key` on this CPU.
#[inline(always)]
fn number(key: &CounterKey, origin: u64) -> u64 {
    // SAFETY: takes no arguments.
    key.number(origin, unsafe { bpf_get_smp_processor_id() })
}

/// Value of a row; `None` if it belongs to another key with the same number.
#[inline(always)]
fn value_of(row: InMap<CounterRow>, key: &CounterKey) -> Option<InMap<CounterValue>> {
    (!field!(row, key).differs_from(key)).then(|| field!(row, value))
}

/// Makes a row for `key`, unless there is one. Returns whether it has made one.
#[inline(always)]
fn make_row<P: ProgramKind>(table: u32, key: &CounterKey, origin: u64) -> bool {
    const BPF_NOEXIST: u64 = 1;
    let zero = CounterValue { count: 0, bytes: 0 };
    if !P::OLD && is_slotted() {
        let Some((row, found)) = COUNTERS.find_or_claim(table, number(key, origin)) else {
            return false;
        };
        // Userspace leaves zeros. A row that counts nothing may be one whose making this program has
        // interrupted.
        if !found || field!(row, value.count).read() == 0 {
            field!(row, key).copy_from(key);
        }
        !found
    } else if table == 0 {
        COUNTERS_EVEN.insert(key, zero, BPF_NOEXIST).is_ok()
    } else {
        COUNTERS_ODD.insert(key, zero, BPF_NOEXIST).is_ok()
    }
}

/// Counts one request of `bytes`, if need be in a new row. False if there is no row yet, and there are
/// `limit` rows already or no room for another one.
#[inline(never)]
fn count_below<P: ProgramKind>(limit: u64, key: &CounterKey, bytes: u64) -> bool {
    let table = table_in_use();
    let origin = key.origin();
    let Some(rows) = COUNTER_ROWS.value(table) else {
        return false;
    };
    let before = rows.read();
    // Another CPU may make the row at the same time: the second finds it.
    if before < limit && make_row::<P>(table, key, origin) {
        rows.add(1);
        if before >= limits().wake() {
            ask_to_empty();
        }
    }
    if !count_in(table, key, origin, bytes) {
        return false;
    }
    // After the row is made: raised before, the signal could be cleared before there is a row.
    raise(signals::COUNTERS[table as usize & 1]);
    true
}

/// Counts one request of `bytes`, if need be in a new row, with as much of `key` as there is room for.
///
/// Not inlined: the verifier would walk it once for everything that it knows about a key.
#[inline(never)]
pub(in crate::bpf) fn count<P: ProgramKind>(key: &mut CounterKey, bytes: u64) -> u32 {
    if count_below::<P>(limits().files(), key, bytes) {
        return 0;
    }
    lost(LossCause::CountersFull);
    drop_file(key);
    if count_below::<P>(limits().processes(), key, bytes) {
        return 0;
    }
    drop_process(key);
    if count_below::<P>(u64::MAX, key, bytes) {
        return 0;
    }
    let last = Unattributed {
        operation: key.operation,
        verdict: key.verdict,
        reasons: key.reasons,
    };
    if let Some(value) = UNATTRIBUTED.value(last.slot()) {
        bump(value, bytes);
        raise(signals::UNATTRIBUTED);
    }
    0
}

/// The same requests, to any file.
#[inline(always)]
fn drop_file(key: &mut CounterKey) {
    clear(&mut key.file);
}

/// The same requests, by anyone and to any file.
#[inline(always)]
fn drop_process(key: &mut CounterKey) {
    key.cgroup = 0;
    key.pid = 0;
    key.uid = 0;
    // SAFETY: two words, and aligned: three words lie before them.
    unsafe { clear_words((&raw mut key.comm).cast(), 2) };
}

#[inline(always)]
fn limits() -> RowLimits {
    RowLimits::of(setting!(counter_rows))
}

/// Asks userspace to empty the table before it is full, unless that was done already.
#[inline(always)]
fn ask_to_empty() {
    let raised = SIGNALS
        .value(signals::NEARLY_FULL)
        .is_some_and(|signal| signal.read() != 0);
    if !raised {
        raise(signals::NEARLY_FULL);
        wake::now();
    }
}
