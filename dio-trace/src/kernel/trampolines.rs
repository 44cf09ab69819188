//! Programs at the entry and the return of functions (fentry, fexit): which one a hook needs, and
//! their loading, on all processors at once. The kernel verifies a program anew for each function
//! that it is attached to, and that takes most of the time from start to attached.

use std::{
    collections::HashMap,
    num::NonZero,
    os::fd::OwnedFd,
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
    btf::{Function, KernelTypes},
    object::Programs,
    plan::{Hook, Role},
    settings,
    tracing::{self, Link, Target},
};

/// Threads that load programs: more get in each other's way in the kernel.
const THREADS: usize = 8;

/// A program, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    program: &'static str,
    /// Id of the function in its BTF.
    function: u32,
    module: Option<String>,
    at_exit: bool,
}

impl Choice {
    const fn attach_type(&self) -> bpf_attach_type {
        if self.at_exit {
            BPF_TRACE_FEXIT
        } else {
            BPF_TRACE_FENTRY
        }
    }
}

/// Loads and attaches them.
pub(super) struct Trampolines {
    pub(super) programs: Programs,
    module_btf: HashMap<String, OwnedFd>,
    has_loop: bool,
    pairs: bool,
    skips_running_programs: bool,
    loaded: HashMap<Choice, Vec<OwnedFd>>,
}

impl Trampolines {
    pub(super) fn new(
        programs: Programs,
        module_btf: HashMap<String, OwnedFd>,
        types: &KernelTypes,
        settings: &Settings,
    ) -> Self {
        Self {
            programs,
            module_btf,
            has_loop: settings::has_loop(types),
            pairs: settings.pairs != 0,
            skips_running_programs: settings::skips_running_programs(types),
            loaded: HashMap::new(),
        }
    }

    /// Whether entry programs may walk over segments by `bpf_loop`.
    pub(super) const fn has_loop(&self) -> bool {
        self.has_loop
    }

    /// The program at the return of a function.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn at_exit(
        &self,
        hook: &Hook,
        function: Option<&Function>,
    ) -> Result<Choice, String> {
        let function = function.ok_or("its module has no BTF")?;
        let exits = hook.role.programs().fexit;
        let exit = exits
            .iter()
            .find(|(arguments, _)| *arguments == function.arguments);
        let (_, program) = exit.ok_or_else(|| {
            format!(
                "no program for a function of {} arguments",
                function.arguments
            )
        })?;
        Ok(choice(program, function, true))
    }

    /// The program at the entry of a function.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn at_entry(
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
    pub(super) fn load(&mut self, hooks: &[(&Hook, Function)]) {
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
        let next = AtomicUsize::new(0);
        let loaded = Mutex::new(HashMap::<Choice, Vec<OwnedFd>>::new());
        let work = || {
            while let Some(choice) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Ok(program) = self.load_one(choice) {
                    let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
                    loaded.entry(choice.clone()).or_default().push(program);
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
        self.loaded = loaded.into_inner().unwrap_or_else(PoisonError::into_inner);
    }

    fn load_one(&self, choice: &Choice) -> Result<OwnedFd, String> {
        let program = self
            .programs
            .of(choice.program)
            .map_err(|error| format!("{error:#}"))?;
        let module = match &choice.module {
            None => None,
            Some(name) => Some(
                self.module_btf
                    .get(name)
                    .ok_or("the BTF of its module cannot be opened")?,
            ),
        };
        let target = Target {
            btf_id: choice.function,
            module,
            attach_type: choice.attach_type(),
        };
        tracing::load(program, target)
    }

    /// Attaches a program, as often as its hook needs it.
    ///
    /// # Errors
    /// Why it cannot be loaded or attached.
    pub(super) fn attach(&mut self, role: Role, choice: &Choice) -> Result<Vec<Link>, String> {
        (0..self.copies(role))
            .map(|_| {
                let program = match self.loaded.get_mut(choice).and_then(Vec::pop) {
                    Some(program) => program,
                    None => self.load_one(choice)?,
                };
                tracing::link(program)
            })
            .collect()
    }
}

fn choice(program: &'static str, function: &Function, at_exit: bool) -> Choice {
    Choice {
        program,
        function: function.id,
        module: function.module.clone(),
        at_exit,
    }
}
