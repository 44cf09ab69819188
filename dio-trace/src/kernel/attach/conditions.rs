//! Conditions under which a hook is of use on this machine.

use std::collections::HashSet;

use dio_trace_ebpf::abi::settings::Settings;

use crate::{
    kernel::{
        attach::hook::{Condition, Hook},
        machine::{block::has_dax, btf::KernelTypes, proc::known_filesystems},
    },
    model::Filesystem,
};

/// The facts that decide it: known before anything is attached, but for `followed`.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Conditions {
    /// Filesystem types that the kernel knows at the moment.
    filesystems: HashSet<String>,
    /// There is a disk with DAX.
    has_dax: bool,
    /// Only chosen processes are traced.
    only_chosen: bool,
    /// The kernel skips programs that were preempted, so that returns are missed even of functions
    /// that have an fexit.
    returns_missed: bool,
    /// Names of the filesystems with a function that reports the bytes that they do directly.
    reporting: HashSet<&'static str>,
    /// Functions whose returns are seen by fexit.
    followed: HashSet<&'static str>,
}

impl Conditions {
    pub(in crate::kernel) fn new(
        settings: &Settings,
        types: &KernelTypes,
        preempted: bool,
        plan: &[&Hook],
    ) -> Self {
        let arguments = |name: &str| Some(types.function(name)?.prototype.arguments);
        Self {
            reporting: reporting(plan, arguments),
            filesystems: known_filesystems(),
            has_dax: has_dax(),
            only_chosen: settings.only_traced != 0,
            returns_missed: preempted,
            followed: HashSet::new(),
        }
    }

    /// From now on, the returns of this function are seen by fexit.
    pub(in crate::kernel) fn follows(&mut self, function: &'static str) {
        self.followed.insert(function);
    }

    /// Whether a hook will likely be of use, before any is attached.
    pub(in crate::kernel) fn will_likely_hold(&self, condition: Condition) -> bool {
        match condition {
            Condition::ReturnsMissed { .. } => self.returns_missed && self.hold(condition),
            _ => self.hold(condition),
        }
    }

    /// Whether a hook is of use, after the hooks before it were attached.
    pub(in crate::kernel) fn hold(&self, condition: Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Filesystem(filesystem) => self.is_registered(filesystem),
            Condition::ReportsDirectBytes { filesystem, .. } => {
                self.is_registered(filesystem) && self.reports(filesystem)
            }
            Condition::DoesNotReport(filesystems) => filesystems
                .iter()
                .any(|filesystem| self.is_registered(filesystem) && !self.reports(filesystem)),
            Condition::ChosenProcesses => self.only_chosen,
            Condition::Dax => self.has_dax,
            Condition::ReturnsMissed {
                filesystem,
                function,
            } => {
                self.is_registered(filesystem)
                    && (self.returns_missed || !self.followed.contains(function))
            }
        }
    }

    fn is_registered(&self, filesystem: &Filesystem) -> bool {
        let mut types = filesystem.types.iter();
        types.any(|name| self.filesystems.contains(*name))
    }

    fn reports(&self, filesystem: &Filesystem) -> bool {
        self.reporting.contains(filesystem.name)
    }
}

/// Names of the filesystems that report the bytes that they do directly: the plan names a function of
/// theirs, and the kernel has it with that number of arguments.
fn reporting(plan: &[&Hook], arguments_of: impl Fn(&str) -> Option<u32>) -> HashSet<&'static str> {
    let reporting = plan.iter().filter_map(|hook| match hook.condition {
        Condition::ReportsDirectBytes {
            filesystem,
            arguments,
        } => (arguments_of(hook.function)? == arguments).then_some(filesystem.name),
        _ => None,
    });
    reporting.collect()
}

#[cfg(test)]
mod tests {
    use dio_trace_ebpf::filesystems::{BTRFS, F2FS, NFS, XFS};

    use super::*;
    use crate::kernel::attach::plan::in_order;

    const BTRFS_REPORTS: Condition = Condition::ReportsDirectBytes {
        filesystem: &BTRFS,
        arguments: 3,
    };
    const XFS_RETURNS: Condition = Condition::ReturnsMissed {
        filesystem: &XFS,
        function: "iomap_dio_rw",
    };

    fn with(types: &[&str], reporting: &[&'static str]) -> Conditions {
        Conditions {
            filesystems: types.iter().map(|&name| name.to_owned()).collect(),
            reporting: reporting.iter().copied().collect(),
            ..Conditions::default()
        }
    }

    #[test]
    fn a_filesystem_counts_once_the_kernel_knows_one_of_its_types() {
        let nfs = Condition::Filesystem(&NFS);
        assert!(with(&["nfs4"], &[]).hold(nfs));
        assert!(!with(&["xfs"], &[]).hold(nfs));
        assert!(with(&[], &[]).hold(Condition::Always));
    }

    #[test]
    fn iomaps_own_functions_are_hooked_only_for_those_that_do_not_report() {
        let iomap = Condition::DoesNotReport(&[BTRFS, F2FS]);
        assert!(!with(&["xfs"], &[]).hold(iomap), "neither is known");
        assert!(with(&["btrfs"], &[]).hold(iomap));
        assert!(!with(&["btrfs"], &["btrfs"]).hold(iomap));
        assert!(with(&["btrfs", "f2fs"], &["btrfs"]).hold(iomap), "f2fs");
        assert!(with(&["btrfs"], &["btrfs"]).hold(BTRFS_REPORTS));
        assert!(!with(&["xfs"], &["btrfs"]).hold(BTRFS_REPORTS));
    }

    #[test]
    fn a_reporting_function_counts_only_with_the_arguments_of_the_plan() {
        let plan = in_order();
        let reports = |arguments| {
            reporting(&plan, |name| {
                (name == "btrfs_submit_direct").then_some(arguments)
            })
        };
        assert_eq!(reports(3), ["btrfs"].into());
        assert_eq!(reports(4), HashSet::new(), "as on other kernels");
        assert_eq!(reporting(&plan, |_| None), HashSet::new());
    }

    #[test]
    fn xfs_reads_are_hooked_only_where_returns_of_iomap_are_missed() {
        let mut conditions = with(&["xfs"], &[]);
        assert!(conditions.hold(XFS_RETURNS), "no fexit");
        assert!(
            !conditions.will_likely_hold(XFS_RETURNS),
            "an fexit is likely"
        );
        conditions.follows("iomap_dio_rw");
        assert!(!conditions.hold(XFS_RETURNS));
        conditions.returns_missed = true;
        assert!(conditions.hold(XFS_RETURNS));
        assert!(conditions.will_likely_hold(XFS_RETURNS));
    }

    #[test]
    fn forks_are_followed_only_for_chosen_processes() {
        let mut conditions = Conditions::default();
        assert!(!conditions.hold(Condition::ChosenProcesses));
        conditions.only_chosen = true;
        assert!(conditions.hold(Condition::ChosenProcesses));
    }
}
