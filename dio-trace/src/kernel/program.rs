//! From the embedded eBPF object to the instructions that this kernel is given. Makes no system call.

pub(in crate::kernel) mod object;
mod optimise;
pub(in crate::kernel) mod settings;
pub(in crate::kernel) mod task_stack;
pub(in crate::kernel) mod wrap;
