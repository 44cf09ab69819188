//! The settings that the probes are loaded with: the choices for this trace, and the kernel's features.

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
    let cpus = possible_cpus();
    let slot_bits = slot_bits(has_loop(types), cpus);
    Settings {
        completions,
        counter_rows: counter_rows(slot_bits, cpus),
        rule_set: rule_set as u32,
        detail_aligned: u32::from(options.all),
        only_traced: u32::from(options.command || !options.processes.is_empty()),
        detail_rate: options.detail_rate,
        stacks: u32::from(options.stacks),
        has_loop: u32::from(has_loop(types)),
        dio_flags_are_wait: u32::from(flags_are_wait(types)),
        pairs: u32::from(skips_preempted_programs(types)),
        slot_bits,
        sees_fallback: u32::from(symbols.address("direct_write_fallback") != 0),
        reserved: 0,
        own_pid: std::process::id(),
    }
}

/// Rows of each counting table: as many as there are slots or, in a hash map, as fit into its memory.
fn counter_rows(slot_bits: u32, cpus: u32) -> u64 {
    /// Memory that a hash map may take, bytes. The number of rows follows from the number of CPUs,
    /// because each row has a value for each CPU.
    const MEMORY: u32 = 8 << 20;
    /// More rows are not made: each is created before tracing begins, which takes time. A request that
    /// finds no row within one interval is counted without its file.
    const MOST: u32 = 8_192;
    /// Fewer rows are not made: room must remain for rows that do not distinguish processes
    /// (`RowLimits`).
    const LEAST: u32 = 1_024;
    /// Bytes of a row in addition to its values: key, hash links.
    const ROW: u32 = 128;
    const VALUE: u32 = 16;
    if slot_bits != 0 {
        return 1 << slot_bits;
    }
    let rows = MEMORY / VALUE.saturating_mul(cpus).saturating_add(ROW);
    rows.clamp(LEAST, MOST).into()
}

/// Binary logarithm of the number of slots of the probes' tables: room for a thousand requests in flight
/// for each CPU. 0 where slots cannot be used.
fn slot_bits(has_loop: bool, cpus: u32) -> u32 {
    if !cfg!(target_arch = "x86_64") || !has_loop {
        return 0;
    }
    let wanted = cpus.saturating_mul(1_024).max(1);
    // Rounded up to a power of two.
    let bits = u32::BITS - (wanted - 1).leading_zeros();
    bits.clamp(*SLOT_BITS.start(), *SLOT_BITS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPUS: [u32; 7] = [0, 1, 2, 48, 64, 8_192, u32::MAX];

    #[test]
    fn slots_are_a_thousand_for_each_cpu_within_limits() {
        assert!(CPUS.iter().all(|cpus| slot_bits(false, *cpus) == 0));
        if !cfg!(target_arch = "x86_64") {
            return;
        }
        assert!(
            CPUS.iter()
                .all(|cpus| SLOT_BITS.contains(&slot_bits(true, *cpus)))
        );
        assert_eq!(slot_bits(true, 8), 13);
        assert_eq!(slot_bits(true, 9), 14, "rounded up");
        assert!(CPUS.is_sorted_by_key(|cpus| slot_bits(true, *cpus)));
    }

    #[test]
    fn a_hash_map_keeps_to_its_memory_and_has_enough_rows() {
        assert_eq!(counter_rows(12, 4), 1 << 12, "one for each slot");
        assert_eq!(counter_rows(0, 1), 8_192);
        let rows = counter_rows(0, 128);
        assert!(rows * (128 + 16 * 128) <= 8 << 20);
        assert_eq!(counter_rows(0, u32::MAX), 1_024);
    }
}
