//! The alignment rules: what each kernel generation asks of a direct request, and the verdict on
//! one. Pure functions over plain values: the probes, the reports and the tests all call these.

mod atomic;
mod geometry;
mod judge;
mod limits;
mod plain;
mod requirement;

pub use atomic::{AtomicUnits, atomic_violations};
pub use geometry::{ALIGNMENT_CAP, Fold, Geometry, Segment, alignment_of};
pub use judge::{Judgement, Outcome, OwnBlocks, judge};
pub use limits::Limits;
pub use plain::is_plain;
pub use requirement::{deviations, portability, violations};
