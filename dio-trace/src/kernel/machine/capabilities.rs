//! Gives up the rights that only attaching needs.
//!
//! A tracer may run for weeks, and reads other users' files and symbol tables all that time. Once the
//! probes are attached it needs few rights, and a fault in it should not have more:
//!
//! | kept | while | for |
//! |---|---|---|
//! | `CAP_BPF` | always | reading maps, wherever `kernel.unprivileged_bpf_disabled` is not 0 |
//! | `CAP_DAC_READ_SEARCH` | always | names of control groups; binaries that only their owner may read |
//! | `CAP_DAC_OVERRIDE` | files are written | `--rotate` and what the dashboard saves, in directories of other users |
//! | `CAP_KILL` | a command is traced | passing signals on to it, whatever user it has become |
//! | `CAP_SYSLOG` | stacks are taken | `/proc/kallsyms` with addresses, again when a module was loaded |
//! | `CAP_SYS_PTRACE` | stacks are taken | `/proc/PID/maps` of other users' processes |
//! | `CAP_CHECKPOINT_RESTORE` | stacks are taken | `/proc/PID/map_files`: the very file that is mapped |
//! | `CAP_SYS_ADMIN` | it is all there is | in place of `CAP_BPF`, and with stacks of `CAP_CHECKPOINT_RESTORE` |
//!
//! `CAP_PERFMON` goes: the probes are loaded and attached. Nothing is kept that the process did not have.
//!
//! Rights belong to threads: this must be called before other threads are started, which then begin
//! with the same few. A command to be traced must be forked before: it keeps the caller's rights,
//! ambient ones included, and execve(2) computes its rights from those as without a tracer. The
//! inheritable and bounding sets stay as they are. A tracer that runs as root still owns root's files; it
//! cannot load modules, change the system's settings, trace or signal other users' processes.

use anyhow::{Context, Result};
use caps::{CapSet, Capability, CapsHashSet};

/// The work that is left once the probes are attached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Naming call stacks.
    pub stacks: bool,
    /// Making files.
    pub files: bool,
    /// Passing signals on to a command.
    pub command: bool,
}

/// Gives up every capability of this thread that this work does not need.
///
/// # Errors
/// Where the system does not let capabilities be lowered, such as under some seccomp filters.
pub fn keep_only(needs: Needs) -> Result<()> {
    const ALL_BUT: &str = "cannot give up the capabilities that are not needed any more";
    let permitted = caps::read(None, CapSet::Permitted).context(ALL_BUT)?;
    let effective = caps::read(None, CapSet::Effective).context(ALL_BUT)?;
    let kept = kept(&permitted, needs);
    // Effective ones first: they must be among the permitted ones.
    let effective: CapsHashSet = effective.intersection(&kept).copied().collect();
    caps::set(None, CapSet::Effective, &effective).context(ALL_BUT)?;
    caps::set(None, CapSet::Permitted, &kept).context(ALL_BUT)
}

fn kept(permitted: &CapsHashSet, needs: Needs) -> CapsHashSet {
    let has = |one| permitted.contains(&one);
    let mut wanted = vec![Capability::CAP_BPF, Capability::CAP_DAC_READ_SEARCH];
    if needs.files {
        wanted.push(Capability::CAP_DAC_OVERRIDE);
    }
    if needs.command {
        wanted.push(Capability::CAP_KILL);
    }
    if needs.stacks {
        wanted.extend([
            Capability::CAP_SYSLOG,
            Capability::CAP_SYS_PTRACE,
            Capability::CAP_CHECKPOINT_RESTORE,
        ]);
    }
    let in_place_of_others =
        !has(Capability::CAP_BPF) || (needs.stacks && !has(Capability::CAP_CHECKPOINT_RESTORE));
    if in_place_of_others {
        wanted.push(Capability::CAP_SYS_ADMIN);
    }
    wanted.into_iter().filter(|one| has(*one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: Needs = Needs {
        stacks: true,
        files: true,
        command: true,
    };

    #[test]
    fn of_all_rights_little_is_left() {
        let left = kept(&caps::all(), Needs::default());
        assert_eq!(
            left,
            [Capability::CAP_BPF, Capability::CAP_DAC_READ_SEARCH].into()
        );
        let most = kept(&caps::all(), EVERYTHING);
        for gone in [
            Capability::CAP_SYS_ADMIN,
            Capability::CAP_PERFMON,
            Capability::CAP_SYS_MODULE,
            Capability::CAP_SETUID,
            Capability::CAP_NET_ADMIN,
        ] {
            assert!(!most.contains(&gone), "{gone}");
        }
    }

    #[test]
    fn sys_admin_stays_where_it_is_all_there_is() {
        let only: CapsHashSet = [Capability::CAP_SYS_ADMIN].into();
        assert_eq!(kept(&only, Needs::default()), only);
        let both: CapsHashSet = [Capability::CAP_SYS_ADMIN, Capability::CAP_BPF].into();
        assert_eq!(kept(&both, Needs::default()), [Capability::CAP_BPF].into());
        assert_eq!(kept(&both, EVERYTHING), both, "for /proc/PID/map_files");
    }

    #[test]
    fn nothing_is_kept_that_was_not_there() {
        assert!(kept(&CapsHashSet::new(), EVERYTHING).is_empty());
    }

    #[test]
    fn they_are_really_gone_and_stay_so_in_new_threads() {
        // On a thread of its own: the other tests keep theirs.
        let read = || {
            (
                caps::read(None, CapSet::Permitted).unwrap(),
                caps::read(None, CapSet::Effective).unwrap(),
            )
        };
        let thread = std::thread::spawn(move || {
            let (before, _) = read();
            keep_only(EVERYTHING).unwrap();
            let expected = kept(&before, EVERYTHING);
            let (permitted, effective) = read();
            assert_eq!(permitted, expected);
            assert!(effective.is_subset(&expected));
            assert_eq!(std::thread::spawn(read).join().unwrap().0, expected);
        });
        thread.join().unwrap();
    }
}
