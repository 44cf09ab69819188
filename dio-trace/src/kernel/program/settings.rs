//! What the probes are told before they are loaded.

use dio_trace_ebpf::abi::{
    settings::{COMPLETION_SLOTS, COMPLETIONS, Settings},
    slot::SLOT_BITS,
};

use crate::{
    kernel::{
        machine::{
            btf::KernelTypes,
            features::{flags_are_wait, has_loop, skips_preempted_programs},
            proc::possible_cpus,
            symbols::Symbols,
        },
        options::Options,
    },
    model::RuleSet,
};

/// The settings for one trace on the running kernel.
pub(in crate::kernel) fn settings(
    options: &Options,
    types: &KernelTypes,
    symbols: &Symbols,
    rule_set: RuleSet,
) -> Settings {
    let mut completions = [0; COMPLETION_SLOTS];
    for (slot, (name, _)) in completions.iter_mut().zip(COMPLETIONS) {
        *slot = symbols.address(name);
    }
    let slot_bits = slot_bits(types);
    Settings {
        completions,
        counter_rows: counter_rows(slot_bits),
        rule_set: rule_set as u32,
        detail_aligned: u32::from(options.all),
        only_traced: u32::from(options.command || !options.processes.is_empty()),
        detail_rate: options.detail_rate,
        stacks: u32::from(options.stacks),
        has_loop: u32::from(has_loop(types)),
        dio_flags_are_wait: u32::from(flags_are_wait(types)),
        pairs: u32::from(skips_preempted_programs(types)),
        slot_bits,
        own_pid: std::process::id(),
    }
}

/// Rows of each counting table: all slots, or what a hash map has room for.
fn counter_rows(slot_bits: u32) -> u64 {
    /// Memory that a hash map may take, bytes; the number of rows follows from the number
    /// of CPUs, since each row has a value for each CPU.
    const MEMORY: u32 = 8 << 20;
    /// Rows of each table all the same: each is made before tracing begins, which takes time. What
    /// finds no row within one interval is counted without its file.
    const MOST: u32 = 8_192;
    /// So that room for what tells no processes apart is left (`RowLimits`).
    const LEAST: u32 = 1_024;
    /// Bytes of a row besides its values: key, hash links.
    const ROW: u32 = 128;
    const VALUE: u32 = 16;
    if slot_bits != 0 {
        return 1 << slot_bits;
    }
    let rows = MEMORY / (ROW + VALUE * possible_cpus());
    rows.clamp(LEAST, MOST).into()
}

/// Binary logarithm of the slots of the probes' tables: a thousand requests in flight for each CPU.
fn slot_bits(types: &KernelTypes) -> u32 {
    if !cfg!(target_arch = "x86_64") || !has_loop(types) {
        return 0;
    }
    let wanted = possible_cpus().saturating_mul(1_024);
    wanted
        .next_power_of_two()
        .ilog2()
        .clamp(*SLOT_BITS.start(), *SLOT_BITS.end())
}
