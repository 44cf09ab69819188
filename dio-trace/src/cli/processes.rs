//! Checks the processes that `--pid` names before anything is attached.

use crate::{
    cli::Failure,
    kernel::{in_initial_pid_namespace, thread_group},
};

/// Refuses ids that no process has: nothing would ever be traced.
///
/// In another pid namespace than the host's this cannot be checked, because `--pid` means the host's ids:
/// every id is let through there, and `doctor` warns.
///
/// # Errors
/// Where a process does not exist, or the id is that of a thread.
pub(super) fn check(pids: &[u32]) -> Result<(), Failure> {
    if in_initial_pid_namespace() == Some(false) {
        return Ok(());
    }
    pids.iter().try_for_each(|pid| match state(*pid) {
        Process::Exists => Ok(()),
        Process::Missing => Err(Failure::input(format!(
            "--pid {pid}: no such process; to select by name, use --comm"
        ))),
        Process::Thread(group) => Err(Failure::input(format!(
            "--pid {pid}: this is a thread of process {group}: use --pid {group}"
        ))),
    })
}

/// The kind of task that an id belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    Exists,
    Missing,
    /// A thread of this process.
    Thread(u32),
}

fn state(pid: u32) -> Process {
    // 0 and negative numbers have other meanings for kill(2), and are not processes.
    let Some(number) = i32::try_from(pid).ok().filter(|number| *number > 0) else {
        return Process::Missing;
    };
    // SAFETY: takes no pointers; signal 0 sends nothing. Not by /proc, which may hide processes of
    // other users.
    let found = unsafe { libc::kill(number, 0) } == 0
        || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH);
    if !found {
        return Process::Missing;
    }
    match thread_group(pid) {
        Some(group) if group != pid => Process::Thread(group),
        _ => Process::Exists,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_and_threads_are_distinguished() {
        let own = std::process::id();
        assert_eq!(state(own), Process::Exists);
        assert_eq!(state(1), Process::Exists);
        assert_eq!(state(0), Process::Missing);
        assert_eq!(state(u32::MAX), Process::Missing);
        let thread = std::thread::spawn(|| {
            // SAFETY: takes nothing.
            let thread = unsafe { libc::gettid() };
            state(u32::try_from(thread).unwrap())
        });
        assert_eq!(thread.join().unwrap(), Process::Thread(own));
    }
}
