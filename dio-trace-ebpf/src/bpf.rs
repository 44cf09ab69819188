//! Everything that runs in the kernel.

mod busy;
mod counters;
mod direct;
mod emit;
mod finish;
mod globals;
mod in_flight;
mod iovec;
mod kiocb;
mod maps;
mod memory;
mod owner;
mod pairs;
mod parties;
mod path;
mod probes;
mod retry;
mod rows;
mod slots;
mod stacks;
mod target;
mod wake;

/// The verifier lets programs that are not GPL-compatible call no tracing helpers.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
