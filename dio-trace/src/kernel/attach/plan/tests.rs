//! Laws of the plan: its names, its order, and its programs.

use std::collections::HashSet;

use dio_trace_ebpf::abi::settings::COMPLETIONS;

use super::*;
use crate::kernel::{
    attach::roles::{BOUNDED, Phase, passes_on_to},
    program::object::embedded_programs,
};

/// Sources of the entry points, one file each.
const SOURCES: [&str; 8] = [
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/bio.rs"),
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/completion.rs"),
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/engine.rs"),
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/inside.rs"),
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/process.rs"),
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/request.rs"),
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/shared.rs"),
    include_str!("../../../../../dio-trace-ebpf/src/bpf/probes/superblock.rs"),
];

/// Every program that a hook may ask for.
fn programs() -> HashSet<String> {
    let mut names = HashSet::new();
    for hook in PLAN {
        let programs = hook.role.programs();
        let kprobes = [programs.kprobe, programs.kretprobe];
        for kprobe in kprobes.into_iter().flatten() {
            names.insert(kprobe.to_owned());
            if programs.bounded {
                names.insert(format!("{kprobe}{BOUNDED}"));
            }
        }
        let exits = programs.fexit.iter().map(|(_, program)| *program);
        for program in exits.chain(programs.fentry) {
            names.insert(program.to_owned());
            names.insert(passes_on_to(program).to_owned());
        }
        for (_, btf, raw) in programs.tracepoint {
            names.extend([(*btf).to_owned(), (*raw).to_owned()]);
        }
    }
    names
}

#[test]
fn every_program_that_a_hook_asks_for_exists() {
    let words = SOURCES.iter().flat_map(|source| {
        source.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
    });
    let written: HashSet<String> = words.map(str::to_owned).collect();
    let existing = embedded_programs().unwrap_or(written);
    let missing: Vec<_> = programs().difference(&existing).cloned().collect();
    assert!(missing.is_empty(), "not in the probes: {missing:?}");
}

#[test]
fn completions_are_those_that_the_probes_derive_the_interface_from() {
    let completions: Vec<_> = PLAN
        .iter()
        .filter(|hook| hook.role == Role::Completion)
        .map(|hook| hook.function)
        .collect();
    assert_eq!(completions, COMPLETIONS.map(|(function, _)| function));
}

#[test]
fn ends_are_attached_before_beginnings() {
    let phases: Vec<Phase> = in_order().iter().map(|hook| hook.role.phase()).collect();
    assert!(phases.is_sorted());
    assert_eq!(phases.first(), Some(&Phase::Completions));
    assert_eq!(phases.last(), Some(&Phase::Requests));
    assert_eq!(phases.len(), PLAN.len());
}

#[test]
fn no_function_is_hooked_twice() {
    let functions: HashSet<_> = PLAN.iter().map(|hook| hook.function).collect();
    assert_eq!(functions.len(), PLAN.len());
}

#[test]
fn a_condition_names_functions_that_are_attached_before() {
    for (at, hook) in in_order().iter().enumerate() {
        if let Condition::ReturnsMissed { function, .. } = hook.condition {
            let before = in_order()
                .iter()
                .position(|other| other.function == function);
            assert!(
                before.is_some_and(|before| before < at),
                "{}",
                hook.function
            );
        }
    }
}

#[test]
fn essential_hooks_are_of_use_everywhere() {
    let essential: Vec<_> = PLAN.iter().filter(|hook| hook.essential).collect();
    assert!(!essential.is_empty());
    for hook in essential {
        assert_eq!(hook.condition, Condition::Always, "{}", hook.function);
        assert!(!hook.optional && hook.role.phase() >= Phase::Engines);
    }
}

#[test]
fn each_module_is_listed_once() {
    let modules = modules();
    let distinct: HashSet<_> = modules.iter().collect();
    assert_eq!(distinct.len(), modules.len());
    for name in [
        "xfs", "ext4", "btrfs", "f2fs", "fuse", "nfs", "loop", "overlay",
    ] {
        assert!(modules.contains(&name), "{name}");
    }
}
