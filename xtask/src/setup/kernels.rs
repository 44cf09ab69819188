//! Guest kernels: Debian's packages, unpacked side by side in the cache.

use std::{
    cmp::Ordering,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{archive::Archive, series::Series};
use crate::{command, paths, phase};

/// Directories of `kernel/` that guests and tests can use; the rest (graphics, sound, most drivers)
/// is half the size.
const KEPT: [&str; 9] = [
    "arch", "block", "crypto", "fs", "lib", "mm", "kernel", "net", "drivers",
];
const KEPT_DRIVERS: [&str; 14] = [
    "block", "cdrom", "char", "crypto", "dax", "dma", "hv", "md", "nvdimm", "nvme", "scsi",
    "target", "virt", "virtio",
];
const KEPT_NET: [&str; 6] = ["9p", "core", "dns_resolver", "sunrpc", "vmw_vsock", "ipv6"];
/// File that is written last, so that a directory with it is complete.
const DESCRIPTION: &str = "kernel.json";

/// A kernel ready to boot.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// The series that it belongs to.
    pub(crate) series: Series,
    /// Release, as `uname -r` prints it.
    pub(crate) release: String,
    /// Debian's version of the package.
    pub(crate) version: String,
    /// Path of the bzImage.
    pub(crate) image: PathBuf,
    /// The directory with `modules.dep` for this release.
    pub(crate) modules: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Description {
    release: String,
    version: String,
}

impl fmt::Display for Kernel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:<5} {} (Debian {})",
            self.series.to_string(),
            self.release,
            self.version
        )
    }
}

/// Kernels of these series; `None` unless the cache has all of them.
///
/// # Errors
/// When there is no directory for a cache.
pub(crate) fn all_present(series: &[Series]) -> Result<Option<Vec<Kernel>>> {
    let kernels = paths::cache()?.join("kernels");
    Ok(series
        .iter()
        .map(|series| cached(*series, &kernels.join(series.to_string())))
        .collect())
}

/// Kernels of these series, from the cache or else the mirror. One that is not available is
/// reported and left out.
///
/// # Errors
/// When none is available.
pub(crate) fn find_or_fetch(series: &[Series], update: bool) -> Result<Vec<Kernel>> {
    let cache = paths::cache()?;
    let directory = |series: Series| cache.join("kernels").join(series.to_string());
    let is_due = |series: &&Series| update || cached(**series, &directory(**series)).is_none();
    let due: Vec<Series> = series.iter().filter(is_due).copied().collect();
    if !due.is_empty() {
        let archive = Archive::open(&cache.join("apt"))?;
        // Each is unpacked by a thread of its own.
        for several in due.chunks(thread::available_parallelism().map_or(1, usize::from)) {
            thread::scope(|scope| {
                for &wanted in several {
                    let (archive, directory) = (&archive, directory(wanted));
                    scope.spawn(move || {
                        if let Err(error) = fetch(archive, wanted, &directory) {
                            phase::say(format!("kernel {wanted}: {error:#}"));
                        }
                    });
                }
            });
        }
    }
    let found: Vec<Kernel> = series
        .iter()
        .filter_map(|series| cached(*series, &directory(*series)))
        .collect();
    if found.is_empty() {
        bail!("no guest kernel is available; see the messages above");
    }
    Ok(found)
}

fn cached(series: Series, directory: &Path) -> Option<Kernel> {
    let text = fs::read(directory.join(DESCRIPTION)).ok()?;
    let Description { release, version } = serde_json::from_slice(&text).ok()?;
    let image = directory.join("vmlinuz");
    let modules = directory.join("lib/modules").join(&release);
    Some(Kernel {
        series,
        release,
        version,
        image,
        modules,
    })
}

