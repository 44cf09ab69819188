//! The probes' programs, made ready for this kernel one by one, when they are asked for.

use std::{
    collections::HashMap,
    os::fd::{OwnedFd, RawFd},
    sync::OnceLock,
};

use anyhow::{Context, Result};

use crate::kernel::{
    machine::{btf::KernelTypes, features},
    program::{constants::Constants, dump::Dump, optimise, task_stack, wrap::Unpreempted},
    sys::{
        bpf::Program,
        code::{Code, TooFar},
        refusal::is_log_wanted,
    },
};

/// Every program, with maps and constants filled in.
pub(in crate::kernel) struct Programs {
    programs: HashMap<String, Prepared>,
    constants: Constants,
    /// The map that leads to a shared program.
    shared_map: RawFd,
    btf: Option<OwnedFd>,
    unpreempted: Option<Unpreempted>,
    has_private_stacks: bool,
    has_loop: bool,
    dump: Option<Dump>,
}

/// A program as compiled, and optimised once it is asked for.
struct Prepared {
    compiled: Code,
    optimised: OnceLock<Code>,
}

impl Programs {
    /// Programs as compiled, by name.
    pub(super) fn new(
        programs: HashMap<String, Code>,
        constants: Constants,
        shared_map: RawFd,
        btf: Option<OwnedFd>,
        types: &KernelTypes,
        dump: Option<Dump>,
    ) -> Self {
        let prepared = |compiled| Prepared {
            compiled,
            optimised: OnceLock::new(),
        };
        Self {
            programs: programs
                .into_iter()
                .map(|(name, code)| (name, prepared(code)))
                .collect(),
            constants,
            shared_map,
            btf,
            unpreempted: Unpreempted::of_running_kernel(types),
            has_private_stacks: features::has_private_stacks(types),
            has_loop: features::has_loop(types),
            dump,
        }
    }

    /// A program that does its work where it is attached.
    pub(in crate::kernel) fn whole(&self, program: &str) -> Result<Program<'_>> {
        self.make(program, |code| self.wrap(code))
    }

    /// A program that does its work where others pass on to it.
    pub(in crate::kernel) fn shared(&self, program: &str) -> Result<Program<'_>> {
        self.make(program, |code| {
            self.wrap(code)?;
            if self.has_private_stacks {
                task_stack::keep_on_task_stack(code);
            }
            Ok(())
        })
    }

    /// A program that passes on to the one in a map of its own. The kernel does not let it ask for
    /// anything that it would have to give back.
    pub(in crate::kernel) fn passing_on(&self, program: &str, to: RawFd) -> Result<Program<'_>> {
        self.make(program, |code| {
            code.replace_map(self.shared_map, to);
            Ok(())
        })
    }

    /// Whether programs keep the kernel from preempting them.
    pub(in crate::kernel) const fn are_unpreempted(&self) -> bool {
        self.unpreempted.is_some()
    }

    fn wrap(&self, code: &mut Code) -> Result<(), TooFar> {
        self.unpreempted
            .map_or(Ok(()), |unpreempted| unpreempted.wrap(code))
    }

    fn make(
        &self,
        program: &str,
        finish: impl Fn(&mut Code) -> Result<(), TooFar>,
    ) -> Result<Program<'_>> {
        let (name, prepared) = self
            .programs
            .get_key_value(program)
            .with_context(|| format!("the embedded eBPF object has no program {program}"))?;
        let finished = |mut code: Code| finish(&mut code).map(|()| code);
        let plain = is_log_wanted().then(|| finished(self.plain(prepared)));
        Ok(Program {
            name,
            code: finished(self.optimised(name, prepared).clone())?,
            plain: plain.transpose()?,
            btf: self.btf.as_ref(),
        })
    }

    fn optimised<'a>(&self, name: &str, prepared: &'a Prepared) -> &'a Code {
        let dump = |step, code: &Code| {
            if let Some(dump) = &self.dump {
                dump.write(name, step, code);
            }
        };
        prepared.optimised.get_or_init(|| {
            let mut code = prepared.compiled.clone();
            dump("compiled", &code);
            optimise::prune(&mut code, &self.constants);
            dump("pruned", &code);
            if !optimise::is_plain_wanted() {
                optimise::fold(&mut code);
                dump("folded", &code);
            }
            code
        })
    }

    /// The program as compiled, as far as this kernel takes that.
    fn plain(&self, prepared: &Prepared) -> Code {
        let mut code = prepared.compiled.clone();
        if !self.has_loop {
            optimise::prune(&mut code, &self.constants);
        }
        code
    }
}
