//! What has been seen, summed up.

mod tally;

pub use tally::{Tally, Volume, Worst};
