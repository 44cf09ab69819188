//! apt with a state of its own: it neither reads nor changes the machine's package lists and
//! installed packages, and needs no rights.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::mirror;
use crate::{command, phase};

/// Debian's packages, as listed by the mirror at the time of [`Archive::open`].
pub(crate) struct Archive {
    directory: PathBuf,
}

impl Archive {
    /// Fetches the package lists into `directory`.
    ///
    /// # Errors
    /// When this machine knows no mirror, or none of the lists can be read.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        for part in ["state/lists/partial", "cache/archives/partial"] {
            let path = directory.join(part);
            fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        }
        fs::write(directory.join("status"), "")?;
        fs::write(directory.join("sources.list"), mirror::sources()?)?;
        let archive = Self {
            directory: directory.to_owned(),
        };
        phase::say("reading the mirror's package lists");
        // A suite may be gone from the mirror. Packages of the others are still found; missing ones
        // are reported by name.
        if let Err(error) = command::output(archive.apt("apt-get").arg("update")) {
            phase::say(format!(
                "some lists cannot be read, going on with the others: {error:#}"
            ));
        }
        Ok(archive)
    }

    /// Names of all packages that start with `prefix`.
    ///
    /// # Errors
    /// When apt fails.
    pub(crate) fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let names = command::output(self.apt("apt-cache").args(["pkgnames", prefix]))?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// The newest version of a package; `None` for a name that only other packages mention.
    pub(crate) fn version(&self, package: &str) -> Option<String> {
        let shown =
            command::output(
                self.apt("apt-cache")
                    .args(["show", "--no-all-versions", package]),
            )
            .ok()?;
        shown
            .lines()
            .find_map(|line| line.strip_prefix("Version: "))
            .map(str::to_owned)
    }

    /// Downloads packages (checked against the signed lists) and unpacks them below `root`.
    ///
    /// # Errors
    /// When the mirror does not answer, a package is damaged, or the disk is full.
    pub(crate) fn unpack(&self, packages: &[&str], root: &Path) -> Result<()> {
        let downloads = tempfile::tempdir_in(&self.directory)?;
        command::output(
            self.apt("apt-get")
                .arg("download")
                .args(packages)
                .current_dir(downloads.path()),
        )?;
        extract(downloads.path(), root)
    }

    /// As [`unpack`](Self::unpack), of a certain suite, and with everything that the package depends on.
    ///
    /// # Errors
    /// As for [`unpack`](Self::unpack), and when the suite is not on the mirror.
    pub(crate) fn unpack_with_dependencies(
        &self,
        suite: &str,
        package: &str,
        root: &Path,
    ) -> Result<()> {
        let downloads = tempfile::tempdir_in(&self.directory)?;
        fs::create_dir(downloads.path().join("partial"))?;
        let archives = format!("Dir::Cache::archives={}", downloads.path().display());
        // Nothing is installed in this state, so that apt takes all of them.
        command::output(
            self.apt("apt-get")
                .args(["-o", &archives, "--yes", "--download-only"])
                .args(["--no-install-recommends", "--target-release", suite])
                .args(["install", package]),
        )?;
        extract(downloads.path(), root)
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let at = |part: &str| self.directory.join(part).display().to_string();
        for option in [
            format!("Dir::State={}", at("state")),
            format!("Dir::State::status={}", at("status")),
            format!("Dir::Cache={}", at("cache")),
            format!("Dir::Etc::SourceList={}", at("sources.list")),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
            "Acquire::Retries=3".to_owned(),
            // Downloads go to our own directory, which apt's unprivileged user may not enter.
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }
}

/// Unpacks every package in a directory below `root`.
fn extract(packages: &Path, root: &Path) -> Result<()> {
    for entry in fs::read_dir(packages)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            command::output(
                Command::new("dpkg-deb")
                    .arg("--extract")
                    .arg(path)
                    .arg(root),
            )?;
        }
    }
    Ok(())
}
