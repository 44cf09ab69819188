//! The running kernel: what it is, what its probes are attached to, and what they see. Nothing
//! outside this module knows aya.

mod attach;
mod block;
mod btf;
mod capabilities;
mod capture;
mod cgroup;
mod decode;
mod evidence;
mod files;
mod layout;
mod live;
mod log;
mod nothing_attached;
mod object;
mod plan;
mod preflight;
mod probing;
mod stacks;
mod symbols;
mod tracing;

pub use attach::{Options, Probes};
pub use block::{block_device, block_device_named, block_devices};
pub use btf::KernelTypes;
pub use capabilities::{Needs, keep_only};
pub use capture::Capture;
pub use evidence::rule_set;
pub use layout::Resolved;
pub use live::Live;
pub use nothing_attached::NothingAttached;
pub use preflight::{Check, State, preflight};
