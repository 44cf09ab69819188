//! The findings of a recording, with everything that a report says about each.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    findings::{Directory, Key, complete},
    model::{Flag, Operation, Record, RuleSet},
    report::{
        keys::{Case, File},
        stacks::{Frequent, Stacks},
        summary::Summary,
        sums::Seen,
    },
    store::Volume,
};

/// All requests with one cause.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// Its cause.
    pub key: Key,
    /// Its requests.
    pub volume: Volume,
    /// All direct requests of the program on that filesystem and disk, without probing.
    pub of: u64,
    /// Number of reads and writes.
    pub operations: BTreeMap<Operation, u64>,
    /// Number of requests with each flag.
    pub flags: BTreeMap<Flag, u64>,
    /// Processes that issued them.
    pub pids: BTreeSet<u32>,
    /// Whether there are other processes.
    pub more_pids: bool,
    /// The files.
    pub files: Files<'a>,
    /// A request to explain it by.
    pub example: Option<&'a Record>,
    /// The rule set of the kernel that it was recorded on.
    pub rules: RuleSet,
    /// Call stacks of the program.
    pub stacks: Stacks,
}

/// The files of a finding.
#[derive(Clone, Debug, Default)]
pub struct Files<'a> {
    /// Files with the number of requests, most first.
    pub listed: Vec<(&'a File, u64)>,
    /// Number of files in addition.
    pub unlisted: usize,
    /// Whether there are still more.
    pub more: bool,
    /// The deepest directory that all of them have in common.
    pub directory: Directory,
}

impl Files<'_> {
    /// Number of files.
    #[must_use]
    pub fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }
}

impl<'a> Finding<'a> {
    /// The stack that issued the most of its requests.
    #[must_use]
    pub fn most_frequent_stack(&self) -> Option<Frequent<'_>> {
        self.stacks.most_frequent()
    }

    fn of(key: Key, of: u64, mut cases: Vec<(&'a Case, &'a Seen)>) -> Self {
        // The example is of the largest case with details.
        cases.sort_by_key(|(case, seen)| (!seen.has_details(), Reverse(seen.volume), *case));
        let mut finding = Self {
            key,
            volume: Volume::default(),
            of,
            operations: BTreeMap::new(),
            flags: BTreeMap::new(),
            pids: BTreeSet::new(),
            more_pids: false,
            files: files(&cases),
            example: cases.first().and_then(|(_, seen)| seen.example()),
            rules: cases
                .first()
                .map_or(RuleSet::Unknown, |(_, seen)| seen.rules()),
            stacks: Stacks::default(),
        };
        for (case, seen) in cases {
            let count = seen.volume.count;
            finding.volume.add(seen.volume);
            *finding.operations.entry(case.operation).or_default() += count;
            for flag in case.flags.iter() {
                *finding.flags.entry(flag).or_default() += count;
            }
            finding.pids.extend(seen.pids.known());
            finding.more_pids |= seen.pids.has_more();
            finding.stacks.merge(seen.stacks.clone());
        }
        finding
    }
}

fn files<'a>(cases: &[(&'a Case, &'a Seen)]) -> Files<'a> {
    let mut files = Files::default();
    let mut listed: BTreeMap<&File, u64> = BTreeMap::new();
    let named = named(cases);
    for (case, seen) in cases.iter().filter(|(_, seen)| seen.unlisted.is_none()) {
        let file = &case.place.file;
        let known = file.inode.and_then(|inode| named.get(&inode));
        let file = known.filter(|_| file.path.is_none()).unwrap_or(&file);
        let count = listed.entry(file).or_default();
        *count = count.saturating_add(seen.volume.count);
    }
    for path in listed.keys().filter_map(|file| file.path.as_deref()) {
        files.directory.add(path);
    }
    for unlisted in cases
        .iter()
        .filter_map(|(_, seen)| seen.unlisted.as_deref())
    {
        let (count, more) = unlisted.count(listed.keys().copied());
        // Two cases may have the same files.
        files.unlisted = files.unlisted.max(count);
        files.more |= more;
        files.directory.merge(&unlisted.directory);
    }
    files.listed = listed.into_iter().collect();
    files
        .listed
        .sort_by_key(|(file, count)| (Reverse(*count), *file));
    files
}

/// The files of a finding with a path, by inode: they are on one filesystem and disk. A path that was
/// found only later is that of the earlier requests, too. Left out are inodes with several paths: of
/// subvolumes of btrfs, say.
fn named<'a>(cases: &[(&'a Case, &'a Seen)]) -> HashMap<u64, &'a File> {
    let mut named: HashMap<u64, Option<&File>> = HashMap::new();
    let files = cases.iter().map(|(case, _)| &case.place.file);
    for file in files.filter(|file| file.path.is_some()) {
        if let Some(inode) = file.inode {
            let known = named.entry(inode).or_insert(Some(file));
            known.take_if(|known| *known != file);
        }
    }
    named
        .into_iter()
        .filter_map(|(inode, file)| Some((inode, file?)))
        .collect()
}

/// The findings of a recording, worst first: by harm, then by number of requests.
#[must_use]
pub fn findings(summary: &Summary) -> Vec<Finding<'_>> {
    let [findings] = findings_of([summary]);
    findings
}

/// The findings of recordings that belong together: what one of them does not know of a cause, another
/// may.
#[must_use]
pub fn findings_of<const N: usize>(summaries: [&Summary; N]) -> [Vec<Finding<'_>>; N] {
    let keyed = summaries.map(keyed);
    let whole = complete(keyed.iter().flatten().map(|(key, ..)| key));
    let mut summaries = summaries.into_iter();
    keyed.map(|cases| {
        summaries
            .next()
            .map(|summary| grouped(summary, cases, &whole))
            .unwrap_or_default()
    })
}

/// A case with the finding to which it belongs.
type Keyed<'a> = (Key, &'a Case, &'a Seen);

fn keyed(summary: &Summary) -> Vec<Keyed<'_>> {
    let cases = summary.cases.iter();
    cases
        .filter_map(|(case, seen)| Some((case.finding()?, case, seen)))
        .collect()
}

fn grouped<'a>(
    summary: &'a Summary,
    cases: Vec<Keyed<'a>>,
    whole: &HashMap<Key, Key>,
) -> Vec<Finding<'a>> {
    let mut groups: HashMap<Key, Vec<(&Case, &Seen)>> = HashMap::new();
    for (key, case, seen) in cases {
        let key = whole.get(&key).cloned().unwrap_or(key);
        groups.entry(key).or_default().push((case, seen));
    }
    let totals = totals(summary);
    let mut findings: Vec<Finding<'_>> = groups
        .into_iter()
        .map(|(key, cases)| {
            let there = (&key.comm, &key.filesystem, &key.disk);
            let of = totals.get(&there).copied().unwrap_or_default();
            Finding::of(key, of, cases)
        })
        .collect();
    findings.sort_by(|a, b| {
        let rank = |finding: &Finding<'_>| (finding.key.harm, Reverse(finding.volume.count));
        (rank(a), &a.key).cmp(&(rank(b), &b.key))
    });
    findings
}

/// A program on a filesystem and a disk.
type There<'a> = (&'a Arc<str>, &'a Option<Arc<str>>, &'a Option<Arc<str>>);

/// All direct requests of each program there, without probing.
fn totals(summary: &Summary) -> HashMap<There<'_>, u64> {
    let mut totals = HashMap::new();
    for (place, tally) in &summary.places {
        let there = (&place.comm, &place.file.filesystem, &place.file.disk);
        *totals.entry(there).or_default() += tally.total().count - tally.probing().count;
    }
    totals
}
