//! The vocabulary: one name for one thing, in the kernel, the recording, the command line and the
//! screen. The numeric values are part of the ABI and of nothing else; words are what recordings
//! store; meanings are what help, schema and documentation say.

#[macro_use]
mod declare;
mod carried;
mod flag;
mod loss;
mod reason;
mod request;
mod rule_set;

pub use carried::{Cause, Engine};
pub use flag::{Flag, Flags};
pub use loss::LossCause;
pub use reason::{Reason, Reasons};
pub use request::{Interface, Operation, Verdict};
pub use rule_set::RuleSet;
