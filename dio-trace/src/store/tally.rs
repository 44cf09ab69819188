//! Tallies: sums over records.

use crate::model::{Flag, Flags, Reason, Reasons, Record, Verdict};

/// Requests and the bytes they asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Volume {
    /// Number of requests.
    pub count: u64,
    /// Bytes that they asked for.
    pub bytes: u64,
}

impl Volume {
    /// Adds `other`; saturates.
    pub const fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// Smallest alignments among captured requests, bytes; `None` where none was captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worst {
    /// Smallest alignment of memory addresses, bytes.
    pub memory: Option<u32>,
    /// Smallest alignment of segment lengths, bytes.
    pub length: Option<u32>,
    /// Smallest alignment of offsets, bytes.
    pub offset: Option<u32>,
}

impl Worst {
    /// Takes the smaller values of both.
    pub fn lower(&mut self, other: Self) {
        let least = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        self.memory = least(self.memory, other.memory);
        self.length = least(self.length, other.length);
        self.offset = least(self.offset, other.offset);
    }
}

/// All counts over a set of records. They are pure sums: the order of records does not matter.
///
/// Probing requests ([`Flag::Probing`]) are direct requests and part of [`total`](Self::total),
/// but not a fault: they are in [`probing`](Self::probing), and in no verdict, reason or other
/// flag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    verdicts: [Volume; Verdict::ALL.len()],
    reasons: [Volume; Reason::ALL.len()],
    flags: [Volume; Flag::ALL.len()],
    probing: Volume,
    misaligned: Volume,
    worst: Worst,
}

impl Tally {
    /// Adds one record.
    pub fn add(&mut self, record: &Record) {
        let volume = Volume {
            count: record.count,
            bytes: record.bytes,
        };
        let worst = record.request.as_ref().map(|request| Worst {
            memory: Some(request.geometry.memory_alignment()),
            length: Some(request.geometry.length_alignment()),
            offset: Some(request.geometry.offset_alignment()),
        });
        self.count(
            volume,
            record.verdict,
            record.reasons,
            record.flags,
            worst.unwrap_or_default(),
        );
    }

    /// Adds requests that agree in all given values.
    pub fn count(
        &mut self,
        volume: Volume,
        verdict: Verdict,
        reasons: Reasons,
        flags: Flags,
        worst: Worst,
    ) {
        if flags.contains(Flag::Probing) {
            self.probing.add(volume);
            return;
        }
        self.verdicts[verdict as usize].add(volume);
        for reason in reasons.iter() {
            self.reasons[reason as usize].add(volume);
        }
        for flag in flags.iter() {
            self.flags[flag as usize].add(volume);
        }
        if !reasons.is_empty() {
            self.misaligned.add(volume);
        }
        self.worst.lower(worst);
    }

