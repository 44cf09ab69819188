//! Which hooks are of use on this machine.

use std::collections::HashSet;

use dio_trace_ebpf::abi::settings::Settings;

use crate::kernel::{
    attach::plan::{Hook, When},
    machine::{btf::KernelTypes, proc::known_filesystems},
};

/// What decides it.
pub(in crate::kernel) struct Uses {
    filesystems: HashSet<String>,
    only_chosen: bool,
    /// Returns are missed even of functions that have an fexit.
    returns_missed: bool,
    /// Filesystem types that have a function which tells what they do directly.
    telling: HashSet<&'static str>,
    /// Functions that have an fexit.
    followed: HashSet<&'static str>,
}

impl Uses {
    pub(in crate::kernel) fn new(
        settings: &Settings,
        types: &KernelTypes,
        preempted: bool,
        plan: &[Hook],
    ) -> Self {
        let telling = plan.iter().filter_map(|hook| match hook.when {
            When::Telling(filesystem, arguments) => {
                let function = types.function(hook.target)?;
                (function.prototype.arguments == arguments).then_some(filesystem)
            }
            _ => None,
        });
        Self {
            telling: telling.collect(),
            filesystems: known_filesystems(),
            only_chosen: settings.only_traced != 0,
            returns_missed: preempted,
            followed: HashSet::new(),
        }
    }

    /// The returns of this function are seen by fexit.
    pub(in crate::kernel) fn follows(&mut self, function: &'static str) {
        self.followed.insert(function);
    }

    /// Whether a hook will be of use, before any is attached.
    pub(in crate::kernel) fn is_likely_of_use(&self, when: When) -> bool {
        match when {
            When::ReturnsMissed(..) => self.returns_missed && self.is_of_use(when),
            _ => self.is_of_use(when),
        }
    }

    /// Whether a hook is of use, with those that are attached already.
    pub(in crate::kernel) fn is_of_use(&self, when: When) -> bool {
        let known = |types: &[&str]| types.iter().any(|kind| self.filesystems.contains(*kind));
        match when {
            When::Always => true,
            When::Filesystem(types) => known(types),
            When::Telling(kind, _) => known(&[kind]) && self.telling.contains(kind),
            When::NotTelling(types) => types
                .iter()
                .any(|kind| known(&[kind]) && !self.telling.contains(kind)),
            When::ChosenProcesses => self.only_chosen,
            When::ReturnsMissed(types, function) => {
                known(types) && (self.returns_missed || !self.followed.contains(function))
            }
        }
    }
}
