//! Which hooks are of use on this machine.

use std::{collections::HashSet, fs};

use dio_trace_ebpf::abi::settings::Settings;

use crate::kernel::plan::When;

/// What decides it.
pub(super) struct Uses {
    filesystems: HashSet<String>,
    only_chosen: bool,
    pairs: bool,
    /// Functions that have an fexit.
    followed: HashSet<&'static str>,
}

impl Uses {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            filesystems: known_filesystems(),
            only_chosen: settings.only_traced != 0,
            pairs: settings.pairs != 0,
            followed: HashSet::new(),
        }
    }

    /// The returns of this function are seen by fexit.
    pub(super) fn follows(&mut self, function: &'static str) {
        self.followed.insert(function);
    }

    /// Whether a hook will be of use, before any is attached.
    pub(super) fn is_likely_of_use(&self, when: When) -> bool {
        match when {
            When::ReturnsMissed(..) => self.pairs && self.is_of_use(when),
            _ => self.is_of_use(when),
        }
    }

    /// Whether a hook is of use, with those that are attached already.
    pub(super) fn is_of_use(&self, when: When) -> bool {
        let known = |types: &[&str]| types.iter().any(|kind| self.filesystems.contains(*kind));
        match when {
            When::Always => true,
            When::Filesystem(types) => known(types),
            When::ChosenProcesses => self.only_chosen,
            When::ReturnsMissed(types, function) => {
                known(types) && (self.pairs || !self.followed.contains(function))
            }
        }
    }
}

/// Filesystem types that the kernel knows at the moment.
fn known_filesystems() -> HashSet<String> {
    let text = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_ascii_whitespace().last())
        .map(str::to_owned)
        .collect()
}
