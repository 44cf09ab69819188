//! What every part of the program talks about: owned, decoded values that know neither how they
//! were captured nor how they are shown.

mod attachment;
mod batch;
mod device;
mod environment;
mod filesystem;
mod loss;
mod printable;
mod record;
mod time;
mod vocabulary;

pub use attachment::{Attachment, Failure, FailureKind};
pub use batch::Batch;
pub use device::DeviceNumber;
pub use dio_trace_ebpf::{
    rules::{AtomicUnits, Geometry, Limits, Segment},
    words::{
        Cause, Engine, Flag, Flags, Interface, LossCause, Operation, Reason, Reasons, RuleSet,
        RuleSets, Verdict, Word,
    },
};
pub use environment::{Device, Environment, Evidence, LimitSource};
pub use filesystem::{Filesystem, RAW_DEVICE};
pub use loss::{Loss, Losses};
pub use printable::printable;
pub use record::{Record, Request};
pub use time::Timestamp;
pub use vocabulary::Vocabulary;
