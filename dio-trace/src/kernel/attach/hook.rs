//! One row of the attach plan: a kernel function or tracepoint, its role, and where it is of use.

use crate::{kernel::attach::roles::Role, model::Filesystem};

/// Where a hook is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Condition {
    /// On every machine.
    Always,
    /// While this filesystem is registered with the kernel (`/proc/filesystems`).
    Filesystem(&'static Filesystem),
    /// If this filesystem is registered, and the function exists with this many arguments. It
    /// reports the bytes that the filesystem does directly; iomap's own functions would not.
    ReportsDirectBytes {
        /// The filesystem.
        filesystem: &'static Filesystem,
        /// Number of arguments.
        arguments: u32,
    },
    /// If one of these filesystems is registered and has no function that reports its direct
    /// bytes.
    DoesNotReport(&'static [Filesystem]),
    /// If a disk offers its memory to filesystems (`/sys/block/DISK/queue/dax`).
    Dax,
    /// While a command or chosen processes are traced.
    ChosenProcesses,
    /// If this filesystem is registered, and returns of this function, which was attached before,
    /// can be missed: it has no fexit, or the kernel skips programs that were preempted.
    ReturnsMissed {
        /// The filesystem.
        filesystem: &'static Filesystem,
        /// The function.
        function: &'static str,
    },
}

/// One row of the plan.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Hook {
    /// Kernel function, or tracepoint for the tracepoint roles.
    pub(in crate::kernel) function: &'static str,
    /// Module it lives in, unless that is built in; `None` for what is always part of vmlinux.
    pub(in crate::kernel) module: Option<&'static str>,
    /// The part of a request that it sees.
    pub(in crate::kernel) role: Role,
    /// Where it is of use.
    pub(in crate::kernel) condition: Condition,
    /// Whether tracing can begin with this hook alone. Without any essential one it does not begin.
    pub(in crate::kernel) essential: bool,
    /// Whether nothing is missing on kernels without this function: it came late, or has another name
    /// there.
    pub(in crate::kernel) optional: bool,
    /// The benefit, for people.
    pub(in crate::kernel) gives: &'static str,
    /// The loss without it, for people.
    pub(in crate::kernel) lost: &'static str,
}
