//! Attaches the hooks of the plan, each by the best way that this kernel takes.

use std::{
    collections::HashMap,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use anyhow::{Context, Result, anyhow};
use aya::{
    Ebpf,
    maps::{MapData, ProgramArray},
    programs::{KProbe, ProgramError, ProgramFd, RawTracePoint},
};
use aya_obj::generated::bpf_attach_type::BPF_TRACE_RAW_TP;
use dio_trace_ebpf::abi::{request::WALKER, settings::Settings};

use crate::{
    kernel::{
        attach::{
            conditions::Uses,
            fentry::Trampolines,
            kretprobe::{CALLS_AT_A_TIME, Kretprobe},
            missed::Misses,
            plan::Hook,
            roles::{self, BOUNDED, Role},
            shared::SharedProgram,
        },
        machine::{btf::Function, btf::KernelTypes, symbols::Symbols},
        program::object::Programs,
        sys::bpf::{self, Link, Target},
    },
    model::Attachment,
};

/// What keeps the probes attached.
#[derive(Default)]
pub(in crate::kernel) struct Attached {
    pub(in crate::kernel) links: Vec<Link>,
    pub(in crate::kernel) kretprobes: Vec<Kretprobe>,
    pub(in crate::kernel) misses: Misses,
    /// The kernel empties it when nobody has it open.
    walker: Option<ProgramArray<MapData>>,
    shared: Vec<SharedProgram>,
}

/// What attaching works with.
pub(in crate::kernel) struct Attacher {
    ebpf: Ebpf,
    attached: Attached,
    trampolines: Trampolines,
    types: KernelTypes,
    symbols: Symbols,
    uses: Uses,
    pairs: bool,
}

/// A way to attach, and why it is not the preferred one.
type Method = (&'static str, Option<String>);

impl Attacher {
    pub(in crate::kernel) fn new(
        (ebpf, programs): (Ebpf, Programs),
        types: KernelTypes,
        symbols: Symbols,
        module_btf: HashMap<String, OwnedFd>,
        settings: &Settings,
        plan: &[Hook],
    ) -> Self {
        let preempted = settings.pairs != 0 && !programs.are_unpreempted();
        Self {
            ebpf,
            attached: Attached::default(),
            trampolines: Trampolines::new(programs, module_btf, &types, settings),
            uses: Uses::new(settings, &types, preempted, plan),
            types,
            symbols,
            pairs: settings.pairs != 0,
        }
    }

    /// Loads the programs of all these hooks that will likely be attached.
    pub(in crate::kernel) fn load(&mut self, plan: &[Hook]) {
        let hooks: Vec<(&Hook, Function)> = plan
            .iter()
            .filter(|hook| hook.role.programs().tracepoint.is_empty())
            .filter(|hook| self.uses.is_likely_of_use(hook.when))
            .filter_map(|hook| Some((hook, self.types.function(hook.target)?)))
            .collect();
        self.trampolines.load(&hooks);
    }

    /// Done: the maps, and what keeps the probes attached.
    pub(in crate::kernel) fn finish(mut self) -> (Ebpf, Attached) {
        self.attached.shared = self.trampolines.into_shared();
        (self.ebpf, self.attached)
    }

    /// Attaches one hook; `None` where it is of no use on this machine.
    pub(in crate::kernel) fn hook(&mut self, hook: &Hook) -> Option<Attachment> {
        if !self.uses.is_of_use(hook.when) {
            return None;
        }
        let tracepoint = !hook.role.programs().tracepoint.is_empty();
        let function = self.types.function(hook.target);
        let symbol = self.symbols.get(hook.target);
        if !tracepoint && function.is_none() && symbol.is_none() && hook.optional {
            return None;
        }
        let module = match (&function, symbol) {
            (Some(function), _) => function.module.clone(),
            (None, Some(symbol)) => symbol.module.clone(),
            (None, None) => None,
        };
        let outcome = if tracepoint {
            self.tracepoint(hook)
                .map(|(way, note)| (way.to_owned(), note))
        } else {
            self.function(hook, function.as_ref())
        };
        let (method, note) = match outcome {
            Ok((method, note)) => (Some(method), note),
            Err(reason) => (None, Some(reason)),
        };
        Some(Attachment {
            function: hook.target.to_owned(),
            module: module.unwrap_or_else(|| "vmlinux".to_owned()),
            gives: hook.gives.to_owned(),
            lost: if method.is_some() {
                String::new()
            } else {
                hook.lost.to_owned()
            },
            method,
            note,
        })
    }

    /// The exit goes first: a request whose entry is seen must not end unseen.
    fn function(
        &mut self,
        hook: &Hook,
        function: Option<&Function>,
    ) -> Result<(String, Option<String>), String> {
        let mut notes = Vec::new();
        let mut ways = Vec::new();
        if hook.role.programs().kretprobe.is_some() {
            let (way, note) = self.exit(hook, function)?;
            ways.push(way);
            notes.extend(note);
        }
        let (way, note) = self.entry(hook, function)?;
        ways.push(way);
        ways.reverse();
        notes.extend(note);
        notes.dedup();
        Ok((
            ways.join("/"),
            (!notes.is_empty()).then(|| notes.join("; ")),
        ))
    }

    /// fexit, else kretprobe.
    fn exit(&mut self, hook: &Hook, function: Option<&Function>) -> Result<Method, String> {
        let why_not = match self.fexit(hook, function) {
            Ok(()) => {
                self.uses.follows(hook.target);
                return Ok(("fexit", None));
            }
            Err(reason) => format!("fexit: {reason}"),
        };
        let programs = hook.role.programs();
        let program = self.form(&programs, programs.kretprobe);
        let room = self
            .kretprobe(&program, hook.target)
            .map_err(|error| format!("{why_not}; kretprobe: {error:#}"))?;
        Ok((
            "kretprobe",
            Some(match room {
                None => why_not,
                Some(reason) => format!(
                    "{why_not}; follows few calls at a time, and counts what it misses: {reason}"
                ),
            }),
        ))
    }

    fn fexit(&mut self, hook: &Hook, function: Option<&Function>) -> Result<(), String> {
        let choice = self.trampolines.at_exit(hook, function)?;
        let links = self.trampolines.attach(hook.role, &choice)?;
        self.attached.links.extend(links);
        Ok(())
    }

    /// fentry, else kprobe.
    fn entry(&mut self, hook: &Hook, function: Option<&Function>) -> Result<Method, String> {
        let why_not = match self.fentry(hook, function) {
            Ok(()) => return Ok(("fentry", None)),
            Err(reason) => format!("fentry: {reason}"),
        };
        let programs = hook.role.programs();
        if programs.walks_segments && !self.trampolines.has_loop() {
            self.walker()
                .map_err(|error| format!("{why_not}; {error:#}"))?;
        }
        let program = self.form(&programs, programs.kprobe);
        self.kprobe(&program, hook.target)
            .map_err(|error| format!("{why_not}; kprobe: {error:#}"))?;
        Ok(("kprobe", Some(why_not)))
    }

    /// The form of a kprobe or kretprobe that this kernel takes.
    fn form(&self, programs: &roles::Programs, program: Option<&str>) -> String {
        let bounded = programs.bounded && !self.trampolines.has_loop();
        let ending = if bounded { BOUNDED } else { "" };
        format!("{}{ending}", program.unwrap_or_default())
    }

    fn fentry(&mut self, hook: &Hook, function: Option<&Function>) -> Result<(), String> {
        let choice = self.trampolines.at_entry(hook, function)?;
        let links = self.trampolines.attach(hook.role, &choice)?;
        if hook.role == Role::Request {
            let programs = links.iter().map(|link| link.program().as_raw_fd());
            self.attached.misses.watch_beginnings(programs);
        }
        self.attached.links.extend(links);
        Ok(())
    }

    fn tracing(&self, program: &str, target: Target<'_>) -> Result<Link, String> {
        let program = self
            .trampolines
            .programs
            .of(program)
            .map_err(|error| format!("{error:#}"))?;
        bpf::link(bpf::load(&program, target)?)
    }

    fn kprobe(&mut self, program: &str, function: &str) -> Result<()> {
        let program = self.loaded_kprobe(program)?;
        program.attach(function, 0).context("cannot attach")?;
        Ok(())
    }

    /// Puts the program in its place that the entry programs of old kernels pass segments on to.
    fn walker(&mut self) -> Result<()> {
        if self.attached.walker.is_some() {
            return Ok(());
        }
        let (program, map) = WALKER;
        let mut walker: ProgramArray<MapData> = self
            .ebpf
            .take_map(map)
            .context("the eBPF object has no map for the walker")?
            .try_into()?;
        let program = fd_of(self.loaded_kprobe(program)?)?.try_clone()?;
        walker.set(0, &program, 0)?;
        self.attached.walker = Some(walker);
        Ok(())
    }

    /// Attaches a kretprobe. What is returned is why it follows but few calls at a time.
    fn kretprobe(&mut self, program: &str, function: &str) -> Result<Option<String>> {
        let program = self.loaded_kprobe(program)?;
        let through_tracefs = Kretprobe::attach(fd_of(program)?.as_fd(), function);
        match through_tracefs {
            Ok(probe) => {
                self.attached.kretprobes.push(probe);
                Ok(None)
            }
            Err(error) => {
                program.attach(function, 0).context("cannot attach")?;
                Ok(Some(format!(
                    "no room for {CALLS_AT_A_TIME} calls: {error:#}"
                )))
            }
        }
    }

    /// A kprobe program, loaded when it is first asked for.
    fn loaded_kprobe(&mut self, name: &str) -> Result<&mut KProbe> {
        let program: &mut KProbe = self
            .ebpf
            .program_mut(name)
            .context("not in the eBPF object")?
            .try_into()?;
        if program.fd().is_err() {
            program.load().map_err(|error| refused(&error))?;
            let fd = fd_of(program)?.as_fd().as_raw_fd();
            self.attached.misses.watch_kprobe(fd);
        }
        Ok(program)
    }

    /// `tp_btf`, else a raw tracepoint.
    fn tracepoint(&mut self, hook: &Hook) -> Result<Method, String> {
        let arguments = self
            .types
            .tracepoint_arguments(hook.target)
            .ok_or("not in this kernel")?;
        let variants = hook.role.programs().tracepoint;
        let (_, btf, raw) = variants
            .iter()
            .find(|(known, ..)| *known == arguments)
            .ok_or_else(|| format!("no program for a tracepoint of {arguments} arguments"))?;
        let btf_id = self
            .types
            .tracepoint(hook.target)
            .ok_or("not in this kernel")?;
        let target = Target {
            btf_id,
            module: None,
            attach_type: BPF_TRACE_RAW_TP,
        };
        // Nothing is lost by seeing a fork twice, nor counted.
        let copies = if self.pairs { 2 } else { 1 };
        let links = (0..copies).map(|_| self.tracing(btf, target));
        let why_not = match links.collect::<Result<Vec<Link>, _>>() {
            Ok(links) => {
                if hook.role != Role::ProcessFork {
                    let programs = links.iter().map(|link| link.program().as_raw_fd());
                    self.attached.misses.watch_bios(programs);
                }
                self.attached.links.extend(links);
                return Ok(("tp_btf", None));
            }
            Err(reason) => reason,
        };
        attach_raw_tracepoint(&mut self.ebpf, raw, hook.target)
            .map_err(|error| format!("tp_btf: {why_not}; raw tracepoint: {error:#}"))?;
        Ok(("raw tracepoint", Some(format!("tp_btf: {why_not}"))))
    }
}

fn fd_of(program: &KProbe) -> Result<&ProgramFd> {
    program.fd().context("not loaded")
}

fn attach_raw_tracepoint(ebpf: &mut Ebpf, program: &str, tracepoint: &str) -> Result<()> {
    let program: &mut RawTracePoint = ebpf
        .program_mut(program)
        .context("not in the eBPF object")?
        .try_into()?;
    if program.fd().is_err() {
        program.load().map_err(|error| refused(&error))?;
    }
    program.attach(tracepoint).context("cannot attach")?;
    Ok(())
}

/// Without the verifier's whole protocol, which aya puts into its error.
fn refused(error: &ProgramError) -> anyhow::Error {
    match error {
        ProgramError::LoadError {
            io_error,
            verifier_log,
        } => {
            let log = verifier_log.to_string();
            anyhow!(
                "the kernel refuses the program: {}",
                bpf::refusal(io_error, &log)
            )
        }
        other => anyhow!("the kernel refuses the program: {other}"),
    }
}
