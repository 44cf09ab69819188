//! Hash tables of the paths that every record takes.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// Seeded anew for each map, and cheaper than the standard hash: there are a million look-ups a
/// second on a busy host.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
/// See [`Map`].
pub(crate) type Set<T> = HashSet<T, RandomState>;
