//! A glob, which matches a whole text.

use globset::{GlobBuilder, GlobMatcher};

/// A glob that must match the whole text: `*` stands for any characters including `/`, `?` for one,
/// `[ab]` for one of these, `{a,b}` for either.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Reads a glob.
    ///
    /// # Errors
    /// Where it is not a glob; the message says why.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).build().map_err(|error| {
            format!(
                "{text:?} is not a pattern: {}; write [*] for a literal *",
                error.kind()
            )
        })?;
        Ok(Self {
            text: text.to_owned(),
            matcher: glob.compile_matcher(),
        })
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matcher.is_match(text)
    }

    /// The glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::new(text)
    }
}
