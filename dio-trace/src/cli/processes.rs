//! The processes that `--pid` names, looked for before anything is attached.

use crate::{
    cli::Failure,
    kernel::{in_initial_pid_namespace, thread_group},
};

/// Refuses ids that no process has: nothing would ever be traced.
///
/// In a pid namespace of its own dio-trace cannot tell, since `--pid` means the host's ids; there
/// anything goes, and `doctor` warns.
///
/// # Errors
/// Where one does not exist, or is that of a thread.
pub(super) fn check(pids: &[u32]) -> Result<(), Failure> {
    if in_initial_pid_namespace() == Some(false) {
        return Ok(());
    }
    pids.iter().try_for_each(|pid| match state(*pid) {
        Process::Exists => Ok(()),
        Process::Missing => Err(Failure::input(format!(
            "--pid {pid}: there is no such process; --comm takes a name instead"
        ))),
        Process::Thread(group) => Err(Failure::input(format!(
            "--pid {pid}: that is a thread of process {group}: write --pid {group}"
        ))),
    })
}

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    Exists,
    Missing,
    /// A thread of this process.
    Thread(u32),
}

fn state(pid: u32) -> Process {
    // 0 and negative numbers mean other things to kill(2), and are no process.
    let Some(number) = i32::try_from(pid).ok().filter(|number| *number > 0) else {
        return Process::Missing;
    };
    // SAFETY: takes no pointers, and signal 0 only asks. /proc may hide processes of other users.
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
    fn processes_threads_and_nothing_are_told_apart() {
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
