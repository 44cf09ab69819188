//! Harm: how bad the fate of a request is, by which findings are ordered.

use serde::Serialize;

use crate::model::{Flag, Flags, Verdict};

/// The harm of a request, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// Done although it breaks a rule that applies: data may be damaged.
    Dangerous,
    /// Failed, because it broke an alignment rule.
    Rejected,
    /// Served by the page cache despite `O_DIRECT`.
    Buffered,
    /// Failed for another reason.
    Failed,
    /// Misaligned, yet done directly: it may fail on another kernel or disk.
    Accepted,
    /// Aligned and done directly, but slower or shorter than the program expects.
    Slow,
}

impl Harm {
    /// Worst first.
    pub const ALL: [Self; 6] = [
        Self::Dangerous,
        Self::Rejected,
        Self::Buffered,
        Self::Failed,
        Self::Accepted,
        Self::Slow,
    ];

    /// The harm of requests with this verdict and these flags; `None` where there is nothing to report.
    #[must_use]
    pub fn of(verdict: Verdict, flags: Flags) -> Option<Self> {
        if flags.contains(Flag::Probing) || flags.contains(Flag::WouldBlock) {
            return None;
        }
        if flags.contains(Flag::Unchecked) {
            return Some(Self::Dangerous);
        }
        match verdict {
            Verdict::Rejected => Some(Self::Rejected),
            Verdict::Buffered => Some(Self::Buffered),
            Verdict::Failed => Some(Self::Failed),
            Verdict::Accepted => Some(Self::Accepted),
            Verdict::Aligned => slow(flags).map(|_| Self::Slow),
        }
    }

    /// Whether something went wrong: the others only may, or cost time.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        match self {
            Self::Dangerous | Self::Rejected | Self::Buffered | Self::Failed => true,
            Self::Accepted | Self::Slow => false,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dangerous => "dangerous",
            Self::Rejected => "rejected",
            Self::Buffered => "buffered",
            Self::Failed => "failed",
            Self::Accepted => "accepted",
            Self::Slow => "slow",
        }
    }
}

/// The flag for which an aligned request is reported; `None` where there is nothing to report.
pub(super) fn slow(flags: Flags) -> Option<Flag> {
    flags.iter().find(|flag| match flag {
        Flag::Short | Flag::Late | Flag::Serialised | Flag::ReadModifyWrite => true,
        // Danger, and what is no harm.
        Flag::Unchecked | Flag::Probing | Flag::WouldBlock => false,
        Flag::EndOfFile | Flag::Copied | Flag::Hole | Flag::Extends | Flag::Atomic => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danger_is_the_worst_and_probing_no_harm() {
        let of = |verdict, flags: &[Flag]| Harm::of(verdict, Flags::of(flags));
        assert_eq!(
            of(Verdict::Accepted, &[Flag::Unchecked]),
            Some(Harm::Dangerous)
        );
        assert_eq!(of(Verdict::Rejected, &[Flag::Probing]), None);
        assert_eq!(of(Verdict::Failed, &[Flag::WouldBlock]), None);
        assert_eq!(of(Verdict::Aligned, &[Flag::Copied]), None);
        assert_eq!(of(Verdict::Aligned, &[Flag::Serialised]), Some(Harm::Slow));
        assert!(Harm::ALL.is_sorted());
    }
}
