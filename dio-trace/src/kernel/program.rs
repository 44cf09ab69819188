//! From the embedded eBPF object to the instructions that this kernel is given. Makes no system call
//! but to create maps.

mod constants;
mod dump;
pub(in crate::kernel) mod object;
mod optimise;
pub(in crate::kernel) mod programs;
pub(in crate::kernel) mod settings;
mod task_stack;
pub(in crate::kernel) mod wrap;
