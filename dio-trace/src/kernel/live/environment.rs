//! The description of a live source: machine, kernel, probes and disks.

use crate::{
    kernel::{
        attach::Probes,
        machine::{
            block::block_devices,
            proc::{possible_cpus, system},
        },
    },
    model::{Environment, Timestamp},
};

/// Describes this machine as it is traced by these probes from now on.
pub(super) fn environment(probes: &Probes) -> Environment {
    Environment {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: system("hostname"),
        kernel_release: system("osrelease"),
        architecture: std::env::consts::ARCH.to_owned(),
        cpus: possible_cpus(),
        rule_set: probes.rule_set,
        evidence: probes.evidence.clone(),
        command_line: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        traced_command: None,
        started: Timestamp::now(),
        clock: "CLOCK_BOOTTIME mapped to UTC at each batch".to_owned(),
        filters: Vec::new(),
        attachments: probes.attachments.clone(),
        devices: block_devices(),
    }
}
