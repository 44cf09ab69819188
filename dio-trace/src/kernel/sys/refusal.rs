//! The kernel's refusal to load a program: its errno, and the verifier's last line.

use std::{fmt, io};

/// Why the kernel refused to load a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Refusal {
    /// Errno of bpf(2); 0 where it is not known.
    pub(in crate::kernel) errno: i32,
    /// The last line of the verifier's log that is not a statistic; `None` where the kernel refused
    /// before the verifier began.
    pub(in crate::kernel) last_line: Option<String>,
}

impl Refusal {
    /// From what bpf(2) returned and the verifier's log.
    pub(in crate::kernel) fn new(error: &io::Error, log: &str) -> Self {
        Self {
            errno: error.raw_os_error().unwrap_or(0),
            last_line: last_line(log).map(str::to_owned),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_words(self.errno))?;
        match &self.last_line {
            Some(line) => write!(f, "; the verifier says: {line}"),
            None => Ok(()),
        }
    }
}

/// Whether the whole log of each refused program is to go to standard error.
pub(in crate::kernel) fn is_log_wanted() -> bool {
    std::env::var_os("DIO_TRACE_VERIFIER_LOG").is_some()
}

/// An errno of bpf(2) in words, 0 where it is not known.
pub(in crate::kernel) fn in_words(errno: i32) -> String {
    /// `ENOTSUPP` (include/linux/errno.h): not for userspace, yet bpf(2) returns it.
    const ENOTSUPP: i32 = 524;
    match errno {
        0 => "the kernel gave no reason".to_owned(),
        ENOTSUPP => "not supported on this kernel".to_owned(),
        // Rights are checked before anything is loaded (`preflight`).
        libc::EPERM => {
            "the kernel forbids it, as it does under lockdown=confidentiality".to_owned()
        }
        _ => io::Error::from_raw_os_error(errno).to_string(),
    }
}

fn last_line(log: &str) -> Option<&str> {
    const STATISTICS: [&str; 3] = ["processed ", "verification time ", "stack depth "];
    log.lines().rev().find(|line| {
        !line.trim().is_empty() && !STATISTICS.iter().any(|start| line.starts_with(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_not_the_verifiers_reason() {
        let log = "0: R1=ctx() R10=fp0\n\
                   R2 invalid mem access 'scalar'\n\
                   verification time 7 usec\n\
                   stack depth 8\n\
                   processed 2 insns (limit 1000000) max_states_per_insn 0\n\n";
        let refusal = Refusal::new(&io::Error::from_raw_os_error(libc::EACCES), log);
        assert_eq!(
            refusal.last_line.as_deref(),
            Some("R2 invalid mem access 'scalar'")
        );
        assert_eq!(
            refusal.to_string(),
            "Permission denied (os error 13); the verifier says: R2 invalid mem access 'scalar'"
        );
    }

    #[test]
    fn without_a_log_the_errno_has_to_do() {
        let refusal = |errno| Refusal::new(&io::Error::from_raw_os_error(errno), "");
        assert_eq!(refusal(libc::EINVAL).last_line, None);
        assert_eq!(refusal(524).to_string(), "not supported on this kernel");
    }
}
