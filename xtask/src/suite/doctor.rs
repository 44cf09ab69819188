//! Checks of `dio-trace doctor` in the guest: the rule set in force, and how each probe is
//! attached.

use anyhow::Context;
use dio_trace_ebpf::words::RuleSet;
use serde_json::Value;

use super::{outcome::Outcome, recording::Tracer, types};

/// Programs that run in interrupts must be fentry everywhere: the kernel silently skips a kprobe
/// there while another kprobe runs.
const COMPLETIONS: [&str; 2] = ["aio_complete_rw", "io_complete_rw"];

/// The answer of doctor.
pub(super) struct Doctor(Value);

impl Doctor {
    /// Runs doctor.
    pub(super) fn ask(tracer: &Tracer) -> anyhow::Result<Self> {
        let output = tracer.output(&["doctor", "--format", "json"])?;
        let output = serde_json::from_slice(&output).context("doctor did not print JSON")?;
        Ok(Self(output))
    }

    /// The rule set that doctor found.
    pub(super) fn rule_set(&self) -> anyhow::Result<RuleSet> {
        let word = self.0["rule_set"].as_str();
        word.and_then(RuleSet::from_word)
            .with_context(|| format!("doctor names no rule set: {word:?}"))
    }

    /// Checks that the verifier accepts every program that is loaded here: a refused program is
    /// replaced by another one, which sees less. Checks what dio-trace found in the kernel's types.
    pub(super) fn check(&self, outcome: &mut Outcome) {
        let attachments = array(&self.0["attachments"]);
        let poor: Vec<String> = attachments
            .iter()
            .filter(|attachment| {
                let failures = array(&attachment["failures"]);
                let refused = failures.iter().any(|failure| failure["error"] == "refused");
                let function = word(attachment, "function");
                refused || COMPLETIONS.contains(&function) && word(attachment, "method") != "fentry"
            })
            .map(|attachment| {
                ["function", "method", "note"]
                    .map(|key| word(attachment, key))
                    .join(" ")
            })
            .collect();
        outcome.check(
            "the verifier accepts every program, and results are seen by fentry",
            poor.is_empty() && !attachments.is_empty(),
            match poor.is_empty() {
                true => format!("{} functions and tracepoints", attachments.len()),
                false => poor.join("; "),
            },
        );
        types::check(&self.0["types"], outcome);
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
