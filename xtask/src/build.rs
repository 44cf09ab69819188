//! `cargo xtask build`: builds the probes, and the binary that contains them.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    command, paths, phase,
    setup::{self, Toolchain},
};

const TARGET: &str = "bpfel-unknown-none";
const PROBES: &str = "dio-trace-probes";
/// Separator of flags in `CARGO_ENCODED_RUSTFLAGS`.
const FLAG_END: &str = "\u{1f}";

/// Build dio-trace with its probes: `target/release/dio-trace`
#[derive(Args)]
pub(crate) struct Build {
    /// `dev` compiles faster and leaves `target/debug/dio-trace`
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
}

/// Cargo's profile for the binary; the probes are always optimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    Release,
    Dev,
}

impl Profile {
    /// Its directory below `target`.
    pub(crate) fn directory(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "debug",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }
}

impl Build {
    pub(crate) fn run(self) -> Result<()> {
        println!("{}", build(self.profile)?.display());
        Ok(())
    }
}

/// Builds probes and binary, and returns the binary's path.
///
/// # Errors
/// Without a toolchain for the probes, and when either does not compile.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    let object = probes(&setup::build_tools()?)?;
    binary(profile, &object)
}

/// Builds the probes and returns the object's path.
///
/// # Errors
/// When they do not compile.
pub(crate) fn probes(toolchain: &Toolchain) -> Result<PathBuf> {
    phase::timed("building the probes", || object(toolchain))
}

/// Builds dio-trace with these probes in it, and returns its path.
///
/// # Errors
/// When it does not compile.
pub(crate) fn binary(profile: Profile, object: &Path) -> Result<PathBuf> {
    let mut cargo = cargo();
    // With the features of the whole workspace, as in `cargo test --workspace`: dependencies are
    // compiled once for both.
    cargo.args([
        "build",
        "--workspace",
        "--bin",
        "dio-trace",
        "--profile",
        profile.name(),
    ]);
    cargo
        .env(setup::OBJECT_VARIABLE, object)
        .current_dir(paths::workspace()?);
    phase::timed(&format!("building dio-trace ({})", profile.name()), || {
        command::run(&mut cargo)
    })?;
    Ok(paths::target()?.join(profile.directory()).join("dio-trace"))
}

/// The cargo that runs this xtask.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn object(toolchain: &Toolchain) -> Result<PathBuf> {
    let (mut cargo, linker) = match toolchain {
        Toolchain::Ready(object) => {
            if !object.is_file() {
                bail!(
                    "{} names {}, which is not there",
                    setup::OBJECT_VARIABLE,
                    object.display()
                );
            }
            return Ok(object.clone());
        }
        Toolchain::Nightly { name, linker } => {
            let mut nightly = Command::new("rustup");
            nightly.args(["run", name, "cargo", "build", "-Zbuild-std=core"]);
            nightly
                .env_remove("RUSTC")
                .env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("CARGO");
            (nightly, linker)
        }
        Toolchain::Debian { linker } => {
            let mut stable = cargo();
            // eBPF is an unstable target, which a stable compiler accepts with this variable.
            stable
                .arg("build")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1");
            (stable, linker)
        }
    };
    let directory = paths::target()?.join("ebpf");
    let flags = [
        format!("-Clinker={}", linker.display()),
        "-Clink-arg=--btf".to_owned(),
        "-Cdebuginfo=2".to_owned(),
    ];
    cargo
        .args([
            "--package",
            "dio-trace-ebpf",
            "--bin",
            PROBES,
            "--release",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&directory)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join(FLAG_END))
        // bpf-linker optimises the whole program itself, and makes BTF from the debug information.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(paths::workspace()?);
    command::run(&mut cargo)?;
    Ok(directory.join(TARGET).join("release").join(PROBES))
}
