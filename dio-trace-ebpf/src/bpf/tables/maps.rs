//! Every map, with its size, the reason for it, and what happens when it is full.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    macros::map,
    maps::{Array, HashMap, PerCpuArray, PerCpuHashMap, ProgramArray, RingBuf, StackTrace},
};
use dio_trace_ebpf::{
    abi::{
        counters::{CounterKey, CounterRow, CounterValue, UNATTRIBUTED_SLOTS},
        file::{FILE_SETS, FileSet, FilesystemDevice},
        row::Row,
        signals,
        slot::{self, Group},
    },
    words::LossCause,
};

use crate::bpf::{
    base::table::{MapSlots, Table},
    tables::values::{CachedOrigin, CurrentKiocb, Share},
};

/// Per-CPU cache of (thread, file) -> owner and device (9 KiB): more places than there are pairs active
/// on one CPU within a tick. On a conflict the entry is computed again.
#[map]
pub(in crate::bpf) static ORIGINS: PerCpuArray<CachedOrigin> =
    PerCpuArray::with_max_entries(1 << ORIGINS_BITS, 0);
pub(in crate::bpf) const ORIGINS_BITS: u32 = 6;

/// Requests in flight by the address of their kiocb. Userspace sets the number of slots, and looks
/// into them where they lie. Full: the request is not followed, [`LossCause::InFlightFull`].
#[map]
static IN_FLIGHT_SLOTS: Array<Group<Row>> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// The same where slots cannot be used (10 MiB).
#[map]
static IN_FLIGHT: HashMap<u64, Row> = HashMap::with_max_entries(slot::ROWS, 0);

/// Requests in flight.
pub(in crate::bpf) const REQUESTS: Table<Row> = Table {
    slots: MapSlots(&IN_FLIGHT_SLOTS),
    hashed: &IN_FLIGHT,
    empty: &EMPTY_ROW,
};
static EMPTY_ROW: Row = bytemuck::zeroed();

/// The kiocb that each thread submits, by thread. As many as requests in flight, since a thread submits
/// one at a time. Full: the bios of the thread's requests are not counted.
#[map]
static CURRENT_SLOTS: Array<Group<CurrentKiocb>> = Array::with_max_entries(1, 0);

/// The same where slots cannot be used.
#[map]
static CURRENT: HashMap<u64, CurrentKiocb> = HashMap::with_max_entries(slot::ROWS, 0);

/// The kiocb that each thread submits.
pub(in crate::bpf) const THREADS: Table<CurrentKiocb> = Table {
    slots: MapSlots(&CURRENT_SLOTS),
    hashed: &CURRENT,
    empty: &CurrentKiocb::NONE,
};

/// Counted requests, in two tables: userspace empties one in place while the probes fill the other. Each
/// has as many slots as there are for requests in flight; one interval needs a row for each process,
/// file and verdict on each CPU. Full: counted without the file, then without the process,
/// [`LossCause::CountersFull`]; room is kept for that (`RowLimits`).
#[map]
static COUNTER_SLOTS: Array<Group<CounterRow>> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Counted requests.
pub(in crate::bpf) const COUNTERS: MapSlots<CounterRow> = MapSlots(&COUNTER_SLOTS);

/// The same where slots cannot be used; userspace sizes them by the number of CPUs.
#[map]
pub(in crate::bpf) static COUNTERS_EVEN: PerCpuHashMap<CounterKey, CounterValue> =
    PerCpuHashMap::with_max_entries(1, 0);

/// The other of the two, see [`COUNTERS_EVEN`].
#[map]
pub(in crate::bpf) static COUNTERS_ODD: PerCpuHashMap<CounterKey, CounterValue> =
    PerCpuHashMap::with_max_entries(1, 0);

/// Slot 0: which of the two tables the probes fill, 0 for even.
#[map]
pub(in crate::bpf) static COUNTERS_IN_USE: Array<u32> = Array::with_max_entries(1, 0);

/// Number of rows in each of the two. Userspace resets it when it has emptied a table.
#[map]
pub(in crate::bpf) static COUNTER_ROWS: Array<u64> = Array::with_max_entries(2, 0);

