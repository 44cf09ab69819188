//! A compiler for the probes: rustup's nightly with rust-src, or Debian's rustc with its BPF core library; and
//! bpf-linker.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::install;
use crate::{command, paths, phase};

/// Environment variable that names a ready object, which is then not built; for packagers.
pub(crate) const OBJECT_VARIABLE: &str = "DIO_TRACE_EBPF_OBJECT";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CORE: &str = "/usr/lib/rustlib/bpfel-unknown-none";
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "libstd-rust-web-dev-bpf"];
/// The newest that works with aya-ebpf 0.2 (July 2026).
const LINKER_VERSION: &str = "0.13.0";

/// A way to get an object.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// An object that is already built.
    Ready(PathBuf),
    /// rustup's toolchain with this name, which builds `core` from its sources.
    Nightly {
        /// Name, as rustup lists it.
        name: String,
        /// Path of bpf-linker.
        linker: PathBuf,
    },
    /// Debian's compiler, which has `core` for BPF.
    Debian {
        /// Path of bpf-linker.
        linker: PathBuf,
    },
}

/// Finds a toolchain, or installs Debian's.
///
/// # Errors
/// When there is none, and we have no right to install it here.
pub(crate) fn find_or_install() -> Result<Toolchain> {
    if let Some(object) = env::var_os(OBJECT_VARIABLE) {
        return Ok(Toolchain::Ready(std::path::absolute(object)?));
    }
    if let Some(name) = nightly_with_sources() {
        let linker = match find_linker()? {
            Some(linker) => linker,
            None => build_linker(&[], &[])?,
        };
        return Ok(Toolchain::Nightly { name, linker });
    }
    if !Path::new(DEBIAN_RUSTC).exists() || !Path::new(DEBIAN_CORE).exists() {
        install::install(&DEBIAN_PACKAGES).context(
            "building the probes needs a rustup nightly (rustup toolchain install nightly --component rust-src), \
             or Debian's rustc with its BPF core library",
        )?;
    }
    let linker = match find_linker()? {
        Some(linker) => linker,
        None => debian_linker()?,
    };
    Ok(Toolchain::Debian { linker })
}

/// A toolchain may be called nightly and be a link to something else: what matters is that it has
/// the sources.
fn nightly_with_sources() -> Option<String> {
    let listed = command::output(Command::new("rustup").args(["toolchain", "list"])).ok()?;
    listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| name.starts_with("nightly"))
        .find_map(|name| {
            let rustc = || {
                let mut rustc = Command::new("rustup");
                rustc.args(["run", name, "rustc"]);
                rustc
            };
            let version = command::output(rustc().arg("--version")).ok()?;
            let sysroot = command::output(rustc().args(["--print", "sysroot"])).ok()?;
            let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
            (version.contains("nightly") && sources.is_dir()).then(|| name.to_owned())
        })
}

fn find_linker() -> Result<Option<PathBuf>> {
    let own = paths::cache()?.join("bin/bpf-linker");
    let cargo = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")))
        .map(|home| home.join("bin/bpf-linker"));
    // One that does not start (because its LLVM was removed) does not count.
    let works = |path: &PathBuf| command::output(Command::new(path).arg("--version")).is_ok();
    Ok([Some(own), command::find("bpf-linker"), cargo]
        .into_iter()
        .flatten()
        .filter(|path| path.is_file())
        .find(works))
}

/// bpf-linker must read the bitcode of the LLVM version that Debian's rustc uses.
fn debian_linker() -> Result<PathBuf> {
    let described = command::output(Command::new(DEBIAN_RUSTC).arg("-vV"))?;
    let Some(llvm) = described
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))
        .and_then(|version| version.split('.').next())
    else {
        bail!("{DEBIAN_RUSTC} -vV does not show its LLVM version");
    };
    let prefix = PathBuf::from(format!("/usr/lib/llvm-{llvm}"));
    if !prefix.join("include/llvm-c").is_dir() {
        install::install(&[&format!("llvm-{llvm}-dev")])?;
    }
    let feature = format!("llvm-{llvm}");
    build_linker(
        &["--no-default-features", "--features", &feature],
        &[("LLVM_PREFIX", &prefix)],
    )
}

fn build_linker(arguments: &[&str], variables: &[(&str, &Path)]) -> Result<PathBuf> {
    let cache = paths::cache()?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "install",
            "bpf-linker",
            "--locked",
            "--version",
            LINKER_VERSION,
            "--root",
        ])
        .arg(&cache)
        .args(arguments);
    cargo.envs(variables.iter().copied());
    // Settings of this workspace are not meant for it.
    cargo.env_remove("CARGO_TARGET_DIR").current_dir(&cache);
    phase::timed("building bpf-linker (a minute, once a machine)", || {
        command::output(&mut cargo)
    })?;
    Ok(cache.join("bin/bpf-linker"))
}
