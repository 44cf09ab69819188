//! What this machine and its kernel are: types, symbols, limits, rights. Knows no program of ours.

pub(in crate::kernel) mod block;
pub(in crate::kernel) mod btf;
mod capabilities;
pub(in crate::kernel) mod features;
pub(in crate::kernel) mod layout;
pub(in crate::kernel) mod preemption;
pub(in crate::kernel) mod proc;
pub(in crate::kernel) mod rule_set;
pub(in crate::kernel) mod symbols;

pub use block::{block_device, block_device_named, block_devices};
pub use btf::KernelTypes;
pub use capabilities::{Needs, keep_only};
pub use layout::Resolved;
pub use rule_set::rule_set;
