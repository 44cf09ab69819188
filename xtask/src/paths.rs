//! Directories: the checkout, cargo's output, and the cache of this machine.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The top directory of this checkout.
///
/// # Errors
/// When the checkout this xtask was built from is gone.
pub(crate) fn workspace() -> Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = package.parent().context("xtask has no parent directory")?;
    top.canonicalize().with_context(|| {
        format!(
            "{} is gone: run cargo xtask from the checkout",
            top.display()
        )
    })
}

/// Cargo's output directory.
///
/// # Errors
/// As for [`workspace`].
pub(crate) fn target() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => std::path::absolute(directory).context("CARGO_TARGET_DIR"),
        None => Ok(workspace()?.join("target")),
    }
}

/// The directory for what is fetched or built once per machine, and shared by all its checkouts:
/// `$DIO_TRACE_CACHE`, else `$XDG_CACHE_HOME/dio-trace`, else `~/.cache/dio-trace`.
///
/// # Errors
/// When none of the three variables is set, or the directory cannot be made.
pub(crate) fn cache() -> Result<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let directory = set("DIO_TRACE_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|base| base.join("dio-trace")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/dio-trace")))
        .context("set DIO_TRACE_CACHE to a directory for kernels and tools: HOME is not set")?;
    std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    directory
        .canonicalize()
        .with_context(|| directory.display().to_string())
}
