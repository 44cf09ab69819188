//! The vocabularies of the program, for everything that lists or explains their words: help, schema
//! and documentation.

use std::fmt::Write;

use dio_trace_ebpf::words::{
    Cause, Engine, Flag, Interface, LossCause, Operation, Reason, RuleSet, Verdict, Word,
};

/// Words that answer one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// [`Verdict`].
    Verdicts,
    /// [`Reason`].
    Reasons,
    /// [`Flag`].
    Flags,
    /// [`Operation`].
    Operations,
    /// [`Interface`].
    Interfaces,
    /// [`Engine`].
    Engines,
    /// [`Cause`].
    Causes,
    /// [`RuleSet`].
    RuleSets,
    /// [`LossCause`].
    Losses,
}

impl Vocabulary {
    /// Every vocabulary.
    pub const ALL: [Self; 9] = [
        Self::Verdicts,
        Self::Reasons,
        Self::Flags,
        Self::Operations,
        Self::Interfaces,
        Self::Engines,
        Self::Causes,
        Self::RuleSets,
        Self::Losses,
    ];

    /// Its name: a plural, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verdicts => "verdicts",
            Self::Reasons => "reasons",
            Self::Flags => "flags",
            Self::Operations => "operations",
            Self::Interfaces => "interfaces",
            Self::Engines => "engines",
            Self::Causes => "causes",
            Self::RuleSets => "rule sets",
            Self::Losses => "losses",
        }
    }

    /// Its words with their meanings, in the order in which they are declared.
    #[must_use]
    pub fn meanings(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Verdicts => of::<Verdict>(),
            Self::Reasons => of::<Reason>(),
            Self::Flags => of::<Flag>(),
            Self::Operations => of::<Operation>(),
            Self::Interfaces => of::<Interface>(),
            Self::Engines => of::<Engine>(),
            Self::Causes => of::<Cause>(),
            Self::RuleSets => of::<RuleSet>(),
            Self::Losses => of::<LossCause>(),
        }
    }

    /// Its words in one line, separated by commas.
    #[must_use]
    pub fn line(self) -> String {
        let words: Vec<&str> = self.meanings().into_iter().map(|(word, _)| word).collect();
        words.join(", ")
    }

    /// Its words with their meanings as a Markdown table.
    #[must_use]
    pub fn markdown(self) -> String {
        let mut table = String::from("| word | meaning |\n|---|---|\n");
        for (word, meaning) in self.meanings() {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "| `{word}` | {meaning} |");
        }
        table
    }
}

fn of<W: Word>() -> Vec<(&'static str, &'static str)> {
    W::ALL
        .iter()
        .map(|one| (one.word(), one.meaning()))
        .collect()
}
