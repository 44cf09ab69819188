//! The places of the truth test: every device and filesystem, in the order of testing.

mod devices;
mod filesystems;
mod served;
mod stacked;

use super::{place::Place, shell};

/// Every place, in the order of testing.
pub(super) fn places() -> impl Iterator<Item = &'static Place> {
    [
        devices::DEVICES,
        filesystems::FILESYSTEMS,
        stacked::STACKED,
        served::SERVED,
    ]
    .into_iter()
    .flatten()
}

/// Loads every filesystem and driver before the trace starts, because the tracer attaches to what
/// is loaded.
pub(super) fn load_modules() {
    for place in places().filter(|place| !place.module.is_empty()) {
        let _ = shell::script(
            &format!("PATH=$PATH:/sbin:/usr/sbin modprobe -q {}", place.module),
            &[],
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `--only` and the tables of results go by the name.
    #[test]
    fn every_place_has_a_name_of_its_own() {
        let names: Vec<_> = places().map(|place| place.name).collect();
        let different: BTreeSet<_> = names.iter().filter(|name| !name.is_empty()).collect();
        assert_eq!(different.len(), names.len());
    }
}
