//! Sets of rule sets.

use crate::model::RuleSet;

/// A set of rule sets; bit `n` stands for the one with number `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleSets(pub u32);

impl RuleSets {
    /// The rule sets in it, oldest first.
    pub fn iter(self) -> impl Iterator<Item = RuleSet> {
        let all = RuleSet::KNOWN.iter().copied();
        all.filter(move |one| self.0 >> *one as u32 & 1 != 0)
    }
}

impl FromIterator<RuleSet> for RuleSets {
    fn from_iter<I: IntoIterator<Item = RuleSet>>(rule_sets: I) -> Self {
        let bits = rule_sets.into_iter().map(|one| 1 << one as u32);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}