/// Signals to userspace, by slots of [`signals`].
#[map]
pub(in crate::bpf) static SIGNALS: Array<u32> = Array::with_max_entries(signals::SLOTS, 0);

/// The last resort if the kernel makes no row. Never full.
#[map]
pub(in crate::bpf) static UNATTRIBUTED: PerCpuArray<CounterValue> =
    PerCpuArray::with_max_entries(UNATTRIBUTED_SLOTS, 0);

/// Losses, by [`LossCause`] number. Never full.
#[map]
pub(in crate::bpf) static LOSSES: PerCpuArray<u64> =
    PerCpuArray::with_max_entries(LossCause::ALL.len() as u32, 0);

/// Slot 0: number of requests whose end was seen but not their beginning. Never full.
#[map]
pub(in crate::bpf) static UNMATCHED_ENDS: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// Details and files on their way to userspace: 4 MiB hold 7,000 requests, a burst that userspace
/// drains in far less than its interval. Full: counted instead, [`LossCause::DetailBufferFull`].
#[map]
pub(in crate::bpf) static EVENTS: RingBuf = RingBuf::with_byte_size(EVENTS_SIZE, 0);
pub(in crate::bpf) const EVENTS_SIZE: u32 = 4 << 20;

/// Files whose name and limits were sent (2 MiB). Full: another file is dropped, and sent again when it
/// is next seen.
#[map]
pub(in crate::bpf) static FILES_SENT: Array<FileSet> = Array::with_max_entries(FILE_SETS, 0);

/// Slot 0: the epoch of userspace's memory of files. All files are sent again when it changes.
#[map]
pub(in crate::bpf) static FILES_EPOCH: Array<u32> = Array::with_max_entries(1, 0);

/// How often superblocks have ended, by their device number (16 KiB). Never full: numbers share slots.
#[map]
pub(in crate::bpf) static SUPERBLOCKS: Array<u32> = Array::with_max_entries(SUPERBLOCK_SLOTS, 0);
pub(in crate::bpf) const SUPERBLOCK_SLOTS: u32 = 1 << 12;

/// Devices of mounted filesystems by `super_block.s_dev`, for filesystems whose device the probes cannot
/// find. More than are mounted anywhere. Full: the device is unknown.
#[map]
pub(in crate::bpf) static FILESYSTEM_DEVICES: HashMap<u32, FilesystemDevice> =
    HashMap::with_max_entries(1_024, 0);

/// Details sent by each process (256 KiB), by the lower bits of its id: two processes have one share if
/// their ids are a multiple of 16,384 apart.
#[map]
pub(in crate::bpf) static SHARES: Array<Share> = Array::with_max_entries(SHARES_COUNT, 0);
pub(in crate::bpf) const SHARES_COUNT: u32 = 1 << 14;

/// The file whose request was rejected last (32 KiB), by the lower bits of the thread's id: of two threads
/// whose ids are a multiple of 4,096 apart, the later one counts.
#[map]
pub(in crate::bpf) static REJECTED: Array<u64> = Array::with_max_entries(REJECTED_COUNT, 0);
pub(in crate::bpf) const REJECTED_COUNT: u32 = 1 << 12;

/// Thread groups that are traced, if not all are. `PID_MAX_DEFAULT` of them.
#[map]
pub(in crate::bpf) static TRACED_PROCESSES: HashMap<u32, u32> =
    HashMap::with_max_entries(32_768, 0);

/// Slot 0: the kiocb of the walk over segments that another program has to continue, 0 for none. The
/// programs that use it are kprobes, which are not preempted, so one for each CPU is enough.
#[map]
pub(in crate::bpf) static WALK: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// Slot 0: the program that continues it. Empty where programs walk all segments themselves.
#[map]
pub(in crate::bpf) static WALKER: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// Call stacks by id. Full or colliding: [`LossCause::StackUnavailable`].
#[map]
pub(in crate::bpf) static STACKS: StackTrace = StackTrace::with_max_entries(8_192, 0);

/// Slot 0: the program that several functions share. Each program that passes on to it is loaded with a
/// map for its kind and prototype in place of this one.
#[map]
pub(in crate::bpf) static SHARED: ProgramArray = ProgramArray::with_max_entries(1, 0);
