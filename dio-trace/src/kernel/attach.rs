//! Carries out the attach plan on the running kernel.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::fd::OwnedFd,
};

use anyhow::{Context, Result, anyhow, bail};
use aya::{
    Ebpf,
    programs::{KProbe, ProgramError, RawTracePoint},
};
use aya_obj::generated::bpf_attach_type::{BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_TRACE_RAW_TP};
use dio_trace_ebpf::abi::settings::{COMPLETION_SLOTS, COMPLETIONS, Settings};

use crate::{
    kernel::{
        btf::{Function, KernelTypes},
        layout::Resolved,
        nothing_attached::NothingAttached,
        object::{self, Programs},
        plan::{BOUNDED, Hook, MODULES, PLAN, When},
        symbols::Symbols,
        tracing::{self, Link, Target},
    },
    model::{Attachment, RuleSet},
};

/// Memory that the counting tables may take, bytes; the number of rows follows from the number of
/// CPUs, since each row has a value for each CPU.
const COUNTER_MEMORY: u32 = 8 << 20;
/// Bytes of a row besides its values: key, hash links.
const COUNTER_ROW: u32 = 128;
const COUNTER_VALUE: u32 = 16;

/// What the user chose for a trace.
#[derive(Clone, Debug)]
pub struct Options {
    /// Details also of aligned requests.
    pub all: bool,
    /// Only these thread groups and their descendants; empty for everything.
    pub processes: Vec<u32>,
    /// Follow a command that is not started yet.
    pub command: bool,
    /// Details that each process may send each second.
    pub detail_rate: u32,
    /// Call stacks of misaligned requests.
    pub stacks: bool,
    /// Let the probes log each request that begins and ends.
    pub log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            all: false,
            processes: Vec::new(),
            command: false,
            detail_rate: 5_000,
            stacks: false,
            log: false,
        }
    }
}

/// Loaded and attached probes. Dropping this detaches them.
pub struct Probes {
    pub(super) ebpf: Ebpf,
    /// Which rule set was told to the probes.
    pub rule_set: RuleSet,
    /// The plan as resolved.
    pub attachments: Vec<Attachment>,
    _links: Vec<Link>,
}

/// What attaching works with.
struct Attacher {
    ebpf: Ebpf,
    programs: Programs,
    types: KernelTypes,
    symbols: Symbols,
    module_btf: HashMap<String, OwnedFd>,
    links: Vec<Link>,
    filesystems: HashSet<String>,
}

impl Probes {
    /// Loads the probes for the running kernel and attaches all that is of use here.
    ///
    /// # Errors
    /// Where the kernel has no BTF, refuses the programs, or none of the hooks that see requests
    /// could be attached.
    pub fn attach(options: &Options) -> Result<Self> {
        let types = KernelTypes::of_running_kernel(MODULES.iter().copied())?;
        let resolved = Resolved::from_types(&types);
        let missing = resolved.essential_missing();
        if !missing.is_empty() {
            bail!(
                "this kernel is unlike any that dio-trace knows: its BTF lacks {}. Please report \
                 this with the output of `dio-trace doctor`",
                missing.join(", ")
            );
        }
        let (rule_set, _) = super::evidence::rule_set(&types);
        let symbols = Symbols::of_running_kernel(&PLAN.iter().map(|hook| hook.target).collect());
        let settings = settings(options, &types, &symbols, rule_set);
        let rows = COUNTER_MEMORY / (COUNTER_ROW + COUNTER_VALUE * possible_cpus());
        let (ebpf, programs) = object::load(&resolved.layout, &settings, rows, options.log)?;
        let mut attacher = Attacher {
            ebpf,
            programs,
            types,
            symbols,
            module_btf: tracing::open_module_btf(MODULES).into_iter().collect(),
            links: Vec::new(),
            filesystems: known_filesystems(),
        };
        let choosing = settings.only_traced != 0;
        let attachments: Vec<Attachment> = PLAN
            .iter()
            .filter_map(|hook| attacher.hook(hook, choosing))
            .collect();
        let sees_requests = attachments.iter().any(|attachment| {
            attachment.method.is_some()
                && matches!(&*attachment.function, "iomap_dio_rw" | "blkdev_read_iter")
        });
        if !sees_requests {
            return Err(NothingAttached { attachments }.into());
        }
        Ok(Self {
            ebpf: attacher.ebpf,
            rule_set,
            attachments,
            _links: attacher.links,
        })
    }
}

fn settings(
    options: &Options,
    types: &KernelTypes,
    symbols: &Symbols,
    rule_set: RuleSet,
) -> Settings {
    let mut completions = [0; COMPLETION_SLOTS];
    for (slot, (name, _)) in completions.iter_mut().zip(COMPLETIONS) {
        *slot = symbols.address(name);
    }
    let dio_flags_are_wait = types
        .function("iomap_dio_rw")
        .is_some_and(|function| function.arguments < 6);
    Settings {
        completions,
        rule_set: rule_set as u32,
        detail_aligned: u32::from(options.all),
        only_traced: u32::from(options.command || !options.processes.is_empty()),
        detail_rate: options.detail_rate,
        stacks: u32::from(options.stacks),
        direct_loads: 1,
        current_task_btf: u32::from(has_current_task_btf(types)),
        dio_flags_are_wait: u32::from(dio_flags_are_wait),
        own_pid: std::process::id(),
    }
}

