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

/// Slots of the last-resort counters, kept when not even a process can be told apart:
/// one for each operation and verdict.
pub const UNATTRIBUTED_SLOTS: u32 = 16;

/// The slot of the last-resort counters for this operation and verdict.
#[must_use]
pub const fn unattributed_slot(operation: u8, verdict: u8) -> u32 {
    ((operation as u32 & 1) << 3) | (verdict as u32 & 7)
}
