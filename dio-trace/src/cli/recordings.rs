//! The recordings that a command line names: files, directories, patterns and standard input.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{Failure, diagnostics::say, progress::watched},
    filter::Pattern,
    model::Timestamp,
    recording::{Ending, Reader},
    source::recording::open,
};

/// A recording that is being read.
pub(super) type Opened = Reader<Box<dyn std::io::Read + Send>>;

/// The files that these names mean, in the order in which they were recorded: a directory means all
/// recordings in it, and a pattern such as `'t.dio*'` those that match.
pub(super) fn files(names: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for name in names {
        files.extend(meant(name)?);
    }
    if files.len() > 1 {
        if files.iter().any(|file| file == Path::new("-")) {
            return Err(Failure::input(
                "- is read alone: name only files, or only -",
            ));
        }
        files.sort_by_cached_key(|file| (started(file), Reverse(part(file)), file.clone()));
        files.dedup();
    }
    Ok(files)
}

/// One name for all of them, for people.
pub(super) fn title(names: &[PathBuf]) -> String {
    let mut names = names.iter().map(|name| name.display().to_string());
    let first = names.next().unwrap_or_default();
    match names.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn meant(name: &Path) -> Result<Vec<PathBuf>, Failure> {
    let shown = name.display();
    if name.is_dir() {
        let found = inside(name, |file| is_recording(&file.to_string_lossy()))?;
        if found.is_empty() {
            return Err(Failure::input(format!(
                "{shown}: no recordings in this directory (*.dio, *.dio.1, ...)"
            )));
        }
        return Ok(found);
    }
    let pattern = name.file_name().map(|name| name.to_string_lossy());
    match pattern {
        Some(pattern) if pattern.contains(['*', '?', '[']) && !name.exists() => {
            let pattern = Pattern::new(&pattern).map_err(Failure::input)?;
            let directory = match name.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            let found = inside(directory, |file| pattern.matches(&file.to_string_lossy()))?;
            if found.is_empty() {
                return Err(Failure::input(format!("{shown}: no file matches")));
            }
            Ok(found)
        }
        _ => Ok(vec![name.to_owned()]),
    }
}

fn inside(
    directory: &Path,
    is_meant: impl Fn(&std::ffi::OsStr) -> bool,
) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |error| Failure::input(format!("{}: {error}", directory.display()));
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        if is_meant(&entry.file_name()) && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is called like a recording, or an older part of one.
fn is_recording(name: &str) -> bool {
    match name.rsplit_once(".dio") {
        Some((_, rest)) => rest.is_empty() || number(rest).is_some(),
        None => false,
    }
}

fn number(rest: &str) -> Option<u32> {
    rest.strip_prefix('.')?.parse().ok()
}

/// The number of a part of a recording; older parts have larger ones.
fn part(file: &Path) -> u32 {
    let name = file.to_string_lossy();
    name.rsplit_once(".dio")
        .and_then(|(_, rest)| number(rest))
        .unwrap_or(0)
}

/// When the recording was begun. What cannot be read is found out when it is.
fn started(file: &Path) -> Option<Timestamp> {
    let reader = Reader::new(open(file).ok()?).ok()?;
    Some(reader.metadata().environment.started)
}

/// Opens the recordings one after the other, each when it is asked for.
pub(super) fn readers(files: &[PathBuf]) -> impl Iterator<Item = Result<Opened, String>> {
    files.iter().map(|file| {
        let opened = watched(file).map_err(|error| format!("{error:#}"))?;
        Reader::new(opened).map_err(|error| format!("{}: {error}", file.display()))
    })
}

/// Warns on standard error about recordings that are cut off or damaged.
pub(super) fn warn(ending: Ending, name: &str) {
    match ending {
        Ending::Finished => {}
        Ending::Cut => say(&format!(
            "dio-trace: warning: {name} ended early: its recorder was killed or is still running; all \
             complete batches were read"
        )),
        Ending::Damaged => say(&format!(
            "dio-trace: warning: {name} is damaged: it was read up to the damage"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_recording_are_known_by_their_names() {
        for (name, expected) in [
            ("t.dio", true),
            ("t.dio.12", true),
            ("t.dio.txt", false),
            ("t.txt", false),
        ] {
            assert_eq!(is_recording(name), expected, "{name}");
        }
        assert_eq!(part(Path::new("/x/t.dio.12")), 12);
        assert_eq!(part(Path::new("/x/t.dio")), 0);
    }
}
