//! How much a report for reading says.

/// How much a report says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Every finding in full, and all tables, however many there are.
    pub full: bool,
    /// Every file of a finding.
    pub all_files: bool,
}
