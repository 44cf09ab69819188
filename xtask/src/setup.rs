//! `cargo xtask setup`: finds or installs what building, demo and tests need.

mod archive;
mod install;
mod kernels;
mod mirror;
mod older_qemu;
mod series;
mod toolchain;
mod tools;

use std::{fs::File, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;

pub(crate) use self::{
    kernels::Kernel,
    older_qemu::{FIXED_ON, QEMU_IO},
    series::{ALL as ALL_SERIES, Series},
    toolchain::{OBJECT_VARIABLE, Toolchain},
    tools::static_busybox,
};
use crate::{paths, phase};

/// Find or install the eBPF toolchain, QEMU, the guests' tools and kernels
#[derive(Args)]
pub(crate) struct Setup {
    /// Kernel series to fetch, such as `6.1,7.3`; all of them by default
    #[arg(long, value_delimiter = ',', value_name = "SERIES")]
    kernels: Vec<Series>,
    /// Fetch a kernel again if the mirror has a newer package of its series
    #[arg(long)]
    update: bool,
    /// Only the eBPF toolchain: no QEMU, no kernels
    #[arg(long, conflicts_with_all = ["kernels", "update"])]
    toolchain_only: bool,
}

impl Setup {
    pub(crate) fn run(self) -> Result<()> {
        if self.toolchain_only {
            return build_tools().map(drop);
        }
        let wanted = if self.kernels.is_empty() {
            ALL_SERIES.to_vec()
        } else {
            self.kernels
        };
        build_tools()?;
        let found = guests(&wanted, self.update)?;
        for kernel in &found {
            println!("{kernel}");
        }
        if let Err(error) = older_qemu(&wanted) {
            println!("not available on this machine's mirror: QEMU 5.2 ({error:#})");
        }
        let missing: Vec<String> = wanted
            .iter()
            .filter(|series| !found.iter().any(|kernel| kernel.series == **series))
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            println!(
                "not available on this machine's mirror: {}",
                missing.join(", ")
            );
        }
        Ok(())
    }
}

/// Finds or installs what `build` needs: a compiler for the probes.
///
/// # Errors
/// When it is missing and may not be installed here; the message says what to type.
pub(crate) fn build_tools() -> Result<Toolchain> {
    let _lock = lock()?;
    toolchain::find_or_install()
}

/// Finds or installs what guests need: QEMU, tools and the kernels of these series. A series that
/// the mirror no longer has is reported and left out of the result.
///
/// # Errors
/// When a tool is missing and may not be installed here, or no kernel is available.
pub(crate) fn guests(series: &[Series], update: bool) -> Result<Vec<Kernel>> {
    // The usual case takes no lock, so that guests can start while another setup fetches something
    // else.
    if !update
        && tools::missing().is_empty()
        && let Some(kernels) = kernels::all_present(series)?
    {
        return Ok(kernels);
    }
    let _lock = lock()?;
    tools::find_or_install()?;
    kernels::find_or_fetch(series, update)
}

/// Finds or fetches QEMU 5.2 for the suite: the directory that it is unpacked in; `None` if none of these
/// kernels needs it.
///
/// # Errors
/// When the mirror does not have it any more.
pub(crate) fn older_qemu(series: &[Series]) -> Result<Option<PathBuf>> {
    if !series.contains(&FIXED_ON) {
        return Ok(None);
    }
    if let Some(directory) = older_qemu::cached()? {
        return Ok(Some(directory));
    }
    let _lock = lock()?;
    match older_qemu::cached()? {
        Some(directory) => Ok(Some(directory)),
        None => older_qemu::fetch().map(Some),
    }
}

/// Finds or installs bpftrace, for the comparison.
///
/// # Errors
/// When it is missing and may not be installed here.
pub(crate) fn bpftrace() -> Result<()> {
    let _lock = lock()?;
    tools::bpftrace()
}

/// Waits for the lock that allows one setup at a time on this machine: checkouts share the cache,
/// and apt refuses a second caller.
fn lock() -> Result<File> {
    let path = paths::cache()?.join("setup.lock");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    if file.try_lock().is_err() {
        phase::say("waiting for another setup on this machine");
        file.lock().with_context(|| path.display().to_string())?;
    }
    Ok(file)
}
