//! This machine and its kernel: types, symbols, limits, mounts, rights. Knows no program of ours.

pub(in crate::kernel) mod block;
pub(in crate::kernel) mod btf;
mod capabilities;
pub(in crate::kernel) mod features;
pub(in crate::kernel) mod kallsyms;
pub(in crate::kernel) mod layout;
pub(in crate::kernel) mod mounts;
pub(in crate::kernel) mod preemption;
pub(in crate::kernel) mod proc;
pub(in crate::kernel) mod process;
pub(in crate::kernel) mod rule_set;
pub(in crate::kernel) mod symbols;

pub use block::{block_device, block_device_named, block_devices};
pub use btf::KernelTypes;
pub use capabilities::{Needs, keep_only};
pub use layout::Resolved;
pub use mounts::{Mount, mounts};
pub use process::{in_initial_pid_namespace, thread_group};
pub use rule_set::rule_set;
