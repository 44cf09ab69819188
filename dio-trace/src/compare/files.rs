//! Which files of two recordings are the same, and which requests are compared.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde::Serialize;

use crate::{
    findings::Key,
    report::{File, Finding, Place, Summary},
    store::Tally,
};

/// What the rates of a finding refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The files with the finding: the program used all of them in both recordings.
    SameFiles,
    /// All files of the program on that filesystem and disk: it used others in the other recording.
    SameCause,
}

/// The numbers of requests, before and after, that a finding is measured by.
pub(super) fn requests(
    both: [&Summary; 2],
    key: &Key,
    pair: [Option<&Finding<'_>>; 2],
) -> (Basis, [u64; 2]) {
    let used = both.map(|summary| used(summary, key));
    let on_same_files = same_files(&used, pair);
    let count = |side: usize, all: bool| {
        let files = used[side].iter();
        let counts = files
            .filter(|(file, _)| {
                all || on_same_files
                    .as_ref()
                    .is_some_and(|same| same.contains(file))
            })
            .map(|(_, tally)| tally.total().count - tally.probing().count);
        counts.fold(0, u64::saturating_add)
    };
    match on_same_files {
        Some(_) => (Basis::SameFiles, [count(0, false), count(1, false)]),
        None => (Basis::SameCause, [count(0, true), count(1, true)]),
    }
}

/// The files of a program on a filesystem and disk.
fn used<'a>(summary: &'a Summary, key: &Key) -> Vec<(&'a File, &'a Tally)> {
    let is_there = |place: &Place| {
        let file = &place.file;
        (&place.comm, &file.filesystem, &file.disk) == (&key.comm, &key.filesystem, &key.disk)
    };
    let places = summary.places.iter();
    places
        .filter(|(place, _)| is_there(place))
        .map(|(place, tally)| (&place.file, tally))
        .collect()
}

/// What a file is recognised by: filesystem, disk and inode, whatever path leads there, or else its path.
#[derive(PartialEq, Eq, Hash)]
enum Mark<'a> {
    Inode(Option<&'a Arc<str>>, Option<&'a Arc<str>>, u64),
    Path(&'a Arc<str>),
}

fn marks(file: &File) -> impl Iterator<Item = Mark<'_>> {
    let inode = file
        .inode
        .map(|inode| Mark::Inode(file.filesystem.as_ref(), file.disk.as_ref(), inode));
    inode.into_iter().chain(file.path.as_ref().map(Mark::Path))
}

/// The files with the finding on either side, under their names on both. `None` where one of them was
/// used only on one side, or where too many are known to say that.
fn same_files<'a>(
    used: &[Vec<(&'a File, &Tally)>; 2],
    pair: [Option<&Finding<'a>>; 2],
) -> Option<HashSet<&'a File>> {
    let known = used.each_ref().map(|files| {
        let mut known: HashMap<Mark<'a>, Vec<&'a File>> = HashMap::new();
        for (file, _) in files {
            for mark in marks(file) {
                known.entry(mark).or_default().push(file);
            }
        }
        known
    });
    let mut same = HashSet::new();
    for finding in pair.into_iter().flatten() {
        if finding.files.unlisted != 0 {
            return None;
        }
        for (file, _) in &finding.files.listed {
            let found = known.each_ref().map(|known| {
                let found = marks(file).filter_map(|mark| known.get(&mark));
                found.flatten().copied().collect::<Vec<_>>()
            });
            if found.iter().any(Vec::is_empty) {
                return None;
            }
            same.extend(found.into_iter().flatten());
        }
    }
    Some(same)
}
