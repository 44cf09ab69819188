//! What the eBPF probes and userspace share: the words of a verdict ([`words`]), the alignment
//! rules of each kernel generation ([`rules`]) and the binary layout of everything that crosses
//! from the kernel ([`abi`]), and what is known of each filesystem ([`filesystems`]).
//!
//! Nothing here allocates, and all of it compiles for the eBPF target and for the host, so the
//! code that classifies a request in the kernel is the code that host tests exercise.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

pub mod abi;
pub mod filesystems;
pub mod lifecycle;
pub mod memory;
pub mod rules;
pub mod table;
pub mod verifier;
pub mod words;
