//! One row of a recording: a captured request, or many requests counted together.

use std::sync::Arc;

use crate::model::{
    AtomicUnits, Cause, DeviceNumber, Engine, Flags, Geometry, Interface, Limits, Operation,
    Reasons, RuleSets, Segment, Timestamp, Verdict,
};

/// The facts about one or many direct requests.
///
/// A record with [`request`](Self::request) stands for that single request (`count` is 1). A record
/// without stands for `count` requests that agree in everything the record says. The sum of `count`
/// over a recording is the exact number of direct requests seen.
///
/// Unknown fields are `None`; nothing is guessed.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Time of submission; of counted requests, the end of the interval in which they were counted.
    pub time: Timestamp,
    /// Number of requests that this record stands for.
    pub count: u64,
    /// Bytes that those requests asked for.
    pub bytes: u64,
    /// Process id (thread group) at submission, in the initial pid namespace.
    pub pid: u32,
    /// User id at submission.
    pub uid: u32,
    /// Name of the thread group leader.
    pub comm: Arc<str>,
    /// Path of the control group below its mount point.
    pub cgroup: Option<Arc<str>>,
    /// Read or write.
    pub operation: Operation,
    /// The interface by which it entered the kernel.
    pub interface: Interface,
    /// The block device whose limits apply.
    pub device: Option<DeviceNumber>,
    /// That device's name, such as `nvme0n1`.
    pub disk: Option<Arc<str>>,
    /// Type of the filesystem, `block` for a raw device.
    pub filesystem: Option<Arc<str>>,
    /// Inode number of the file.
    pub inode: Option<u64>,
    /// Path of the file when it was first seen, in the mount namespace of the process.
    pub path: Option<Arc<str>>,
    /// Limits in force at submission.
    pub limits: Option<Limits>,
    /// Its verdict.
    pub verdict: Verdict,
    /// The parts of it that are misaligned.
    pub reasons: Reasons,
    /// Flags in addition to the verdict.
    pub flags: Flags,
    /// The code that carried it; `None` in recordings from before this was recorded.
    pub engine: Option<Engine>,
    /// The reason why it was buffered; `None` where that is its alignment.
    pub cause: Option<Cause>,
    /// The errno, positive, of counted requests that failed; `None` of others, and where it is not known.
    /// That of a single request is in its [`result`](Request::result).
    pub counted_errno: Option<u8>,
    /// The single request; `None` where this record stands for counted requests.
    pub request: Option<Request>,
}

impl Record {
    /// Bytes done, or a negative errno; of counted requests only the errno, where it is known.
    #[must_use]
    pub fn result(&self) -> Option<i64> {
        match &self.request {
            Some(request) => Some(request.result),
            None => self.counted_errno.map(|errno| -i64::from(errno)),
        }
    }

    /// The errno, positive, that it ended with; `None` if it did not fail, or if that is not known.
    #[must_use]
    pub fn errno(&self) -> Option<i64> {
        let result = self.result()?;
        (result < 0).then_some(result.saturating_neg())
    }
}

/// The facts about a single captured request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Thread id at submission.
    pub tid: u32,
    /// Name of that thread.
    pub thread: Arc<str>,
    /// Position, length and the alignment of all segments.
    pub geometry: Geometry,
    /// Bytes of the request that the kernel looks at: fewer than asked for where it is cut at the end of
    /// the file or device first.
    pub seen_length: u64,
    /// The first segments, followed by the first offending one if it is not among them.
    pub segments: Vec<Segment>,
    /// Bytes done, or a negative errno.
    pub result: i64,
    /// Bytes done by the direct I/O engine itself; the rest went through the page cache.
    pub direct_bytes: u64,
    /// Nanoseconds from submission to result.
    pub latency: u64,
    /// Number of bios submitted for it, as far as they were submitted in its own context.
    pub bios: u32,
    /// Number of those bios that were split.
    pub splits: u32,
    /// Name of the disk whose limits were really applied; `None` where nobody looked, or where it is not
    /// known.
    pub checked_by: Option<Arc<str>>,
    /// The lengths that can be written atomically there; only of atomic writes.
    pub atomic_units: Option<AtomicUnits>,
    /// Rule sets that would accept it on these limits.
    pub rule_sets: RuleSets,
    /// Call stack of the program, innermost frame first; `None` when stacks are off.
    pub user_stack: Option<Vec<Arc<str>>>,
    /// Call stack of the kernel, innermost frame first; `None` when stacks are off.
    pub kernel_stack: Option<Vec<Arc<str>>>,
}

impl Request {
    /// Its shape as far as the kernel looks at it.
    #[must_use]
    pub const fn looked_at(&self) -> Geometry {
        self.geometry.cut_to(self.seen_length)
    }
}