    /// Adds all counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        let pairs = self.verdicts.iter_mut().zip(&other.verdicts);
        let pairs = pairs.chain(self.reasons.iter_mut().zip(&other.reasons));
        for (sum, more) in pairs.chain(self.flags.iter_mut().zip(&other.flags)) {
            sum.add(*more);
        }
        self.probing.add(other.probing);
        self.misaligned.add(other.misaligned);
        self.worst.lower(other.worst);
    }

    /// All direct requests, including probing ones.
    #[must_use]
    pub fn total(&self) -> Volume {
        let mut total = self.probing;
        for volume in &self.verdicts {
            total.add(*volume);
        }
        total
    }

    /// Requests with this verdict.
    #[must_use]
    pub const fn verdict(&self, verdict: Verdict) -> Volume {
        self.verdicts[verdict as usize]
    }

    /// Requests with this reason; a request with several counts for each.
    #[must_use]
    pub const fn reason(&self, reason: Reason) -> Volume {
        self.reasons[reason as usize]
    }

    /// Requests with this flag; a request with several counts for each.
    #[must_use]
    pub const fn flag(&self, flag: Flag) -> Volume {
        match flag {
            Flag::Probing => self.probing,
            _ => self.flags[flag as usize],
        }
    }

    /// Requests that only probed for the alignment in force.
    #[must_use]
    pub const fn probing(&self) -> Volume {
        self.probing
    }

    /// Requests with any reason, whatever their verdict.
    #[must_use]
    pub const fn misaligned(&self) -> Volume {
        self.misaligned
    }

    /// Rejected and buffered requests, which a healthy program never causes.
    #[must_use]
    pub const fn trouble(&self) -> Volume {
        let mut trouble = self.verdict(Verdict::Rejected);
        trouble.add(self.verdict(Verdict::Buffered));
        trouble
    }

    /// Smallest alignments seen.
    #[must_use]
    pub const fn worst(&self) -> Worst {
        self.worst
    }

    /// The share of `count` in all direct requests, in thousandths; 0 where there were none.
    #[must_use]
    pub fn per_thousand(&self, count: u64) -> f64 {
        let total = self.total().count;
        if total == 0 {
            0.0
        } else {
            count as f64 * 1000.0 / total as f64
        }
    }

    /// The reasons that occurred, most frequent first.
    #[must_use]
    pub fn reasons_by_count(&self) -> Vec<(&'static str, Volume)> {
        by_count(Reason::ALL.iter().map(|one| one.word()).zip(self.reasons))
    }

    /// The flags that occurred, most frequent first, without probing.
    #[must_use]
    pub fn flags_by_count(&self) -> Vec<(&'static str, Volume)> {
        by_count(Flag::ALL.iter().map(|one| one.word()).zip(self.flags))
    }
}

fn by_count(pairs: impl Iterator<Item = (&'static str, Volume)>) -> Vec<(&'static str, Volume)> {
    let mut pairs: Vec<_> = pairs.filter(|(_, volume)| volume.count != 0).collect();
    pairs.sort_by_key(|(_, volume)| std::cmp::Reverse(*volume));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[(u64, Verdict, Reasons, Flags)]) -> Tally {
        let mut tally = Tally::default();
        for &(count, verdict, reasons, flags) in rows {
            let volume = Volume {
                count,
                bytes: count * 4096,
            };
            tally.count(volume, verdict, reasons, flags, Worst::default());
        }
        tally
    }

    #[test]
    fn probing_is_in_the_total_and_no_fault() {
        let tally = tally(&[
            (7, Verdict::Aligned, Reasons::NONE, Flags::NONE),
            (
                3,
                Verdict::Rejected,
                Reasons::of(&[Reason::TotalLength]),
                Flags::of(&[Flag::Probing]),
            ),
        ]);
        assert_eq!(
            tally.total(),
            Volume {
                count: 10,
                bytes: 40_960
            }
        );
        assert_eq!(tally.misaligned().count, 0);
        assert_eq!(tally.verdict(Verdict::Rejected).count, 0);
        assert_eq!(tally.flag(Flag::Probing).count, 3);
        assert!(tally.reasons_by_count().is_empty());
    }

    #[test]
    fn merging_equals_counting_together() {
        let rows = [
            (7, Verdict::Aligned, Reasons::NONE, Flags::NONE),
            (
                2,
                Verdict::Rejected,
                Reasons::of(&[Reason::FileOffset, Reason::TotalLength]),
                Flags::of(&[Flag::Late]),
            ),
            (
                1,
                Verdict::Buffered,
                Reasons::NONE,
                Flags::of(&[Flag::Short]),
            ),
        ];
        let mut merged = tally(&rows[..1]);
        merged.merge(&tally(&rows[1..]));
        assert_eq!(merged, tally(&rows));
        assert_eq!(merged.trouble().count, 3);
        assert_eq!(merged.misaligned().count, 2);
        assert!((merged.per_thousand(2) - 200.0).abs() < f64::EPSILON);
    }

    #[test]
    fn nothing_seen_has_no_rate() {
        assert!(Tally::default().per_thousand(0).abs() < f64::EPSILON);
    }
}
