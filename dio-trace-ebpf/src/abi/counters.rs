//! Requests that are counted in the kernel and never sent one by one.

/// What counted requests agree in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct CounterKey {
    /// Control group (`bpf_get_current_cgroup_id`) at submission.
    pub cgroup: u64,
    /// The file; zero where the table was too full to tell files apart.
    pub file: super::file::FileId,
    /// Name of the thread group leader, NUL-padded.
    pub comm: [u8; 16],
    /// Thread group; zero where the table was too full to tell processes apart.
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
    pub flags: u32,
}

/// How many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct CounterValue {
    /// Requests.
    pub count: u64,
    /// Bytes they asked for.
    pub bytes: u64,
}

/// From how many rows on a counting table tells less apart.
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

    /// Rows from which files are no longer told apart.
    #[must_use]
    pub const fn files(self) -> u64 {
        self.rows / 2
    }

    /// Rows from which processes are no longer told apart either. What is left is room for
    /// combinations of operation, interface, verdict, reasons and flags.
    #[must_use]
    pub const fn processes(self) -> u64 {
        self.rows / 16 * 15
    }
}

/// What the last-resort counters tell apart, kept where a table has no row left or the kernel makes
/// none.
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
pub const UNATTRIBUTED_SLOTS: u32 = 1 << 9;

impl Unattributed {
    /// Its slot.
    #[must_use]
    pub const fn slot(self) -> u32 {
        (self.operation as u32 & 1) << 8
            | (self.verdict as u32 & 7) << 5
            | (self.reasons as u32 & 31)
    }

    /// What `slot` stands for.
    #[must_use]
    pub const fn of_slot(slot: u32) -> Self {
        Self {
            operation: (slot >> 8) as u8 & 1,
            verdict: (slot >> 5) as u8 & 7,
            reasons: slot as u8 & 31,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Operation, Reasons, Verdict};

    #[test]
    fn every_slot_stands_for_itself() {
        for slot in 0..UNATTRIBUTED_SLOTS {
            assert_eq!(Unattributed::of_slot(slot).slot(), slot);
        }
    }

    #[test]
    fn every_word_has_its_slot() {
        let reasons = Reasons::ALL
            .iter()
            .fold(Reasons(0), |all, (reason, _)| all.with(*reason));
        for operation in Operation::ALL {
            for verdict in Verdict::ALL {
                let one = Unattributed {
                    operation: *operation as u8,
                    verdict: *verdict as u8,
                    reasons: reasons.0 as u8,
                };
                assert_eq!(Unattributed::of_slot(one.slot()), one);
            }
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
