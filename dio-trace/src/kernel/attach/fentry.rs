//! Programs at the entry and the return of functions (fentry, fexit): which program a hook needs,
//! and their loading, on several CPUs at once.
//!
//! The kernel verifies a program again for each function that it is attached to, and for each copy.
//! A program that is wanted more than once is therefore loaded once, and each place gets a small
//! program that passes on to it ([`shared`](super::shared)).

use std::{
    collections::HashMap,
    num::NonZero,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use aya_obj::generated::{
    bpf_attach_type,
    bpf_attach_type::{BPF_TRACE_FENTRY, BPF_TRACE_FEXIT},
};
use dio_trace_ebpf::abi::settings::Settings;

use crate::kernel::{
    attach::{
        error::AttachError,
        hook::Hook,
        roles::{Role, passes_on_to},
        shared::SharedProgram,
    },
    machine::{
        btf::{Function, KernelTypes, Prototype},
        features,
    },
    program::programs::Programs,
    sys::bpf::{self, Link, Program, Target},
};

/// Threads that load programs; more would only wait for each other in the kernel.
const THREADS: usize = 8;

/// A program, and the place in the kernel that it is attached to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::kernel) struct FentryTarget {
    program: &'static str,
    function: Function,
    at_exit: bool,
}

/// Whatever programs must have in common to be loaded as one.
type ShareKey = (&'static str, Prototype, bool);

impl FentryTarget {
    fn share_key(&self) -> ShareKey {
        (self.program, self.function.prototype.clone(), self.at_exit)
    }

    const fn attach_type(&self) -> bpf_attach_type {
        if self.at_exit {
            BPF_TRACE_FEXIT
        } else {
            BPF_TRACE_FENTRY
        }
    }
}

/// The programs for entries and returns, loaded and not.
pub(in crate::kernel) struct FentryPrograms {
    pub(in crate::kernel) programs: Programs,
    module_btf: HashMap<String, OwnedFd>,
    has_loop: bool,
    pairs: bool,
    skips_running_programs: bool,
    shared: HashMap<ShareKey, SharedProgram>,
    loaded: HashMap<FentryTarget, Vec<OwnedFd>>,
}

impl FentryPrograms {
    pub(in crate::kernel) fn new(
        programs: Programs,
        module_btf: HashMap<String, OwnedFd>,
        types: &KernelTypes,
        settings: &Settings,
    ) -> Self {
        Self {
            programs,
            module_btf,
            has_loop: settings.has_loop != 0,
            pairs: settings.pairs != 0,
            skips_running_programs: features::skips_running_programs(types),
            shared: HashMap::new(),
            loaded: HashMap::new(),
        }
    }

    /// Whether entry programs may walk over segments by `bpf_loop`.
    pub(in crate::kernel) const fn has_loop(&self) -> bool {
        self.has_loop
    }

    /// The program for the return of a function.
    ///
    /// # Errors
    /// [`AttachError::NoProgram`].
    pub(in crate::kernel) fn at_exit(
        &self,
        hook: &Hook,
        function: &Function,
    ) -> Result<FentryTarget, AttachError> {
        let wanted = function.prototype.arguments;
        let exits = hook.role.programs().fexit;
        let exit = exits.iter().find(|(arguments, _)| *arguments == wanted);
        let (_, program) = exit.ok_or(AttachError::NoProgram(wanted))?;
        Ok(target(program, function, true))
    }

    /// The program for the entry of a function.
    ///
    /// # Errors
    /// [`AttachError::NoProgram`] or [`AttachError::NoLoop`].
    pub(in crate::kernel) fn at_entry(
        &self,
        hook: &Hook,
        function: &Function,
    ) -> Result<FentryTarget, AttachError> {
        let programs = hook.role.programs();
        let arguments = function.prototype.arguments;
        let program = programs.fentry.ok_or(AttachError::NoProgram(arguments))?;
        if programs.walks_segments && !self.has_loop {
            return Err(AttachError::NoLoop);
        }
        Ok(target(program, function, false))
    }

    /// Number of copies of a program that are attached: two where the kernel may skip one and the other
    /// must stand in. A program is skipped while it is running on the same CPU already: in a thread
    /// that was preempted or, for completions, in whatever the interrupt broke into.
    fn copies(&self, role: Role) -> usize {
        let in_interrupts = role == Role::Completion;
        match self.pairs || in_interrupts {
            true if self.skips_running_programs => 2,
            _ => 1,
        }
    }

    /// Loads the programs of these hooks ahead of attaching. A program that the kernel refuses is tried
    /// again when it is attached, and reported then.
    pub(in crate::kernel) fn load(&mut self, hooks: &[(&Hook, Function)]) {
        let mut wanted = Vec::new();
        for (hook, function) in hooks {
            let targets = [self.at_exit(hook, function), self.at_entry(hook, function)];
            for target in targets.into_iter().flatten() {
                wanted.extend(std::iter::repeat_n(target, self.copies(hook.role)));
            }
        }
        self.shared = on_all_cpus(&first_of_many(&wanted), |target| self.load_shared(target))
            .into_iter()
            .collect();
        for (target, program) in on_all_cpus(&wanted, |target| {
            Some((target.clone(), self.load_one(target).ok()?))
        }) {
            self.loaded.entry(target).or_default().push(program);
        }
    }

    /// The programs that attached ones pass on to.
    pub(in crate::kernel) fn into_shared(self) -> Vec<SharedProgram> {
        self.shared.into_values().collect()
    }

    /// Loads a program that others pass on to; `None` where that is not possible.
    fn load_shared(&self, target: &FentryTarget) -> Option<(ShareKey, SharedProgram)> {
        let program = self.programs.shared(target.program).ok()?;
        let program = self.load_for(&program, target).ok()?;
        let shared = SharedProgram::new(program.as_fd()).ok()?;
        Some((target.share_key(), shared))
    }

    /// Loads one that passes on to a shared program, or else a whole one.
    fn load_one(&self, target: &FentryTarget) -> Result<OwnedFd, AttachError> {
        if let Some(shared) = self.shared.get(&target.share_key()) {
            let program = passes_on_to(target.program);
            let program = self.programs.passing_on(program, shared.map());
            let loaded = program.map(|program| self.load_for(&program, target));
            if let Ok(Ok(loaded)) = loaded {
                return Ok(loaded);
            }
        }
        self.load_whole(target)
    }

    fn load_whole(&self, target: &FentryTarget) -> Result<OwnedFd, AttachError> {
        let program = self.programs.whole(target.program);
        let program = program.map_err(|error| AttachError::bad_object(&error))?;
        self.load_for(&program, target)
    }

    fn load_for(
        &self,
        program: &Program<'_>,
        target: &FentryTarget,
    ) -> Result<OwnedFd, AttachError> {
        let module = match &target.function.module {
            None => None,
            Some(name) => Some(self.module_btf.get(name).ok_or(AttachError::ClosedBtf)?),
        };
        let target = Target {
            btf_id: target.function.id,
            module,
            attach_type: target.attach_type(),
        };
        Ok(bpf::load(program, target)?)
    }

    /// Attaches as many copies of a program as its role needs.
    ///
    /// # Errors
    /// Where the kernel refuses the program or does not attach it, or its module's BTF is closed.
    pub(in crate::kernel) fn attach(
        &mut self,
        role: Role,
        target: &FentryTarget,
    ) -> Result<Vec<Link>, AttachError> {
        (0..self.copies(role))
            .map(|_| {
                let program = match self.loaded.get_mut(target).and_then(Vec::pop) {
                    Some(program) => program,
                    None => self.load_one(target)?,
                };
                bpf::link(program).map_err(|error| AttachError::not_attached(&error))
            })
            .collect()
    }
}

/// The first of each group of targets that can share a program, where the group has more than one: for
/// several functions, or copies for the same function.
fn first_of_many(targets: &[FentryTarget]) -> Vec<&FentryTarget> {
    let mut wanted: HashMap<ShareKey, (&FentryTarget, usize)> = HashMap::new();
    for target in targets {
        let (_, count) = wanted.entry(target.share_key()).or_insert((target, 0));
        *count += 1;
    }
    let wanted = wanted.into_values();
    wanted
        .filter(|&(_, count)| count > 1)
        .map(|(first, _)| first)
        .collect()
}

fn target(program: &'static str, function: &Function, at_exit: bool) -> FentryTarget {
    FentryTarget {
        program,
        function: function.clone(),
        at_exit,
    }
}

/// Does `work` on each of `items`, on several CPUs at once. Results that are `None` are left out, and
/// the order is arbitrary.
fn on_all_cpus<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> Option<R> + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(result) = work(item) {
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push(result);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        // If a thread cannot be started, the others do its work.
        let started: Vec<_> = (1..threads.min(THREADS))
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        work();
        drop(started);
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(program: &'static str, function: u32, prototype: u32, at_exit: bool) -> FentryTarget {
        let function = Function {
            id: function,
            module: None,
            prototype: Prototype {
                id: prototype,
                module: None,
                arguments: 2,
            },
        };
        target(program, &function, at_exit)
    }

    #[test]
    fn a_program_is_shared_by_functions_of_one_prototype_and_by_copies() {
        let shared = |targets: &[FentryTarget]| {
            let mut names: Vec<_> = first_of_many(targets)
                .into_iter()
                .map(|target| (target.program, target.function.id, target.at_exit))
                .collect();
            names.sort_unstable();
            names
        };
        let alone = [
            wanted("request_entry", 1, 7, false),
            wanted("request_entry", 2, 8, false),
            wanted("request_exit_2", 1, 7, true),
            wanted("completion", 3, 7, false),
        ];
        assert_eq!(shared(&alone), [], "nothing in common");
        let two_functions = wanted("request_entry", 4, 7, false);
        let copy = wanted("completion", 3, 7, false);
        let targets = [&alone[..], &[two_functions, copy]].concat();
        assert_eq!(
            shared(&targets),
            [("completion", 3, false), ("request_entry", 1, false)]
        );
    }

    #[test]
    fn every_item_is_worked_on_once() {
        let items: Vec<u32> = (0..1_000).collect();
        let mut done = on_all_cpus(&items, |&item| (item % 3 != 0).then_some(item));
        done.sort_unstable();
        let expected: Vec<u32> = items.into_iter().filter(|item| item % 3 != 0).collect();
        assert_eq!(done, expected);
    }
}
