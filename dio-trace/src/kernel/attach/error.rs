//! Errors of attaching: of one way of attaching one hook, and of all hooks together.

use std::{error::Error, fmt, io};

use crate::{
    kernel::{
        attach::kretprobe::CALLS_AT_A_TIME,
        sys::refusal::{Refusal, in_words},
    },
    model::{Attachment, Failure, FailureKind},
};

/// A way of attaching a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Way {
    /// A tracing program at the entry of a function.
    Fentry,
    /// A tracing program at the return of a function.
    Fexit,
    /// A breakpoint or ftrace hook at the entry of a function.
    Kprobe,
    /// The same for its return.
    Kretprobe,
    /// A tracing program at a tracepoint.
    TpBtf,
    /// A program at a tracepoint that reads its arguments as numbers.
    RawTracepoint,
}

impl Way {
    /// Its name in the kernel's documentation.
    pub(in crate::kernel) const fn name(self) -> &'static str {
        match self {
            Self::Fentry => "fentry",
            Self::Fexit => "fexit",
            Self::Kprobe => "kprobe",
            Self::Kretprobe => "kretprobe",
            Self::TpBtf => "tp_btf",
            Self::RawTracepoint => "raw tracepoint",
        }
    }

    /// The error of this way as a recording and `doctor` show it.
    pub(in crate::kernel) fn failed(self, error: &AttachError) -> Failure {
        Failure {
            way: self.name().to_owned(),
            error: error.kind(),
            reason: error.to_string(),
        }
    }
}

/// Why one way of attaching a hook does not work, or not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum AttachError {
    /// The kernel refused to load the program.
    Refused(Refusal),
    /// The kernel loaded the program, but did not attach it: why.
    NotAttached(String),
    /// There is no program for this number of arguments.
    NoProgram(u32),
    /// The kernel has no BTF for the function.
    NoBtf {
        /// The module it lives in; `None` for vmlinux, whose BTF leaves out functions that the
        /// compiler changed.
        module: Option<String>,
    },
    /// The BTF of the function's module exists, but may not be opened.
    ClosedBtf,
    /// This kernel has no such function or tracepoint.
    NotHere,
    /// This kernel has no `bpf_loop`, which the program needs.
    NoLoop,
    /// A kretprobe could not be given room for [`CALLS_AT_A_TIME`]: why.
    FewCalls(String),
    /// The embedded object lacks a program or map: which.
    BadObject(String),
}

impl AttachError {
    /// bpf(2) would not attach a loaded program.
    pub(in crate::kernel) fn not_attached(error: &io::Error) -> Self {
        Self::NotAttached(in_words(error.raw_os_error().unwrap_or(0)))
    }

    /// The embedded object cannot be used.
    pub(in crate::kernel) fn bad_object(error: &anyhow::Error) -> Self {
        Self::BadObject(format!("{error:#}"))
    }

    const fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(_) => FailureKind::Refused,
            Self::NotAttached(_) => FailureKind::NotAttached,
            Self::NoProgram(_) => FailureKind::NoProgram,
            Self::NoBtf { .. } => FailureKind::NoBtf,
            Self::ClosedBtf => FailureKind::ClosedBtf,
            Self::NotHere => FailureKind::NotHere,
            Self::NoLoop => FailureKind::NoLoop,
            Self::FewCalls(_) => FailureKind::FewCalls,
            Self::BadObject(_) => FailureKind::BadObject,
        }
    }
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "the kernel refuses the program: {refusal}"),
            Self::NotAttached(reason) => write!(f, "the kernel does not attach it: {reason}"),
            Self::NoProgram(arguments) => {
                write!(f, "dio-trace has no program for {arguments} arguments")
            }
            // The module is not named: many functions have this reason in common.
            Self::NoBtf { module: Some(_) } => {
                write!(f, "its module has no BTF (kernels make it from 5.11 on)")
            }
            Self::NoBtf { module: None } => write!(f, "the kernel's BTF does not have it"),
            Self::ClosedBtf => write!(
                f,
                "the BTF of its module can be opened only with CAP_SYS_ADMIN"
            ),
            Self::NotHere => write!(f, "not in this kernel"),
            Self::NoLoop => write!(f, "this kernel has no bpf_loop (from 5.17)"),
            Self::FewCalls(reason) => write!(
                f,
                "follows only about as many concurrent calls as there are CPUs; further calls are \
                 counted as missed. No room for {CALLS_AT_A_TIME} calls: {reason}"
            ),
            Self::BadObject(reason) => f.write_str(reason),
        }
    }
}

impl Error for AttachError {}

impl From<Refusal> for AttachError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// None of the hooks without which nothing can be traced could be attached.
#[derive(Clone, Debug)]
pub struct NothingAttached {
    /// The whole plan, with the reasons.
    pub attachments: Vec<Attachment>,
}

impl fmt::Display for NothingAttached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self
            .attachments
            .iter()
            .find_map(|attachment| attachment.note.as_deref());
        let reason = reason.unwrap_or("the kernel gave no reason");
        write!(
            f,
            "none of the probes that see direct I/O could be attached: {reason}"
        )
    }
}

impl Error for NothingAttached {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_the_verifiers_last_line_and_has_a_kind() {
        let refusal = Refusal {
            errno: libc::EACCES,
            last_line: Some("R1 invalid mem access 'scalar'".to_owned()),
        };
        let failure = Way::Fentry.failed(&refusal.into());
        assert_eq!(failure.way, "fentry");
        assert_eq!(failure.error, FailureKind::Refused);
        assert_eq!(
            failure.reason,
            "the kernel refuses the program: Permission denied (os error 13); the verifier says: \
             R1 invalid mem access 'scalar'"
        );
    }

    #[test]
    fn the_first_reason_stands_for_all() {
        let attachment = |note: Option<&str>| Attachment {
            function: "iomap_dio_rw".to_owned(),
            module: "vmlinux".to_owned(),
            gives: String::new(),
            method: None,
            note: note.map(str::to_owned),
            failures: Vec::new(),
            lost: String::new(),
        };
        let nothing = NothingAttached {
            attachments: vec![
                attachment(None),
                attachment(Some("kprobe: not in this kernel")),
            ],
        };
        assert!(
            nothing
                .to_string()
                .ends_with(": kprobe: not in this kernel")
        );
    }
}
