//! Losses: what could not be seen or kept.

use dio_trace_ebpf::words::LossCause;

/// A loss since the previous one of the same cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Its cause.
    pub cause: LossCause,
    /// Number of lost things: requests, details, paths, stacks or bios, by the cause.
    pub count: u64,
}

/// Totals by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses([u64; LossCause::ALL.len()]);

impl Losses {
    /// Adds one loss.
    pub fn add(&mut self, loss: Loss) {
        let total = &mut self.0[loss.cause as usize];
        *total = total.saturating_add(loss.count);
    }

    /// Total of one cause.
    #[must_use]
    pub fn of(&self, cause: LossCause) -> u64 {
        self.0[cause as usize]
    }

    /// The causes that occurred, with their totals.
    pub fn iter(&self) -> impl Iterator<Item = Loss> + '_ {
        LossCause::ALL
            .iter()
            .map(|&cause| Loss {
                cause,
                count: self.of(cause),
            })
            .filter(|loss| loss.count != 0)
    }

    /// Whether nothing at all was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether the counts are exact despite the losses.
    #[must_use]
    pub fn counts_are_exact(&self) -> bool {
        self.iter().all(|loss| loss.cause.keeps_counts_exact())
    }
}
