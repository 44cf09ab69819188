//! The settings that all parts of the suite share.

use std::path::PathBuf;

use dio_trace_ebpf::words::RuleSet;

use super::recording::Tracer;

/// The extent of a run: what is checked, and how thoroughly.
pub(super) struct Setting {
    pub(super) tracer: Tracer,
    /// Whether dio-trace is checked, or the rule function alone.
    pub(super) traced: bool,
    pub(super) work: PathBuf,
    pub(super) rule_set: RuleSet,
    pub(super) full: bool,
    pub(super) brief: bool,
    pub(super) only: Vec<String>,
    pub(super) seed: u64,
}

impl Setting {
    /// Whether `--only` asks for a part with this name.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.contains(only.as_str()))
    }
}
