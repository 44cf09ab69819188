//! Where and how a trace was taken: what a recording says of itself.

use serde::{Deserialize, Serialize};

use crate::model::{Attachment, Limits, RuleSet, Timestamp};

/// Host, kernel, rules and probes of one trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of dio-trace that took it.
    pub tool_version: String,
    /// Name of the host.
    pub host: String,
    /// `uname -r`.
    pub kernel_release: String,
    /// Machine architecture, as `x86_64`.
    pub architecture: String,
    /// Number of CPUs that may ever be online.
    pub cpus: u32,
    /// The rules in force on this kernel.
    pub rule_set: RuleSet,
    /// Why that rule set was chosen.
    pub evidence: Vec<Evidence>,
    /// Command line of dio-trace.
    pub command_line: Vec<String>,
    /// Command that was traced, where one was started.
    pub traced_command: Option<Vec<String>>,
    /// Start of the trace.
    pub started: Timestamp,
    /// Where timestamps come from, as `CLOCK_BOOTTIME mapped to UTC at each batch`.
    pub clock: String,
    /// Filters in force while it was taken, as typed.
    pub filters: Vec<String>,
    /// How each probe was attached, or why not.
    pub attachments: Vec<Attachment>,
    /// Block devices present at the start, with their limits.
    pub devices: Vec<Device>,
}

impl Environment {
    /// What could not be seen for want of a probe, each thing once.
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
    /// What was looked at, as `bio_iov_iter_get_pages arguments`.
    pub subject: String,
    /// What was found, as `4`.
    pub found: String,
    /// What follows.
    pub meaning: String,
}

/// A block device and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Name, as `nvme0n1`.
    pub disk: String,
    /// Device number, as `259:0`.
    pub device: String,
    /// Its limits.
    #[serde(flatten)]
    pub limits: Limits,
    /// Where they were read.
    pub source: LimitSource,
    /// Devices it is stacked on, by name.
    pub members: Vec<String>,
}

/// Who says what a limit is.
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
