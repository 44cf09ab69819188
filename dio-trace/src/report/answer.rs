//! Whether a trace is clean.

use crate::{
    model::{Flag, Verdict},
    report::Summary,
};

/// The answer of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All direct requests were aligned.
    Clean,
    /// Some were not, or may damage data.
    Finding,
    /// Unknown: nothing was seen, or requests were lost.
    Inconclusive,
}

/// Judges a whole trace. `accepted`, `buffered` and `rejected` are findings unless they are in
/// `allow`; requests that may damage data always are. `failed` says nothing about alignment.
#[must_use]
pub fn answer(summary: &Summary, allow: &[Verdict]) -> Answer {
    let total = &summary.total;
    let found = [Verdict::Accepted, Verdict::Buffered, Verdict::Rejected]
        .into_iter()
        .any(|verdict| !allow.contains(&verdict) && total.verdict(verdict).count != 0);
    if found || total.flag(Flag::Unchecked).count != 0 {
        Answer::Finding
    } else if summary.is_conclusive() {
        Answer::Clean
    } else {
        Answer::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Flag, Flags, Loss, LossCause, Reasons},
        recording::{Ending, Metadata},
        report::sums::Gathered,
        store::{Volume, Worst},
    };

    fn summary(verdict: Verdict, flags: Flags, losses: &[LossCause]) -> Summary {
        let mut sums = Gathered::default();
        let volume = Volume {
            count: 1,
            bytes: 512,
        };
        sums.total
            .count(volume, verdict, Reasons::NONE, flags, Worst::default());
        for cause in losses {
            sums.losses.add(Loss {
                cause: *cause,
                count: 1,
            });
        }
        let metadata = Metadata::new(crate::recording::tests::environment());
        Summary::new(metadata, Ending::Finished, sums)
    }

    #[test]
    fn verdicts_decide() {
        let of = |verdict, allow: &[_]| answer(&summary(verdict, Flags::NONE, &[]), allow);
        assert_eq!(of(Verdict::Aligned, &[]), Answer::Clean);
        assert_eq!(of(Verdict::Failed, &[]), Answer::Clean);
        assert_eq!(of(Verdict::Accepted, &[]), Answer::Finding);
        assert_eq!(of(Verdict::Accepted, &[Verdict::Accepted]), Answer::Clean);
        assert_eq!(of(Verdict::Rejected, &[Verdict::Accepted]), Answer::Finding);
    }

    #[test]
    fn danger_is_never_allowed_and_probing_no_fault() {
        let dangerous = summary(Verdict::Accepted, Flags::of(&[Flag::Unchecked]), &[]);
        assert_eq!(answer(&dangerous, &[Verdict::Accepted]), Answer::Finding);
        let probing = summary(Verdict::Rejected, Flags::of(&[Flag::Probing]), &[]);
        assert_eq!(answer(&probing, &[]), Answer::Clean);
    }

    #[test]
    fn lost_requests_make_it_inconclusive_and_lost_details_do_not() {
        let of = |cause| answer(&summary(Verdict::Aligned, Flags::NONE, &[cause]), &[]);
        assert_eq!(of(LossCause::InFlightFull), Answer::Inconclusive);
        assert_eq!(of(LossCause::DetailCapped), Answer::Clean);
    }
}
