//! How each hook of the attach plan was attached on one machine, or why it was not.

use serde::{Deserialize, Serialize};

/// One hook of the attach plan as resolved on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Kernel function or tracepoint.
    pub function: String,
    /// `vmlinux` or the module it lives in.
    pub module: String,
    /// Its contribution to the trace, for people.
    pub gives: String,
    /// How it is attached, such as `fentry/fexit` or `kprobe/kretprobe`; `None` where it is not.
    pub method: Option<String>,
    /// Why it is not attached, or not by the preferred method: the [`failures`](Self::failures) in
    /// one sentence.
    pub note: Option<String>,
    /// The ways of attaching that did not work, in the order in which they were tried; empty where
    /// the preferred way worked, and in recordings of versions that
    /// did not write them.
    #[serde(default)]
    pub failures: Vec<Failure>,
    /// The loss without it; empty where nothing is missing.
    pub lost: String,
}

/// One way of attaching a hook that did not work, or that works less well than it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The way: `fentry`, `fexit`, `kprobe`, `kretprobe`, `tp_btf` or `raw tracepoint`.
    pub way: String,
    /// Kind of error, for programs.
    pub error: FailureKind,
    /// The same for people, with its details.
    pub reason: String,
}

/// Declares [`FailureKind`]: each kind with its word in JSON and its meaning.
macro_rules! kinds {
    ($($kind:ident $word:literal $meaning:literal)+) => {
        /// Kinds of [`Failure`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum FailureKind {
            $(#[doc = $meaning] #[serde(rename = $word)] $kind,)+
            /// A kind that this version does not know, in a recording of a later one.
            #[serde(rename = "unknown", other)]
            Unknown,
        }

        impl FailureKind {
            /// Every kind with its word in JSON and its meaning.
            pub const ALL: &[(Self, &str, &str)] = &[$((Self::$kind, $word, $meaning),)+];
        }
    };
}

kinds! {
    Refused "refused"
        "The kernel refused to load the program. `reason` has the verifier's last line."
    NotAttached "not_attached"
        "The kernel loaded the program, but did not attach it."
    NoProgram "no_program"
        "dio-trace has no program for a function or tracepoint with this number of arguments."
    NoBtf "no_btf"
        "The kernel has no BTF for the function, so that only a kprobe can be attached."
    ClosedBtf "closed_btf"
        "The BTF of the function's module may not be opened: that takes `CAP_SYS_ADMIN`."
    NotHere "not_here"
        "This kernel has no such function or tracepoint."
    NoLoop "no_loop"
        "This kernel has no `bpf_loop` (from 5.17), which the program needs."
    FewCalls "few_calls"
        "A kretprobe is attached, but follows only about as many concurrent calls as there are CPUs."
    BadObject "bad_object"
        "The embedded eBPF object lacks a program or map: a defect of the build."
}

impl Attachment {
    /// The failures in one sentence, each reason once; `None` where there are none.
    #[must_use]
    pub fn note(failures: &[Failure]) -> Option<String> {
        let sentences = reasons(failures)
            .into_iter()
            .map(|(ways, reason)| format!("{}: {reason}", ways.join(" and ")));
        let sentences: Vec<String> = sentences.collect();
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }
}

/// Each reason once, in order, with the ways that failed for it.
fn reasons(failures: &[Failure]) -> Vec<(Vec<&str>, &str)> {
    let mut reasons: Vec<(Vec<&str>, &str)> = Vec::new();
    for Failure { way, reason, .. } in failures {
        match reasons.iter_mut().find(|(_, known)| known == reason) {
            Some((ways, _)) => ways.push(way),
            None => reasons.push((vec![way], reason)),
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(way: &str, error: FailureKind, reason: &str) -> Failure {
        Failure {
            way: way.to_owned(),
            error,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_reason_is_said_once_for_all_ways_that_failed_for_it() {
        let failures = [
            failure("fexit", FailureKind::NoBtf, "its module has no BTF"),
            failure("kretprobe", FailureKind::FewCalls, "follows few calls"),
            failure("fentry", FailureKind::NoBtf, "its module has no BTF"),
        ];
        assert_eq!(
            Attachment::note(&failures).as_deref(),
            Some("fexit and fentry: its module has no BTF; kretprobe: follows few calls")
        );
        assert_eq!(Attachment::note(&[]), None);
    }

    #[test]
    fn kinds_are_words_and_later_ones_are_read() {
        for (kind, word, _) in FailureKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), *word);
        }
        let later: FailureKind = serde_json::from_str("\"of_a_later_version\"").unwrap();
        assert_eq!(later, FailureKind::Unknown);
    }
}
