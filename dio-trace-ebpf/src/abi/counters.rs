//! Requests that are counted in the kernel and never sent one by one.

use bytemuck::{Pod, Zeroable};

use super::{file::FileId, hash::mixed};

/// Properties that the requests counted in one row have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct CounterKey {
    /// Control group (`bpf_get_current_cgroup_id`) at submission.
    pub cgroup: u64,
    /// The file; zero if the table was too full to distinguish files.
    pub file: FileId,
    /// Name of the thread group leader, NUL-padded.
    pub comm: [u8; 16],
    /// Thread group; zero if the table was too full to distinguish processes.
    pub pid: u32,
    /// User.
    pub uid: u32,
    /// [`Operation`](crate::words::Operation) number.
    pub operation: u8,
    /// [`Interface`](crate::words::Interface) number.
    pub interface: u8,
    /// [`Verdict`](crate::words::Verdict) number.
    pub verdict: u8,
    /// [`Reasons`](crate::words::Reasons) bits.
    pub reasons: u8,
    /// [`Flags`](crate::words::Flags) bits.
    pub flags: u16,
    /// [`Engine`](crate::words::Engine) number.
    pub engine: u8,
    /// Of a buffered request the number of its [`Cause`](crate::words::Cause), 0 for none; of a failed or
    /// rejected one its errno ([`counted_errno`]).
    pub cause_or_errno: u8,
}

/// Totals of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct CounterValue {
    /// Number of requests.
    pub count: u64,
    /// Bytes they asked for.
    pub bytes: u64,
}

/// A row of a counting table that consists of slots. A free row is all zeros.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CounterRow {
    /// Properties that its requests have in common.
    pub key: CounterKey,
    /// Their totals.
    pub value: CounterValue,
}

impl CounterKey {
    /// Its [`origin_number`].
    #[inline(always)]
    #[must_use]
    pub const fn origin(&self) -> u64 {
        origin_number(&self.file, self.cgroup, [self.pid, self.uid], self.comm)
    }

    /// The number that requests are counted under on one CPU: several CPUs would contend for one row. `origin` is its [`origin_number`]. Never 0, and another key may have the same.
    #[inline(always)]
    #[must_use]
    pub const fn number(&self, origin: u64, cpu: u32) -> u64 {
        let class = (self.cause_or_errno as u64) << 56
            | (self.engine as u64) << 48
            | (self.flags as u64) << 32
            | (self.reasons as u64) << 24
            | (self.verdict as u64) << 16
            | (self.interface as u64) << 8
            | self.operation as u64;
        let place = (cpu as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed((origin ^ class).wrapping_add(place)) | 1
    }
}

/// Stands in [`CounterKey`] for an errno that does not fit into a byte. No caller is given one.
pub const OTHER_ERRNO: u8 = 255;

/// The errno of a failed request in one byte, 0 for bytes done.
#[inline(always)]
#[must_use]
pub const fn counted_errno(result: i64) -> u8 {
    // Without a branch, which the verifier would follow to the end.
    let failed = result >> 63;
    let errno = result.wrapping_neg();
    let beyond = (OTHER_ERRNO as i64).wrapping_sub(errno) >> 63;
    ((errno | beyond) & failed) as u8
}

/// A hash of a file and of who makes requests of it: control group, thread group, user, name of the thread
/// group.
#[inline(always)]
#[must_use]
pub const fn origin_number(
    file: &FileId,
    cgroup: u64,
    [pid, uid]: [u32; 2],
    comm: [u8; 16],
) -> u64 {
    let [first, second] = words(comm);
    let mut number = mixed(file.inode);
    number = mixed(number ^ ((file.device as u64) << 32 | file.generation as u64));
    number = mixed(number ^ cgroup);
    number = mixed(number ^ ((pid as u64) << 32 | uid as u64));
    number = mixed(number ^ first);
    mixed(number ^ second)
}

/// A name as two words.
const fn words(name: [u8; 16]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = name;
    [
        u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
        u64::from_ne_bytes([i, j, k, l, m, n, o, p]),
    ]
}

/// Numbers of rows from which a counting table distinguishes less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLimits {
    rows: u64,
}

impl RowLimits {
    /// For a table of `rows` rows.
    #[must_use]
    pub const fn of(rows: u64) -> Self {
        Self { rows }
    }

    /// Rows from which userspace is woken, to empty the table before it is full.
    #[must_use]
    pub const fn wake(self) -> u64 {
        self.rows / 4
    }

    /// Rows from which files are no longer distinguished.
    #[must_use]
    pub const fn files(self) -> u64 {
        self.rows / 2
    }

    /// Rows from which processes are no longer distinguished either. The rest is room for
    /// combinations of operation, interface, verdict, reasons and flags.
    #[must_use]
    pub const fn processes(self) -> u64 {
        self.rows / 16 * 15
    }
}

/// Properties that the last-resort counters distinguish. They are used if a table has no row left or the kernel
/// makes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unattributed {
    /// [`Operation`](crate::words::Operation) number.
    pub operation: u8,
    /// [`Verdict`](crate::words::Verdict) number.
    pub verdict: u8,
    /// [`Reasons`](crate::words::Reasons) bits.
    pub reasons: u8,
}

/// Slots of the last-resort counters.
pub const UNATTRIBUTED_SLOTS: u32 = 1 << 12;

impl Unattributed {
    /// Its slot.
    #[must_use]
    pub const fn slot(self) -> u32 {
        (self.operation as u32 & 1) << 11 | (self.verdict as u32 & 7) << 8 | self.reasons as u32
    }

    /// The counter of a slot.
    #[must_use]
    pub const fn of_slot(slot: u32) -> Self {
        Self {
            operation: (slot >> 11) as u8 & 1,
            verdict: (slot >> 8) as u8 & 7,
            reasons: slot as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Operation, Reason, Reasons, Verdict};

    #[test]
    fn every_slot_stands_for_itself() {
        for slot in 0..UNATTRIBUTED_SLOTS {
            assert_eq!(Unattributed::of_slot(slot).slot(), slot);
        }
    }

    #[test]
    fn every_word_has_its_slot() {
        let reasons: Reasons = Reason::ALL.iter().copied().collect();
        for operation in Operation::ALL {
            for verdict in Verdict::ALL {
                let one = Unattributed {
                    operation: *operation as u8,
                    verdict: *verdict as u8,
                    reasons: reasons.bits() as u8,
                };
                assert_eq!(Unattributed::of_slot(one.slot()), one);
            }
        }
    }

    #[test]
    fn an_errno_is_counted_as_it_is_or_as_another_one() {
        for (result, counted) in [
            (0, 0),
            (4096, 0),
            (i64::MAX, 0),
            (-1, 1),
            (-22, 22),
            (-254, 254),
            (-255, OTHER_ERRNO),
            (-524, OTHER_ERRNO),
            (i64::MIN, OTHER_ERRNO),
        ] {
            assert_eq!(counted_errno(result), counted, "{result}");
        }
    }

    #[test]
    fn limits_leave_room_for_what_comes_later() {
        for rows in [64, 4_096, 8_192] {
            let limits = RowLimits::of(rows);
            assert!(limits.wake() < limits.files());
            assert!(limits.files() < limits.processes());
            assert!(limits.processes() < rows);
        }
    }
}
