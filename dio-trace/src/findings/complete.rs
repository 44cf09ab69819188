//! Completes keys: requests that were only counted do not say where in the program they came from, and in
//! older recordings not with which error they failed.

use std::collections::HashMap;

use crate::findings::key::Key;

/// For each key that lacks the error or the call site, the key of the finding to which its requests
/// belong: the only one that agrees in everything else. Where several do, nothing is guessed.
#[must_use]
pub fn complete<'a>(keys: impl IntoIterator<Item = &'a Key>) -> HashMap<Key, Key> {
    let mut kin: HashMap<Key, Vec<&Key>> = HashMap::new();
    for key in keys {
        let coarse = Key {
            errno: 0,
            call_site: None,
            ..key.clone()
        };
        kin.entry(coarse).or_default().push(key);
    }
    let mut found: HashMap<Key, Key> = HashMap::new();
    for mut keys in kin.into_values().filter(|keys| keys.len() > 1) {
        keys.sort_by_key(|key| std::cmp::Reverse(known(key)));
        for (index, one) in keys.iter().enumerate() {
            let more = keys[..index].iter().copied().filter(|other| {
                known(other) > known(one)
                    && (one.errno == 0 || one.errno == other.errno)
                    && (one.call_site.is_none() || one.call_site == other.call_site)
            });
            let mut wholes: Vec<&Key> = more
                .map(|other| found.get(other).unwrap_or(other))
                .collect();
            wholes.sort();
            wholes.dedup();
            if let [only] = wholes[..] {
                let only = only.clone();
                found.insert((*one).clone(), only);
            }
        }
    }
    found
}

/// How much of what may be missing is known.
fn known(key: &Key) -> u8 {
    u8::from(key.errno != 0) + u8::from(key.call_site.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        findings::Traits,
        model::{Flags, Reasons, Verdict},
    };

    fn key(errno: i64, call_site: Option<&str>) -> Key {
        let traits = Traits {
            verdict: Verdict::Rejected,
            reasons: Reasons::NONE,
            flags: Flags::NONE,
            errno,
            cause: None,
        };
        Key {
            call_site: call_site.map(Into::into),
            ..Key::of(traits).unwrap()
        }
    }

    #[test]
    fn counted_requests_belong_to_the_only_error_that_was_seen() {
        let (counted, seen) = (key(0, None), key(22, None));
        let found = complete([&counted, &seen]);
        assert_eq!(found[&counted], seen);
        assert!(!found.contains_key(&seen));
    }

    #[test]
    fn of_several_errors_or_places_none_is_guessed() {
        let keys = [key(0, None), key(22, None), key(5, None)];
        assert!(complete(&keys).is_empty());
        let keys = [key(0, None), key(22, Some("a")), key(22, Some("b"))];
        assert!(complete(&keys).is_empty());
        let keys = [key(0, None), key(22, None), key(22, Some("a"))];
        let found = complete(&keys);
        assert_eq!(found[&keys[0]], keys[2]);
        assert_eq!(found[&keys[1]], keys[2]);
    }
}
