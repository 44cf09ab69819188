//! The environment of a trace: where and how it was taken.

use serde::{Deserialize, Serialize};

use crate::model::{Attachment, Limits, RuleSet, Timestamp};

/// Host, kernel, rules and probes of one trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of dio-trace that took it.
    pub tool_version: String,
    /// Name of the host.
    pub host: String,
    /// Kernel release, as `uname -r` prints it.
    pub kernel_release: String,
    /// Machine architecture, such as `x86_64`.
    pub architecture: String,
    /// Number of CPUs that may ever be online.
    pub cpus: u32,
    /// The rule set of this kernel.
    pub rule_set: RuleSet,
    /// The facts by which that rule set was chosen.
    pub evidence: Vec<Evidence>,
    /// Command line of dio-trace.
    pub command_line: Vec<String>,
    /// Command that was started and traced; `None` where there was none.
    pub traced_command: Option<Vec<String>>,
    /// Start of the trace.
    pub started: Timestamp,
    /// Origin of the timestamps, such as `CLOCK_BOOTTIME mapped to UTC at each batch`.
    pub clock: String,
    /// Filters in force while it was taken, as typed.
    pub filters: Vec<String>,
    /// The attach plan as resolved: how each probe was attached, or why not.
    pub attachments: Vec<Attachment>,
    /// Block devices present at the start, with their limits.
    pub devices: Vec<Device>,
}

impl Environment {
    /// Sentences about what cannot be seen because a probe could not be attached, each once.
    #[must_use]
    pub fn not_seen(&self) -> Vec<&str> {
        let missing = self.attachments.iter().filter(|one| one.method.is_none());
        let mut things: Vec<&str> = Vec::new();
        for lost in missing.map(|one| &*one.lost) {
            if !lost.is_empty() && !things.contains(&lost) {
                things.push(lost);
            }
        }
        things
    }
}

/// One fact about the running kernel that decides which rules hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The fact that was checked, such as `bio_iov_iter_get_pages arguments`.
    pub subject: String,
    /// The finding, such as `4`.
    pub found: String,
    /// The conclusion from it.
    pub meaning: String,
}

/// A block device and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Name, such as `nvme0n1`.
    pub disk: String,
    /// Device number, such as `259:0`.
    pub device: String,
    /// Its limits.
    #[serde(flatten)]
    pub limits: Limits,
    /// The source of the limits.
    pub source: LimitSource,
    /// Names of the devices that it is stacked on.
    pub members: Vec<String>,
}

/// The source of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSource {
    /// `/sys/block/DISK/queue`.
    Sysfs,
    /// `statx` with `STATX_DIOALIGN`.
    Statx,
    /// `struct queue_limits`, read by the probes.
    Kernel,
}
