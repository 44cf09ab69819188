//! Programs at the entry and the return of functions (fentry, fexit): which one a hook needs, and
//! their loading, on all processors at once. The kernel verifies a program anew for each function
//! that it is attached to, and for each copy: what is wanted more than once is loaded once, with a
//! small one for each place that passes on to it ([`shared`](super::shared)).

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
        plan::Hook,
        roles::{Role, passes_on_to},
        shared::SharedProgram,
    },
    machine::{
        btf::{Function, KernelTypes, Prototype},
        features,
    },
    program::object::Programs,
    sys::bpf::{self, Link, Program, Target},
};

/// Threads that load programs: more get in each other's way in the kernel.
const THREADS: usize = 8;

/// A program, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::kernel) struct Choice {
    program: &'static str,
    function: Function,
    at_exit: bool,
}

/// What programs have in common of which one suffices.
type Kind = (&'static str, Prototype, bool);

impl Choice {
    fn kind(&self) -> Kind {
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

/// Loads and attaches them.
pub(in crate::kernel) struct Trampolines {
    pub(in crate::kernel) programs: Programs,
    module_btf: HashMap<String, OwnedFd>,
    has_loop: bool,
    pairs: bool,
    skips_running_programs: bool,
    shared: HashMap<Kind, SharedProgram>,
    loaded: HashMap<Choice, Vec<OwnedFd>>,
}

impl Trampolines {
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

    /// The program at the return of a function.
    ///
    /// # Errors
    /// Why there is none.
    pub(in crate::kernel) fn at_exit(
        &self,
        hook: &Hook,
        function: Option<&Function>,
    ) -> Result<Choice, String> {
        let function = function.ok_or("its module has no BTF")?;
        let exits = hook.role.programs().fexit;
        let exit = exits
            .iter()
            .find(|(arguments, _)| *arguments == function.prototype.arguments);
        let (_, program) = exit.ok_or_else(|| {
            format!(
                "no program for a function of {} arguments",
                function.prototype.arguments
            )
        })?;
        Ok(choice(program, function, true))
    }

    /// The program at the entry of a function.
    ///
    /// # Errors
    /// Why there is none.
    pub(in crate::kernel) fn at_entry(
        &self,
        hook: &Hook,
        function: Option<&Function>,
    ) -> Result<Choice, String> {
        let function = function.ok_or("its module has no BTF")?;
        let programs = hook.role.programs();
        let program = programs.fentry.ok_or("no program")?;
        if programs.walks_segments && !self.has_loop {
            return Err("this kernel has no bpf_loop (from 5.17)".to_owned());
        }
        Ok(choice(program, function, false))
    }

    /// How often a program is attached: twice, where the kernel may skip it and another must stand
    /// in. A program is skipped while it is at work on the same CPU: in a thread that was preempted,
    /// or, what is told in interrupts, in whatever the interrupt broke into.
    fn copies(&self, role: Role) -> usize {
        let in_interrupts = role == Role::Completion;
        match self.pairs || in_interrupts {
            true if self.skips_running_programs => 2,
            _ => 1,
        }
    }

    /// Loads what these hooks will ask for. What cannot be loaded is tried again when it is to be
    /// attached, and told then.
    pub(in crate::kernel) fn load(&mut self, hooks: &[(&Hook, Function)]) {
        let mut wanted = Vec::new();
        for (hook, function) in hooks {
            let choices = [
                self.at_exit(hook, Some(function)),
                self.at_entry(hook, Some(function)),
            ];
            for choice in choices.into_iter().flatten() {
                wanted.extend(std::iter::repeat_n(choice, self.copies(hook.role)));
            }
        }
        self.shared = on_all_processors(&first_of_many(&wanted), |choice| self.load_shared(choice))
            .into_iter()
            .collect();
        for (choice, program) in on_all_processors(&wanted, |choice| {
            Some((choice.clone(), self.load_one(choice).ok()?))
        }) {
            self.loaded.entry(choice).or_default().push(program);
        }
    }

    /// The programs that attached ones pass on to.
    pub(in crate::kernel) fn into_shared(self) -> Vec<SharedProgram> {
        self.shared.into_values().collect()
    }

    /// A program that others pass on to; `None` where that is not possible.
    fn load_shared(&self, choice: &Choice) -> Option<(Kind, SharedProgram)> {
        let program = self.programs.shared(choice.program).ok()?;
        let program = self.load_for(&program, choice).ok()?;
        let shared = SharedProgram::new(program.as_fd()).ok()?;
        Some((choice.kind(), shared))
    }

    /// One that passes on to a shared program, or else a whole one.
    fn load_one(&self, choice: &Choice) -> Result<OwnedFd, String> {
        if let Some(shared) = self.shared.get(&choice.kind()) {
            let program = passes_on_to(choice.program);
            let program = self.programs.passing_on(program, shared.map());
            let passing_on = program.map_err(|error| format!("{error:#}"));
            if let Ok(loaded) = passing_on.and_then(|program| self.load_for(&program, choice)) {
                return Ok(loaded);
            }
        }
        self.load_whole(choice)
    }

    fn load_whole(&self, choice: &Choice) -> Result<OwnedFd, String> {
        let program = self.programs.of(choice.program);
        self.load_for(&program.map_err(|error| format!("{error:#}"))?, choice)
    }

    fn load_for(&self, program: &Program<'_>, choice: &Choice) -> Result<OwnedFd, String> {
        let module = match &choice.function.module {
            None => None,
            Some(name) => Some(
                self.module_btf
                    .get(name)
                    .ok_or("the BTF of its module cannot be opened")?,
            ),
        };
        let target = Target {
            btf_id: choice.function.id,
            module,
            attach_type: choice.attach_type(),
        };
        bpf::load(program, target)
    }

    /// Attaches a program, as often as its hook needs it.
    ///
    /// # Errors
    /// Why it cannot be loaded or attached.
    pub(in crate::kernel) fn attach(
        &mut self,
        role: Role,
        choice: &Choice,
    ) -> Result<Vec<Link>, String> {
        (0..self.copies(role))
            .map(|_| {
                let program = match self.loaded.get_mut(choice).and_then(Vec::pop) {
                    Some(program) => program,
                    None => self.load_one(choice)?,
                };
                bpf::link(program)
            })
            .collect()
    }
}

/// Of those that are wanted more than once, for several functions or in copies, the first one each.
fn first_of_many(choices: &[Choice]) -> Vec<&Choice> {
    let mut wanted: HashMap<Kind, (&Choice, usize)> = HashMap::new();
    for choice in choices {
        let (_, count) = wanted.entry(choice.kind()).or_insert((choice, 0));
        *count += 1;
    }
    let wanted = wanted.into_values();
    wanted
        .filter(|&(_, count)| count > 1)
        .map(|(first, _)| first)
        .collect()
}

fn choice(program: &'static str, function: &Function, at_exit: bool) -> Choice {
    Choice {
        program,
        function: function.clone(),
        at_exit,
    }
}

/// Does `work` on each of `items`, on several processors at once. What gives `None` is left out, and
/// the order is any.
fn on_all_processors<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Option<R> + Sync,
) -> Vec<R> {
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
        // What cannot be started is done by the others.
        let started: Vec<_> = (1..threads.min(THREADS))
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        work();
        drop(started);
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}