fn fetch(archive: &Archive, series: Series, directory: &Path) -> Result<()> {
    let (package, version) = newest(archive, series)?;
    if cached(series, directory).is_some_and(|kernel| kernel.version == version) {
        return Ok(());
    }
    phase::say(format!("kernel {series}: fetching {package} {version}"));
    let parent = directory.parent().context("the cache has a parent")?;
    fs::create_dir_all(parent)?;
    let fresh = tempfile::tempdir_in(parent)?;
    let mut packages = vec![package.clone()];
    // From 6.19 on the image, the modules and the lists of built-in modules are separate packages.
    if let Some(rest) = package.strip_prefix("linux-binary-") {
        packages.extend(["linux-modules-", "linux-base-"].map(|prefix| format!("{prefix}{rest}")));
        packages.retain(|name| archive.version(name).is_some());
    }
    let unpacked = fresh.path().join("unpacked");
    archive.unpack(
        &packages.iter().map(String::as_str).collect::<Vec<_>>(),
        &unpacked,
    )?;
    let release = arrange(&unpacked, fresh.path())?;
    let description = serde_json::to_vec(&Description { release, version })?;
    fs::write(fresh.path().join(DESCRIPTION), description)?;
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::rename(fresh.keep(), directory).with_context(|| directory.display().to_string())
}

/// The newest package with the kernel image of a series, and its version.
fn newest(archive: &Archive, series: Series) -> Result<(String, String)> {
    let mut candidates = Vec::new();
    for prefix in ["linux-binary-", "linux-image-"] {
        let start = format!("{prefix}{series}.");
        let names = archive.names(&start)?;
        candidates.extend(names.into_iter().filter_map(|name| {
            let flavour = name.strip_prefix(&start)?.strip_suffix("-amd64")?;
            (!flavour.contains("cloud") && !flavour.contains("rt")).then_some(name)
        }));
        // The image package of such a kernel contains only signatures.
        if candidates
            .iter()
            .any(|name| archive.version(name).is_some())
        {
            break;
        }
        candidates.clear();
    }
    candidates.sort_by(|a, b| by_number(b, a));
    candidates
        .into_iter()
        .find_map(|name| archive.version(&name).map(|version| (name, version)))
        .context("no longer on this machine's mirror; tests on it are skipped")
}

/// Moves image and modules to their places, except for what no guest uses, and returns the release.
fn arrange(unpacked: &Path, destination: &Path) -> Result<String> {
    let modules = [
        unpacked.join("usr/lib/modules"),
        unpacked.join("lib/modules"),
    ]
    .into_iter()
    .find(|path| path.is_dir())
    .context("the packages hold no modules")?;
    let entry = fs::read_dir(&modules)?
        .next()
        .context("the packages hold no modules")??;
    let release = entry.file_name().to_string_lossy().into_owned();
    let image = [
        unpacked.join("boot").join(format!("vmlinuz-{release}")),
        entry.path().join("vmlinuz"),
    ]
    .into_iter()
    .find(|path| path.is_file())
    .context("the packages hold no kernel image")?;
    fs::rename(image, destination.join("vmlinuz"))?;
    let kernel = entry.path().join("kernel");
    keep(&kernel, &KEPT)?;
    keep(&kernel.join("drivers"), &KEPT_DRIVERS)?;
    keep(&kernel.join("net"), &KEPT_NET)?;
    // busybox cannot load compressed modules, and the guest's modprobe may not support them.
    command::output(
        Command::new("find")
            .arg(&kernel)
            .args(["-name", "*.ko.xz", "-exec", "xz", "-d", "{}", "+"]),
    )?;
    fs::create_dir_all(destination.join("lib/modules"))?;
    fs::rename(entry.path(), destination.join("lib/modules").join(&release))?;
    let depmod = command::find("depmod").context("depmod is missing: apt-get install kmod")?;
    command::output(
        Command::new(depmod)
            .arg("-b")
            .arg(destination)
            .arg(&release),
    )?;
    fs::remove_dir_all(unpacked)?;
    Ok(release)
}

fn keep(directory: &Path, names: &[&str]) -> Result<()> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() && !names.iter().any(|name| entry.file_name() == *name) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Orders names by their numbers, like `sort -V`: 6.12.95 comes before 6.12.118.
fn by_number(a: &str, b: &str) -> Ordering {
    fn numbers(name: &str) -> Vec<u64> {
        name.split(|c: char| !c.is_ascii_digit())
            .filter_map(|run| run.parse().ok())
            .collect()
    }
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_is_greater() {
        let older = [
            "linux-image-6.12.95+deb13-amd64",
            "linux-image-6.1.0-0.deb11.52-amd64",
        ];
        let newer = [
            "linux-image-6.12.118+deb13-amd64",
            "linux-image-6.1.0-56-amd64",
        ];
        for (older, newer) in older.iter().zip(newer) {
            assert_eq!(by_number(older, newer), Ordering::Less, "{older} {newer}");
        }
    }
}
