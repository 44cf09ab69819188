//! When no probe that sees requests can be attached.

use std::fmt;

use crate::model::Attachment;

/// None of the probes that see direct I/O could be attached.
#[derive(Clone, Debug)]
pub struct NothingAttached {
    /// The whole plan, with the reasons.
    pub attachments: Vec<Attachment>,
}

impl fmt::Display for NothingAttached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self
            .attachments
            .iter()
            .find_map(|attachment| attachment.note.as_deref());
        let reason = reason.unwrap_or("the kernel gave no reason");
        write!(
            f,
            "none of the probes that see direct I/O could be attached: {reason}"
        )
    }
}

impl std::error::Error for NothingAttached {}
