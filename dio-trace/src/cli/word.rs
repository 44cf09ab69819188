//! Words as values of options: the help lists them with their meanings.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::model::Word;

/// Reads a word of one enumeration.
pub(super) fn word<W: Word + Send + Sync>() -> impl TypedValueParser<Value = W> {
    let values = W::ALL
        .iter()
        .map(|one| PossibleValue::new(one.word()).help(one.meaning()));
    PossibleValuesParser::new(values)
        .try_map(|word| W::from_word(&word).ok_or_else(|| format!("{word:?} is not known")))
}
