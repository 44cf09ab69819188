//! Attaches hooks, each by the best way that this kernel takes: fexit, else kretprobe; fentry, else
//! kprobe; `tp_btf`, else a raw tracepoint. Only the order of trying is decided here.

use std::{
    collections::HashMap,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use aya::Ebpf;
use dio_trace_ebpf::abi::settings::Settings;

use crate::{
    kernel::{
        attach::{
            conditions::Conditions,
            error::{AttachError, Way},
            fentry::FentryPrograms,
            hook::Hook,
            kprobe::{self, SegmentWalker},
            kretprobe::Kretprobe,
            missed::Misses,
            roles::{BOUNDED, Role, RolePrograms},
            shared::SharedProgram,
            tracepoint,
        },
        machine::{
            btf::{Function, KernelTypes},
            symbols::Symbols,
        },
        program::programs::Programs,
        sys::bpf::Link,
    },
    model::{Attachment, Failure},
};

/// Everything that keeps the probes attached.
#[derive(Default)]
pub(in crate::kernel) struct Attached {
    pub(in crate::kernel) links: Vec<Link>,
    pub(in crate::kernel) kretprobes: Vec<Kretprobe>,
    pub(in crate::kernel) misses: Misses,
    walker: Option<SegmentWalker>,
    shared: Vec<SharedProgram>,
}

/// The programs, the facts about the kernel, and the hooks attached so far.
pub(in crate::kernel) struct Attacher {
    ebpf: Ebpf,
    attached: Attached,
    fentry: FentryPrograms,
    types: KernelTypes,
    symbols: Symbols,
    conditions: Conditions,
    pairs: bool,
}

/// The kernel's description of a function, or why there is none.
type Described = Result<Function, AttachError>;

impl Attacher {
    pub(in crate::kernel) fn new(
        (ebpf, programs): (Ebpf, Programs),
        types: KernelTypes,
        symbols: Symbols,
        module_btf: HashMap<String, OwnedFd>,
        settings: &Settings,
        plan: &[&Hook],
    ) -> Self {
        let preempted = settings.pairs != 0 && !programs.are_unpreempted();
        Self {
            ebpf,
            attached: Attached::default(),
            fentry: FentryPrograms::new(programs, module_btf, &types, settings),
            conditions: Conditions::new(settings, &types, preempted, plan),
            types,
            symbols,
            pairs: settings.pairs != 0,
        }
    }

    /// Loads the fentry and fexit programs of all these hooks that will likely be attached, on several
    /// CPUs at once.
    pub(in crate::kernel) fn load(&mut self, plan: &[&Hook]) {
        let hooks: Vec<(&Hook, Function)> = plan
            .iter()
            .filter(|hook| !hook.role.is_tracepoint())
            .filter(|hook| self.conditions.will_likely_hold(hook.condition))
            .filter_map(|hook| Some((*hook, self.types.function(hook.function)?)))
            .collect();
        self.fentry.load(&hooks);
    }

    /// Ends attaching: returns the maps, and everything that keeps the probes attached.
    pub(in crate::kernel) fn finish(mut self) -> (Ebpf, Attached) {
        self.attached.shared = self.fentry.into_shared();
        (self.ebpf, self.attached)
    }

    /// Attaches one hook; `None` where it is of no use on this machine.
    pub(in crate::kernel) fn hook(&mut self, hook: &Hook) -> Option<Attachment> {
        if !self.conditions.hold(hook.condition) {
            return None;
        }
        let symbol = self.symbols.get(hook.function);
        let described = match (self.types.function(hook.function), symbol) {
            (Some(function), _) => Ok(function),
            (None, Some(symbol)) => Err(AttachError::NoBtf {
                module: symbol.module.clone(),
            }),
            (None, None) => Err(AttachError::NotHere),
        };
        if hook.optional && !hook.role.is_tracepoint() && described == Err(AttachError::NotHere) {
            return None;
        }
        let module = match &described {
            Ok(function) => function.module.clone(),
            Err(_) => symbol.and_then(|symbol| symbol.module.clone()),
        };
        let mut failures = Vec::new();
        let ways = if hook.role.is_tracepoint() {
            self.tracepoint(hook, &mut failures)
                .map(|way| vec![way.name()])
        } else {
            self.function(hook, &described, &mut failures)
        };
        let method = ways.map(|ways| ways.join("/"));
        Some(Attachment {
            function: hook.function.to_owned(),
            module: module.unwrap_or_else(|| "vmlinux".to_owned()),
            gives: hook.gives.to_owned(),
            lost: match method {
                Some(_) => String::new(),
                None => hook.lost.to_owned(),
            },
            method,
            note: Attachment::note(&failures),
            failures,
        })
    }

    /// Attaches to the return and the entry of a function; `None` where one of them fails. The return
    /// goes first: a request whose entry is seen must not end unseen.
    fn function(
        &mut self,
        hook: &Hook,
        described: &Described,
        failures: &mut Vec<Failure>,
    ) -> Option<Vec<&'static str>> {
        let mut ways = Vec::new();
        if let Some(program) = hook.role.programs().kretprobe {
            ways.push(self.exit(hook, program, described, failures)?.name());
        }
        ways.insert(0, self.entry(hook, described, failures)?.name());
        Some(ways)
    }

    /// fexit, else kretprobe.
    fn exit(
        &mut self,
        hook: &Hook,
        program: &str,
        described: &Described,
        failures: &mut Vec<Failure>,
    ) -> Option<Way> {
        if let Some(way) = tried(Way::Fexit, self.fexit(hook, described), failures) {
            self.conditions.follows(hook.function);
            return Some(way);
        }
        let program = self.form(&hook.role.programs(), program);
        let limited = self.kretprobe(&program, hook.function).map(|limit| {
            failures.extend(limit.map(|limit| Way::Kretprobe.failed(&limit)));
        });
        tried(Way::Kretprobe, limited, failures)
    }

    /// fentry, else kprobe.
    fn entry(
        &mut self,
        hook: &Hook,
        described: &Described,
        failures: &mut Vec<Failure>,
    ) -> Option<Way> {
        tried(Way::Fentry, self.fentry(hook, described), failures)
            .or_else(|| tried(Way::Kprobe, self.kprobe(hook), failures))
    }

    /// `tp_btf`, else a raw tracepoint.
    fn tracepoint(&mut self, hook: &Hook, failures: &mut Vec<Failure>) -> Option<Way> {
        match self.tracepoint_programs(hook) {
            Ok((btf, raw)) => tried(Way::TpBtf, self.tp_btf(hook, btf), failures).or_else(|| {
                let attached = tracepoint::attach_raw(&mut self.ebpf, raw, hook.function);
                tried(Way::RawTracepoint, attached, failures)
            }),
            Err(error) => tried(Way::TpBtf, Err(error), failures),
        }
    }

    fn fexit(&mut self, hook: &Hook, described: &Described) -> Result<(), AttachError> {
        let function = described.as_ref().map_err(Clone::clone)?;
        let target = self.fentry.at_exit(hook, function)?;
        let links = self.fentry.attach(hook.role, &target)?;
        self.attached.links.extend(links);
        Ok(())
    }

    fn fentry(&mut self, hook: &Hook, described: &Described) -> Result<(), AttachError> {
        let function = described.as_ref().map_err(Clone::clone)?;
        let target = self.fentry.at_entry(hook, function)?;
        let links = self.fentry.attach(hook.role, &target)?;
        if hook.role == Role::Request {
            let programs = links.iter().map(|link| link.program().as_raw_fd());
            self.attached.misses.watch_beginnings(programs);
        }
        self.attached.links.extend(links);
        Ok(())
    }

    fn kprobe(&mut self, hook: &Hook) -> Result<(), AttachError> {
        let programs = hook.role.programs();
        let misses = &mut self.attached.misses;
        let has_loop = self.fentry.has_loop();
        if programs.walks_segments && !has_loop && self.attached.walker.is_none() {
            self.attached.walker = Some(SegmentWalker::load(&mut self.ebpf, misses)?);
        }
        let program = self.form(&programs, programs.kprobe.unwrap_or_default());
        let misses = &mut self.attached.misses;
        kprobe::attach(
            kprobe::loaded(&mut self.ebpf, &program, misses)?,
            hook.function,
        )
    }

    /// Attaches a kretprobe. `Ok` holds the reason where it follows only few concurrent calls.
    fn kretprobe(
        &mut self,
        program: &str,
        function: &str,
    ) -> Result<Option<AttachError>, AttachError> {
        let program = kprobe::loaded(&mut self.ebpf, program, &mut self.attached.misses)?;
        match Kretprobe::attach(kprobe::fd_of(program)?.as_fd(), function) {
            Ok(probe) => {
                self.attached.kretprobes.push(probe);
                Ok(None)
            }
            Err(error) => {
                kprobe::attach(program, function)?;
                Ok(Some(AttachError::FewCalls(format!("{error:#}"))))
            }
        }
    }

    /// The form of a kprobe or kretprobe that this kernel takes.
    fn form(&self, programs: &RolePrograms, program: &str) -> String {
        let bounded = programs.bounded && !self.fentry.has_loop();
        format!("{program}{}", if bounded { BOUNDED } else { "" })
    }

    /// The programs of a tracepoint, with BTF and without.
    fn tracepoint_programs(
        &self,
        hook: &Hook,
    ) -> Result<(&'static str, &'static str), AttachError> {
        let arguments = self.types.tracepoint_arguments(hook.function);
        let arguments = arguments.ok_or(AttachError::NotHere)?;
        let variants = hook.role.programs().tracepoint;
        let variant = variants.iter().find(|(known, ..)| *known == arguments);
        let (_, btf, raw) = variant.ok_or(AttachError::NoProgram(arguments))?;
        Ok((btf, raw))
    }

    fn tp_btf(&mut self, hook: &Hook, program: &str) -> Result<(), AttachError> {
        let btf_id = self.types.tracepoint(hook.function);
        let btf_id = btf_id.ok_or(AttachError::NotHere)?;
        // Where both copies see one fork, that does no harm. Both see one bio: the programs count it
        // once.
        let copies = if self.pairs { 2 } else { 1 };
        let links = tracepoint::attach_btf(&self.fentry.programs, program, btf_id, copies)?;
        if hook.role != Role::ProcessFork {
            let programs = links.iter().map(|link| link.program().as_raw_fd());
            self.attached.misses.watch_bios(programs);
        }
        self.attached.links.extend(links);
        Ok(())
    }
}

/// The way if it worked; else its error is added to `failures`.
fn tried(way: Way, outcome: Result<(), AttachError>, failures: &mut Vec<Failure>) -> Option<Way> {
    match outcome {
        Ok(()) => Some(way),
        Err(error) => {
            failures.push(way.failed(&error));
            None
        }
    }
}
