//! The floor: programs that do nothing in the places where dio-trace has its own. No tracer that
//! hooks these functions can cost less.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::bpf::{
    Empty,
    Point::{self, Entry, Exit, Trace},
    Types,
};

/// The places where dio-trace attaches on this kernel, in its order.
pub(super) struct Hooks(Vec<Hook>);

/// A function or tracepoint, as `dio-trace doctor` prints it.
#[derive(Debug, Deserialize)]
struct Hook {
    function: String,
    module: String,
    /// Such as `fentry/fexit`; `None` where it is not attached.
    method: Option<String>,
}

#[derive(Deserialize)]
struct Examination {
    attachments: Vec<Hook>,
}

impl Hooks {
    /// Asks `dio-trace doctor`.
    ///
    /// # Errors
    /// When it cannot trace here.
    pub(super) fn of(dio_trace: &Path) -> Result<Self> {
        let mut doctor = Command::new(dio_trace);
        let output = doctor.args(["doctor", "--format", "json"]).output();
        let output = output.with_context(|| format!("cannot run {}", dio_trace.display()))?;
        if !output.status.success() {
            bail!(
                "dio-trace doctor cannot trace here: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Self::parse(&output.stdout)
    }

    fn parse(json: &[u8]) -> Result<Self> {
        let examination: Examination =
            serde_json::from_slice(json).context("dio-trace doctor did not print its JSON")?;
        Ok(Self(examination.attachments))
    }

    /// Types of the kernel, and of the modules that the hooks are in.
    ///
    /// # Errors
    /// When this kernel has no BTF, or we lack the right to ask.
    pub(super) fn types(&self) -> Result<Types> {
        let modules: Vec<&str> = self.0.iter().map(|hook| hook.module.as_str()).collect();
        Types::read(&modules)
    }

    /// Attaches a program to each; they are detached when the result is dropped.
    ///
    /// # Errors
    /// When the kernel refuses one.
    pub(super) fn attach_empty(&self) -> Result<Vec<Empty>> {
        let types = self.types()?;
        let mut links = Vec::new();
        for hook in &self.0 {
            for point in points(hook.method.as_deref()) {
                links.extend(types.attach_empty(&hook.function, point)?);
            }
        }
        Ok(links)
    }
}

/// The places of a method; the return first, as dio-trace attaches them.
fn points(method: Option<&str>) -> Vec<Point> {
    let ways = method.unwrap_or_default().rsplit('/');
    ways.filter_map(|way| match way {
        "fentry" | "kprobe" => Some(Entry),
        "fexit" | "kretprobe" => Some(Exit),
        "tp_btf" | "raw tracepoint" => Some(Trace),
        _ => None,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_read_from_doctors_json() {
        let hooks = Hooks::parse(
            br#"{"can_trace": true, "attachments": [
                {"function": "block_bio_queue", "module": "vmlinux", "method": "tp_btf", "note": null},
                {"function": "xfs_file_write_iter", "module": "xfs", "method": "fentry/fexit"},
                {"function": "f2fs_file_write_iter", "module": "f2fs", "method": null}
            ]}"#,
        )
        .unwrap();
        let points: Vec<_> = hooks
            .0
            .iter()
            .map(|hook| points(hook.method.as_deref()))
            .collect();
        assert_eq!(points, [vec![Trace], vec![Exit, Entry], vec![]]);
        assert_eq!(hooks.0[1].module, "xfs");
    }
}
