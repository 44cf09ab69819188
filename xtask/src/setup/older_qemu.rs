//! QEMU 5.2 of Debian 11, with the libraries that it needs: a program as it was before a real fix.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{archive::Archive, series::Series};
use crate::{paths, phase};

/// Suite and package. The fix is in QEMU 7.2 ("block: use the request length for iov alignment").
const SUITE: &str = "bullseye";
const PACKAGE: &str = "qemu-utils";

/// The one kernel that the fix is checked on: what becomes of the older program's requests differs by rule
/// set.
pub(crate) const FIXED_ON: Series = Series { major: 6, minor: 1 };

/// Path of the program below the directory.
pub(crate) const QEMU_IO: &str = "usr/bin/qemu-io";

/// The directory that it is unpacked in, which can be the root of its process; `None` if it is not there.
pub(super) fn cached() -> Result<Option<PathBuf>> {
    let directory = directory()?;
    Ok(directory.join(QEMU_IO).is_file().then_some(directory))
}

/// Fetches it from the mirror.
///
/// # Errors
/// When the mirror does not have it any more.
pub(super) fn fetch() -> Result<PathBuf> {
    let directory = directory()?;
    let cache = directory.parent().context("the cache has a parent")?;
    let archive = Archive::open(&cache.join("apt"))?;
    phase::say(format!("fetching {PACKAGE} of {SUITE}"));
    let fresh = tempfile::tempdir_in(cache)?;
    archive.unpack_with_dependencies(SUITE, PACKAGE, fresh.path())?;
    if !fresh.path().join(QEMU_IO).is_file() {
        bail!("{PACKAGE} of {SUITE} has no {QEMU_IO}");
    }
    std::fs::rename(fresh.keep(), &directory).with_context(|| directory.display().to_string())?;
    Ok(directory)
}

fn directory() -> Result<PathBuf> {
    Ok(paths::cache()?.join("qemu-5.2"))
}
