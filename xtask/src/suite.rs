//! `xtask suite`: checks dio-trace against the running kernel. It runs inside a guest, as root,
//! because it makes filesystems and devices on every disk that it finds.
//!
//! A workload issues known requests to every place and notes the kernel's answers. The rule
//! function must predict each answer, and the recording must contain each request exactly once, as
//! it was.

mod case;
mod commands;
mod dashboard;
mod demonstrations;
mod disks;
mod doctor;
mod fio;
mod fixed_qemu;
mod judge;
mod loaded;
mod matching;
mod outcome;
mod place;
mod places;
mod predict;
mod probing;
mod recording;
mod row;
mod setting;
pub(crate) mod shell;
mod terminal;
mod truth;
mod types;
mod verdict;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;
use dio_trace_ebpf::words::RuleSet;

pub(crate) use disks::is_guest;
pub(crate) use outcome::RESULT;

use doctor::Doctor;
use outcome::Outcome;
use recording::Tracer;
use setting::Setting;

/// Check dio-trace against the kernel; runs inside a guest, as root
#[derive(Args)]
pub(crate) struct Suite {
    /// Issue all requests through every call, many random ones, and 100,000 by fio
    #[arg(long)]
    full: bool,
    /// Skip what depends little on the kernel: the commands and the dashboard
    #[arg(long)]
    brief: bool,
    /// Test only places whose name contains this; `commands` for those checks alone, `probing` for attempts
    /// at an alignment, `fixed-qemu` for the real fix, `fio` for the counting test, `programs` for those
    /// that are loaded
    #[arg(long)]
    only: Vec<String>,
    /// The dio-trace to check; by default the one in the directory of this program
    #[arg(long, value_name = "FILE")]
    dio_trace: Option<PathBuf>,
    /// Directory for recordings and answers, kept afterwards
    #[arg(long, default_value = "/tmp/dio-trace-suite", value_name = "DIRECTORY")]
    keep: PathBuf,
    /// Only compare predictions under this rule set with the kernel's answers, without dio-trace
    #[arg(long, value_name = "RULE_SET", value_parser = rule_set_from_word)]
    untraced: Option<RuleSet>,
    /// The directory that QEMU 5.2 is unpacked in, for the check of a real fix
    #[arg(long, value_name = "DIRECTORY")]
    older_qemu: Option<PathBuf>,
    /// Seed of the random requests
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Suite {
    /// Runs the suite; its last line is `SUITE-RESULT` and a JSON object.
    ///
    /// # Errors
    /// When the suite itself cannot continue. Failed checks are an exit code.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        if !is_guest() {
            bail!(
                "this is not a guest of cargo xtask vm, and the suite overwrites disks: \
                 run cargo xtask test, or cargo xtask vm 6.1 -- target/debug/xtask suite"
            );
        }
        let program = match &self.dio_trace {
            Some(program) => program.clone(),
            None => std::env::current_exe()?.with_file_name("dio-trace"),
        };
        std::fs::create_dir_all(&self.keep)
            .with_context(|| format!("cannot make {}", self.keep.display()))?;
        places::load_modules();
        let tracer = Tracer::new(program);
        let (rule_set, doctor) = match self.untraced {
            Some(rule_set) => (rule_set, None),
            None => {
                let doctor = Doctor::ask(&tracer)?;
                (doctor.rule_set()?, Some(doctor))
            }
        };
        let setting = Setting {
            tracer,
            traced: doctor.is_some(),
            work: self.keep.clone(),
            rule_set,
            full: self.full,
            brief: self.brief,
            only: self.only.clone(),
            older_qemu: self.older_qemu.clone(),
            seed: self.seed,
        };
        let mut outcome = Outcome::new(rule_set)?;
        if let Some(doctor) = &doctor {
            doctor.check(&mut outcome);
        }
        if setting.traced && setting.wants("programs") {
            loaded::run(&setting, &mut outcome)?;
        }
        truth::run(&setting, &mut outcome)?;
        if setting.traced && !setting.brief && setting.wants("commands") {
            commands::run(&setting, &mut outcome)?;
        }
        if setting.traced && setting.wants("probing") {
            probing::run(&setting, &mut outcome)?;
        }
        if setting.traced && !setting.brief && setting.wants("fixed-qemu") {
            fixed_qemu::run(&setting, &mut outcome)?;
        }
        if setting.traced && setting.wants("fio") {
            fio::run(&setting, &mut outcome)?;
        }
        if setting.traced && !setting.brief && setting.wants("dashboard") {
            dashboard::run(&setting, &mut outcome)?;
        }
        Ok(outcome.finish())
    }
}

fn rule_set_from_word(word: &str) -> Result<RuleSet, String> {
    let words: Vec<&str> = RuleSet::ALL
        .iter()
        .map(|rule_set| rule_set.word())
        .collect();
    RuleSet::from_word(word).ok_or_else(|| format!("one of {}", words.join(", ")))
}
