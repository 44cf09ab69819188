//! The headline: what is wrong, how much of it, and who, in one sentence for every output.

use std::{fmt, time::Duration};

use crate::{
    findings::{faults::Faults, harm::Harm},
    model::{Losses, printable},
    text::{duration, listed, number, percent},
};

/// Number of programs that are named.
const NAMED: usize = 3;

/// The colour of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// None.
    Plain,
    /// All is well.
    Good,
    /// The colour of this harm.
    Harm(Harm),
    /// Numbers that cannot be relied on.
    Alarm,
}

/// A part of the sentence. On a narrow screen the last ones are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its colour.
    pub tone: Tone,
    /// Its text, with the blanks and commas around it. Safe for a terminal.
    pub text: String,
}

/// One sentence, without a full stop, the most important part first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// Its parts.
    pub pieces: Vec<Piece>,
}

impl Headline {
    /// The sentence on requests that were seen in this time.
    #[must_use]
    pub fn of(faults: &Faults, time: Duration, losses: &Losses) -> Self {
        let mut headline = Self::default();
        let time = duration(time);
        let total = faults.total();
        if total == 0 {
            headline.add(Tone::Plain, format!("No direct requests seen in {time}"));
        } else if faults.faults() == 0 {
            headline.add(Tone::Good, "0 faults".to_owned());
            let of = format!(" of {} direct requests in {time}", number(total));
            headline.add(Tone::Plain, of);
            headline.accepted(faults, "");
        } else {
            headline.faults(faults, &time);
        }
        let gap = if faults.faults() + faults.of(Harm::Accepted) == 0 {
            ", "
        } else {
            "; "
        };
        let (tone, lost) = match (losses.is_empty(), losses.counts_are_exact()) {
            (true, _) => (Tone::Good, "nothing lost"),
            (false, true) => (Tone::Plain, "counts exact, some details lost"),
            (false, false) => (Tone::Alarm, "REQUESTS LOST: counts are not exact"),
        };
        headline.add(tone, format!("{gap}{lost}"));
        headline
    }

    fn faults(&mut self, faults: &Faults, time: &str) {
        let total = faults.total();
        let kinds: Vec<Harm> = Harm::ALL
            .into_iter()
            .filter(|harm| harm.is_fault() && faults.of(*harm) != 0)
            .collect();
        for (index, harm) in kinds.iter().enumerate() {
            let gap = match index {
                0 => "",
                last if last + 1 == kinds.len() => " and ",
                _ => ", ",
            };
            let text = format!("{gap}{} {}", number(faults.of(*harm)), harm.word());
            self.add(Tone::Harm(*harm), text);
        }
        let share = percent(faults.faults(), total);
        self.add(
            Tone::Plain,
            format!(" of {} direct requests ({share})", number(total)),
        );
        let who = who(&faults.programs(Harm::is_fault));
        self.add(Tone::Plain, format!(", by {who}"));
        self.add(Tone::Plain, format!(", in {time}"));
        self.accepted(faults, " more");
    }

    fn accepted(&mut self, faults: &Faults, more: &str) {
        let accepted = faults.of(Harm::Accepted);
        if accepted == 0 {
            return;
        }
        let mut text = format!("; {}{more} accepted although misaligned", number(accepted));
        if more.is_empty() {
            let who = who(&faults.programs(|harm| harm == Harm::Accepted));
            text.push_str(&format!(", by {who}"));
        }
        self.add(Tone::Harm(Harm::Accepted), text);
    }

    /// Adds a piece at the end.
    pub fn add(&mut self, tone: Tone, text: String) {
        self.pieces.push(Piece { tone, text });
    }
}

impl fmt::Display for Headline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces
            .iter()
            .try_for_each(|one| f.write_str(&one.text))
    }
}

fn who<S: AsRef<str>>(programs: &[S]) -> String {
    let name = |comm: &S| match comm.as_ref() {
        "" => "an unknown program".to_owned(),
        comm => printable(comm).into_owned(),
    };
    let shown = if programs.len() > NAMED {
        NAMED - 1
    } else {
        NAMED
    };
    let mut names: Vec<String> = programs.iter().take(shown).map(name).collect();
    if let Some(rest @ 1..) = programs.len().checked_sub(shown) {
        names.push(format!("{} more programs", number(rest as u64)));
    }
    if names.is_empty() {
        names.push("many programs".to_owned());
    }
    listed(&names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Flag, Flags, Loss, LossCause, Verdict};

    fn sentence(rows: &[(&str, Verdict, Flags, u64)], losses: &[LossCause]) -> String {
        let mut faults = Faults::default();
        for (comm, verdict, flags, count) in rows {
            faults.add_total(*count);
            faults.count(&(*comm).into(), *verdict, *flags, *count);
        }
        let mut lost = Losses::default();
        for cause in losses {
            lost.add(Loss {
                cause: *cause,
                count: 1,
            });
        }
        Headline::of(&faults, Duration::from_secs(600), &lost).to_string()
    }

    #[test]
    fn nothing_wrong_is_said_as_clearly_as_a_fault() {
        let clean = ("fio", Verdict::Aligned, Flags::NONE, 1_234_567);
        let probing = ("qemu", Verdict::Rejected, Flags::of(&[Flag::Probing]), 3);
        let waits = ("fio", Verdict::Failed, Flags::of(&[Flag::WouldBlock]), 4);
        assert_eq!(
            sentence(&[clean], &[]),
            "0 faults of 1,234,567 direct requests in 10 min, nothing lost"
        );
        assert_eq!(
            sentence(&[clean, probing, waits], &[LossCause::StackUnavailable]),
            "0 faults of 1,234,574 direct requests in 10 min, counts exact, some details lost"
        );
        assert_eq!(
            sentence(&[], &[]),
            "No direct requests seen in 10 min, nothing lost"
        );
    }

    #[test]
    fn the_worst_comes_first_with_who_did_it() {
        let rows = [
            ("postgres", Verdict::Aligned, Flags::NONE, 6_759),
            ("postgres", Verdict::Buffered, Flags::NONE, 3_631),
        ];
        assert_eq!(
            sentence(&rows, &[]),
            "3,631 buffered of 10,390 direct requests (34.9%), by postgres, in 10 min; nothing lost"
        );
        let unchecked = Flags::of(&[Flag::Unchecked]);
        let rows = [
            ("a", Verdict::Accepted, unchecked, 1),
            ("b", Verdict::Rejected, Flags::NONE, 3),
            ("c", Verdict::Failed, Flags::NONE, 90),
            ("d", Verdict::Failed, Flags::NONE, 100),
            ("e", Verdict::Accepted, Flags::NONE, 6),
        ];
        assert_eq!(
            sentence(&rows, &[LossCause::InFlightFull]),
            "1 dangerous, 3 rejected and 190 failed of 200 direct requests (97.0%), by a, b and 2 more \
             programs, in 10 min; 6 more accepted although misaligned; REQUESTS LOST: counts are not \
             exact"
        );
    }

    #[test]
    fn what_may_fail_elsewhere_is_no_fault_and_not_hidden() {
        let rows = [("fio", Verdict::Accepted, Flags::NONE, 32)];
        assert_eq!(
            sentence(&rows, &[]),
            "0 faults of 32 direct requests in 10 min; 32 accepted although misaligned, by fio; nothing \
             lost"
        );
    }
}
