//! The running kernel: what it is, what its probes are attached to, and what they see. Nothing
//! outside this module knows aya.

mod attach;
mod block;
mod branches;
mod btf;
mod capabilities;
mod capture;
mod cgroup;
mod constants;
mod dead_code;
mod decode;
mod evidence;
mod files;
mod filesystem_devices;
mod hooks;
mod in_flight;
mod instructions;
mod kretprobe;
mod layout;
mod live;
mod log;
mod misses;
mod names;
mod nothing_attached;
mod object;
mod plan;
mod preemption;
mod preflight;
mod probing;
mod settings;
mod shared_program;
mod stacks;
mod symbols;
mod tracing;
mod trampolines;
mod uses;

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
