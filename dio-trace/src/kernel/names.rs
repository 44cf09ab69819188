//! Names of processes and threads.

use std::sync::Arc;

use crate::{hash::Map, kernel::files::word};

/// Names remembered; more than any host has at a time.
const CAPACITY: usize = 16_384;

/// Names by what the probes deliver, so that equal ones share their text.
#[derive(Debug, Default)]
pub(super) struct Names(Map<[u8; 16], Arc<str>>);

impl Names {
    /// Text of a NUL-padded name.
    pub(super) fn name(&mut self, padded: &[u8; 16]) -> Arc<str> {
        if let Some(known) = self.0.get(padded) {
            return Arc::clone(known);
        }
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        let name = word(padded).unwrap_or_else(|| "".into());
        self.0.insert(*padded, Arc::clone(&name));
        name
    }
}
