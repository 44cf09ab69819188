//! Running sums of what is wrong, by kind and program, from which the headline is made.

use std::sync::Arc;

use crate::{
    findings::harm::Harm,
    hash::Map,
    model::{Flags, Record, Verdict},
};

/// Number of programs distinguished: a headline names the worst few.
const PROGRAMS: usize = 1_024;

/// Number of kinds of harm.
const KINDS: usize = Harm::ALL.len();

/// Sums over direct requests. Their order does not matter.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    total: u64,
    kinds: [u64; KINDS],
    programs: Map<Arc<str>, [u64; KINDS]>,
}

impl Faults {
    /// Adds the requests of a record.
    pub fn add(&mut self, record: &Record) {
        self.total = self.total.saturating_add(record.count);
        self.count(&record.comm, record.verdict, record.flags, record.count);
    }

    /// Adds to the number of all direct requests.
    pub fn add_total(&mut self, count: u64) {
        self.total = self.total.saturating_add(count);
    }

    /// Adds requests that are part of the total.
    pub fn count(&mut self, comm: &Arc<str>, verdict: Verdict, flags: Flags, count: u64) {
        let Some(harm) = Harm::of(verdict, flags) else {
            return;
        };
        let add = |sum: &mut u64| *sum = sum.saturating_add(count);
        add(&mut self.kinds[harm as usize]);
        if let Some(program) = self.programs.get_mut(comm) {
            add(&mut program[harm as usize]);
        } else if self.programs.len() < PROGRAMS {
            let program = self.programs.entry(Arc::clone(comm)).or_default();
            add(&mut program[harm as usize]);
        }
    }

    /// Number of all direct requests.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Number of requests with this harm.
    #[must_use]
    pub const fn of(&self, harm: Harm) -> u64 {
        self.kinds[harm as usize]
    }

    /// Number of requests with which something went wrong.
    #[must_use]
    pub fn faults(&self) -> u64 {
        let faults = Harm::ALL.into_iter().filter(|harm| harm.is_fault());
        faults.fold(0, |sum, harm| sum.saturating_add(self.of(harm)))
    }

    /// The programs with this kind of requests, those with the worst harm first, then those with the
    /// most requests.
    pub(super) fn programs(&self, is_meant: impl Fn(Harm) -> bool) -> Vec<&Arc<str>> {
        let meant = |counts: &[u64; KINDS]| {
            let kinds = Harm::ALL.into_iter().filter(|harm| is_meant(*harm));
            kinds
                .map(|harm| counts[harm as usize])
                .collect::<Vec<u64>>()
        };
        let mut programs: Vec<(Vec<u64>, &Arc<str>)> = self
            .programs
            .iter()
            .map(|(comm, counts)| (meant(counts), comm))
            .filter(|(counts, _)| counts.iter().any(|count| *count != 0))
            .collect();
        programs.sort_by(|(a, a_name), (b, b_name)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
        programs.into_iter().map(|(_, comm)| comm).collect()
    }
}
