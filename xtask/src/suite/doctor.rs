//! What `dio-trace doctor` says of the guest: the rule set in force, and how each probe is attached.

use anyhow::Context;
use dio_trace_ebpf::words::RuleSet;
use serde_json::Value;

use super::{outcome::Outcome, recording::Tracer};

/// Programs in interrupts must be fentry everywhere: the kernel skips a kprobe's there whenever
/// another runs, and says nothing.
const COMPLETIONS: [&str; 2] = ["aio_complete_rw", "io_complete_rw"];

/// What it said.
pub(super) struct Doctor(Value);

impl Doctor {
    /// Asks it.
    pub(super) fn ask(tracer: &Tracer) -> anyhow::Result<Self> {
        let said = tracer.output(&["doctor", "--format", "json"])?;
        let said = serde_json::from_slice(&said).context("doctor did not print JSON")?;
        Ok(Self(said))
    }

    /// The rule set that it finds in force.
    pub(super) fn rule_set(&self) -> anyhow::Result<RuleSet> {
        let word = self.0["rule_set"].as_str();
        word.and_then(RuleSet::from_word)
            .with_context(|| format!("doctor names no rule set: {word:?}"))
    }

    /// Checks that the verifier takes every program that is loaded here: one that it refuses has
    /// another in its place, which sees less.
    pub(super) fn check(&self, outcome: &mut Outcome) {
        let attachments = self.0["attachments"].as_array();
        let attachments = attachments.map_or(&[][..], Vec::as_slice);
        let word =
            |attachment: &Value, key: &str| attachment[key].as_str().unwrap_or_default().to_owned();
        let poor: Vec<String> = attachments
            .iter()
            .filter(|attachment| {
                let function = word(attachment, "function");
                let refused = word(attachment, "note").contains("the verifier says");
                refused
                    || COMPLETIONS.contains(&&*function) && word(attachment, "method") != "fentry"
            })
            .map(|attachment| {
                ["function", "method", "note"]
                    .map(|key| word(attachment, key))
                    .join(" ")
            })
            .collect();
        outcome.check(
            "the verifier takes every program, and results are told to fentry",
            poor.is_empty() && !attachments.is_empty(),
            match poor.is_empty() {
                true => format!("{} functions and tracepoints", attachments.len()),
                false => poor.join("; "),
            },
        );
    }
}
