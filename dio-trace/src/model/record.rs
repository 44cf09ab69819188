//! One row of a recording: a captured request, or many requests counted together.

use std::sync::Arc;

use crate::model::{
    DeviceNumber, Flags, Geometry, Interface, Limits, Operation, Reasons, RuleSets, Segment,
    Timestamp, Verdict,
};

/// What is known of one or many direct requests.
///
/// A row with [`request`](Self::request) stands for that single request (`count` is 1); a row
/// without stands for `count` requests that agree in everything the row says. The sum of `count`
/// over a recording is the exact number of direct requests seen.
///
/// Fields that could not be found out are `None`; nothing is guessed.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Submission of the request; of an aggregate, the end of the interval it was counted in.
    pub time: Timestamp,
    /// Requests this row stands for.
    pub count: u64,
    /// Bytes those requests asked for.
    pub bytes: u64,
    /// Thread group at submission, in the initial pid namespace.
    pub pid: u32,
    /// User at submission.
    pub uid: u32,
    /// Name of the thread group leader.
    pub comm: Arc<str>,
    /// Path of the control group below its mount point.
    pub cgroup: Option<Arc<str>>,
    /// Read or write.
    pub operation: Operation,
    /// How it came into the kernel.
    pub interface: Interface,
    /// The block device whose limits apply.
    pub device: Option<DeviceNumber>,
    /// That device's name, as `nvme0n1`.
    pub disk: Option<Arc<str>>,
    /// Type of the filesystem, `block` for a raw device.
    pub filesystem: Option<Arc<str>>,
    /// Inode number of the file.
    pub inode: Option<u64>,
    /// Path of the file when it was first seen, in the mount namespace of the process.
    pub path: Option<Arc<str>>,
    /// Limits in force then.
    pub limits: Option<Limits>,
    /// What became of it.
    pub verdict: Verdict,
    /// What about it is misaligned.
    pub reasons: Reasons,
    /// What else is worth knowing.
    pub flags: Flags,
    /// The single request, where this row stands for one.
    pub request: Option<Request>,
}

/// What is known of a single captured request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Thread at submission.
    pub tid: u32,
    /// Name of that thread.
    pub thread: Arc<str>,
    /// Position, length and the alignment of all segments.
    pub geometry: Geometry,
    /// The first segments, and the first offending one where it lies behind them.
    pub segments: Vec<Segment>,
    /// Bytes done, or a negative errno.
    pub result: i64,
    /// Bytes done by the direct I/O engine itself; the rest went through the page cache.
    pub direct_bytes: u64,
    /// Nanoseconds from submission to result.
    pub latency: u64,
    /// Bios submitted for it, as far as they were submitted in its own context.
    pub bios: u32,
    /// How many of those were split.
    pub splits: u32,
    /// Rule sets under which it would be accepted on these limits.
    pub rule_sets: RuleSets,
    /// Call stack of the program, innermost frame first; `None` when stacks are off.
    pub user_stack: Option<Vec<Arc<str>>>,
    /// Call stack of the kernel, innermost frame first; `None` when stacks are off.
    pub kernel_stack: Option<Vec<Arc<str>>>,
}
