//! Hash tables for the code that every record passes.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// A hash map with a seed of its own, cheaper than the standard one: there are a million look-ups a
/// second on a busy host.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
/// A hash set, as [`Map`].
pub(crate) type Set<T> = HashSet<T, RandomState>;
