//! How the state of a request changes on its way, and what its end amounts to: pure functions over its
//! row, which the probes call and tests exercise on the host.

mod engine;
mod outcome;
mod pairs;
mod retry;
mod seen;

pub use engine::{EngineFlags, has_done, leave_engine};
pub use outcome::{is_plain_request, outcome};
pub use pairs::{is_first, is_seen};
pub use retry::{is_refusal_to_wait, is_reissued_at_completion};
pub use seen::seen_length;
