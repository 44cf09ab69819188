//! Lists of words in a sentence.

/// Words joined as in a sentence: `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let Some((last, first)) = words.split_last() else {
        return String::new();
    };
    let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
    match first.as_slice() {
        [] => last.as_ref().to_owned(),
        first => format!("{} and {}", first.join(", "), last.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_word_follows_an_and() {
        assert_eq!(listed::<&str>(&[]), "");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b"]), "a and b");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }
}
