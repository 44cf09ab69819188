//! The vocabulary: one name for one thing, in the kernel, the recording, the command line and the
//! screen. The numeric values are part of the ABI and of nothing else; words are what recordings
//! store; meanings are what help, schema and documentation say.

#[macro_use]
mod declare;
mod carried;
mod flag;
mod loss;
mod reason;
mod request;
mod rule_set;

pub use carried::{Cause, Engine};
pub use declare::Word;
pub use flag::{Flag, Flags};
pub use loss::LossCause;
pub use reason::{Reason, Reasons};
pub use request::{Interface, Operation, Verdict};
pub use rule_set::{RuleSet, RuleSets};

#[cfg(test)]
mod tests {
    use super::*;

    fn law<W: Word + PartialEq + core::fmt::Debug>() {
        for one in W::ALL {
            assert_eq!(W::from_word(one.word()), Some(*one));
            let meaning = one.meaning();
            let (first, last) = (meaning.chars().next(), meaning.chars().last());
            assert!(
                first.is_some_and(char::is_alphanumeric) || meaning.starts_with("__"),
                "{meaning}"
            );
            assert!(
                !meaning.contains('|'),
                "it ends a cell of a table: {meaning}"
            );
            assert!(
                last.is_some_and(|last| last.is_alphanumeric() || last == ')'),
                "{meaning}"
            );
        }
    }

    #[test]
    fn every_word_is_found_and_has_a_meaning_in_one_form() {
        law::<Verdict>();
        law::<Operation>();
        law::<Interface>();
        law::<Engine>();
        law::<Cause>();
        law::<RuleSet>();
        law::<Reason>();
        law::<Flag>();
        law::<LossCause>();
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        for flag in Flag::ALL {
            let set = Flags::NONE.with(*flag);
            assert_eq!(set, Flags::of(&[*flag]));
            assert!(set.iter().eq([*flag]) && !set.is_empty());
            assert_eq!(Flags::from_bits(set.bits() | 1 << 31), set);
            assert_eq!(Flags::CAPTURED.contains(*flag), flag.is_captured());
            assert_eq!(Flags::ALL.without(set).union(set), Flags::ALL);
            assert_eq!(Flags::ALL.intersection(set), set);
        }
        assert_eq!(Flag::fold(Flags::NONE, Flags::with), Flags::ALL);
    }
}