/// `bpf_get_current_task_btf` (5.11) is among the helpers that the kernel's BTF lists.
fn has_current_task_btf(types: &KernelTypes) -> bool {
    types.enumerator("BPF_FUNC_get_current_task_btf").is_some()
}

impl Attacher {
    /// Attaches one hook; `None` where it is of no use on this machine.
    fn hook(&mut self, hook: &Hook, choosing: bool) -> Option<Attachment> {
        let of_use = match hook.when {
            When::Always => true,
            When::Filesystem(types) => types.iter().any(|kind| self.filesystems.contains(*kind)),
            When::ChosenProcesses => choosing,
        };
        if !of_use {
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
        } else {
            self.function(hook, function.as_ref())
        };
        let (method, note) = match outcome {
            Ok((method, note)) => (Some(method.to_owned()), note),
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

    /// fentry/fexit, else kprobe/kretprobe. The exit goes first: a request whose entry is seen must
    /// not end unseen.
    fn function(
        &mut self,
        hook: &Hook,
        function: Option<&Function>,
    ) -> Result<(&'static str, Option<String>), String> {
        let with_exit = hook.role.programs().kretprobe.is_some();
        let why_not = match function {
            None => "its module has no BTF".to_owned(),
            Some(function) => match self.trampoline(hook, function) {
                Ok(links) => {
                    self.links.extend(links);
                    return Ok((if with_exit { "fentry/fexit" } else { "fentry" }, None));
                }
                Err(reason) => reason,
            },
        };
        self.kprobe(hook)
            .map_err(|reason| format!("fentry: {why_not}; kprobe: {reason}"))?;
        let method = if with_exit {
            "kprobe/kretprobe"
        } else {
            "kprobe"
        };
        Ok((method, Some(format!("fentry: {why_not}"))))
    }

    fn trampoline(&self, hook: &Hook, function: &Function) -> Result<Vec<Link>, String> {
        let programs = hook.role.programs();
        let module = match &function.module {
            None => None,
            Some(name) => Some(
                self.module_btf
                    .get(name)
                    .ok_or("the BTF of its module cannot be opened")?,
            ),
        };
        let mut links = Vec::new();
        if programs.kretprobe.is_some() {
            let exit = programs
                .fexit
                .iter()
                .find(|(arguments, _)| *arguments == function.arguments);
            let (_, exit) = exit.ok_or_else(|| {
                format!(
                    "no program for a function of {} arguments",
                    function.arguments
                )
            })?;
            links.push(self.tracing(
                exit,
                Target {
                    btf_id: function.id,
                    module,
                    attach_type: BPF_TRACE_FEXIT,
                },
            )?);
        }
        let entry = programs.fentry.ok_or("no program")?;
        if programs.walks_segments && !self.has_loop() {
            return Err("this kernel has no bpf_loop (from 5.17)".to_owned());
        }
        links.push(self.tracing(
            entry,
            Target {
                btf_id: function.id,
                module,
                attach_type: BPF_TRACE_FENTRY,
            },
        )?);
        Ok(links)
    }

    fn tracing(&self, program: &str, target: Target<'_>) -> Result<Link, String> {
        let program = self
            .programs
            .of(program)
            .map_err(|error| format!("{error:#}"))?;
        tracing::attach(program, target)
    }

    fn kprobe(&mut self, hook: &Hook) -> Result<(), String> {
        let programs = hook.role.programs();
        let ending = if programs.walks_segments && !self.has_loop() {
            BOUNDED
        } else {
            ""
        };
        let entry = programs.kprobe.map(|name| format!("{name}{ending}"));
        for program in programs
            .kretprobe
            .map(str::to_owned)
            .into_iter()
            .chain(entry)
        {
            attach_kprobe(&mut self.ebpf, &program, hook.target)
                .map_err(|error| format!("{error:#}"))?;
        }
        Ok(())
    }

    /// `bpf_loop` (5.17) is among the helpers that the kernel's BTF lists.
    fn has_loop(&self) -> bool {
        self.types.enumerator("BPF_FUNC_loop").is_some()
    }

    fn tracepoint(&mut self, hook: &Hook) -> Result<(&'static str, Option<String>), String> {
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
        let why_not = match self.tracing(btf, target) {
            Ok(link) => {
                self.links.push(link);
                return Ok(("tp_btf", None));
            }
            Err(reason) => reason,
        };
        attach_raw_tracepoint(&mut self.ebpf, raw, hook.target)
            .map_err(|error| format!("tp_btf: {why_not}; raw tracepoint: {error:#}"))?;
        Ok(("raw tracepoint", Some(format!("tp_btf: {why_not}"))))
    }
}

fn attach_kprobe(ebpf: &mut Ebpf, program: &str, function: &str) -> Result<()> {
    let program: &mut KProbe = ebpf
        .program_mut(program)
        .context("not in the eBPF object")?
        .try_into()?;
    if program.fd().is_err() {
        program.load().map_err(|error| refused(&error))?;
    }
    program.attach(function, 0).context("cannot attach")?;
    Ok(())
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
                tracing::refusal(io_error, &log)
            )
        }
        other => anyhow!("the kernel refuses the program: {other}"),
    }
}

/// Filesystem types that the kernel knows at the moment.
fn known_filesystems() -> HashSet<String> {
    let text = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_ascii_whitespace().last())
        .map(str::to_owned)
        .collect()
}

/// CPUs that may ever be online.
pub(super) fn possible_cpus() -> u32 {
    let count = aya::util::nr_cpus().unwrap_or(1);
    u32::try_from(count).unwrap_or(1).max(1)
}
