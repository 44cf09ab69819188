//! Explains what is wrong with a request, by how much, by which rule, and what to change.
//!
//! Pure functions of a [`Record`]: report and dashboard show the same words.

mod advice;
mod errno;
mod fault;
mod kernels;
mod limit;
mod locate;
mod note;
mod portability;

pub use advice::advice;
pub use errno::{errno_meaning, errno_name, errno_number};
pub use fault::Fault;
pub use kernels::{kernels, kernels_of, rule_function};
pub use limit::{Limit, LimitKind};
pub use note::{Note, Severity};
pub use portability::Portability;

use crate::model::{Record, RuleSet, Verdict};

/// The complete explanation of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// The event, such as `512-byte write at 512: rejected with EINVAL`.
    pub headline: String,
    /// One fault for each reason.
    pub faults: Vec<Fault>,
    /// One note for each flag, and for verdicts that need an explanation; worst first.
    pub notes: Vec<Note>,
    /// The rule set in force for this request.
    pub rule_set: RuleSet,
    /// The kernels and disks on which it would work; `None` for counted requests.
    pub portability: Option<Portability>,
    /// Advice on what to change, most effective first; empty where nothing needs to change.
    pub advice: Vec<String>,
}

/// Explains a record of a trace from a kernel with these rules
/// ([`Environment::rule_set`](crate::model::Environment::rule_set)).
#[must_use]
pub fn diagnose(record: &Record, kernel: RuleSet) -> Diagnosis {
    let rule_set = rule_set_in_force(record, kernel);
    Diagnosis {
        headline: headline(record),
        faults: fault::faults(record, rule_set),
        notes: note::notes(record),
        rule_set,
        portability: portability::portability(record, kernel),
        advice: advice(record),
    }
}

/// The rule set of the engine that carried it. Old recordings do not name the engine: then the rule set
/// of the kernel, or that of the legacy engine if only it explains a rejection.
fn rule_set_in_force(record: &Record, kernel: RuleSet) -> RuleSet {
    if let Some(engine) = record.engine {
        return engine.rule_set(kernel);
    }
    let (Some(limits), Some(request)) = (&record.limits, &record.request) else {
        return kernel;
    };
    let explains = |rule_set| {
        dio_trace_ebpf::rules::violations(&request.looked_at(), limits, rule_set) == record.reasons
    };
    let legacy =
        record.verdict == Verdict::Rejected && !explains(kernel) && explains(RuleSet::LogicalBlock);
    if legacy {
        RuleSet::LogicalBlock
    } else {
        kernel
    }
}

fn headline(record: &Record) -> String {
    let operation = record.operation;
    let verdict = record.verdict;
    let Some(request) = &record.request else {
        let plural = if record.count == 1 { "" } else { "s" };
        return format!(
            "{} {operation} request{plural}, counted together: {verdict}",
            record.count
        );
    };
    let geometry = &request.geometry;
    let outcome = if request.result < 0 {
        format!(" with {}", errno_name(request.result))
    } else if verdict == Verdict::Buffered {
        format!(
            ", {} of {} bytes done directly",
            request.direct_bytes, request.geometry.length
        )
    } else {
        String::new()
    };
    format!(
        "{}-byte {operation} at {}: {verdict}{outcome}",
        request.geometry.length, geometry.offset
    )
}

#[cfg(test)]
mod tests;
