//! Names of functions in programs.

use std::{fs, path::Path, sync::Arc};

use blazesym::{
    Pid,
    symbolize::{
        Input, Symbolized, Symbolizer,
        cache::{self, Cache},
        source::{self, Source},
    },
};

use crate::kernel::{
    capture::stacks::{
        frame::{Names, looked_up, named},
        nameless::nameless,
        process::Process,
    },
    machine::process::{Code, code},
};

/// Number of processes after which all symbol tables are dropped: each keeps its file open.
const PROCESSES: usize = 128;

/// Symbol tables of programs and libraries.
pub(in crate::kernel) struct UserNames {
    symbolizer: Symbolizer,
    processes: usize,
    /// Whether mapped files can be opened through the mapping (`CAP_SYS_ADMIN` or
    /// `CAP_CHECKPOINT_RESTORE`): that is right in every container, and for deleted files.
    by_mapping: bool,
}

impl UserNames {
    pub(in crate::kernel) fn new() -> Self {
        Self {
            symbolizer: symbolizer(),
            processes: 0,
            by_mapping: may_open_mappings(),
        }
    }

    /// Names of a stack; `None` where the process is gone.
    pub(in crate::kernel) fn names(&mut self, process: &Process, frames: &[u64]) -> Option<Names> {
        // The path of a file in another container may be that of another file here.
        if !self.by_mapping && !shares_our_files(process.pid) {
            return None;
        }
        if self.processes >= PROCESSES {
            *self = Self::new();
        }
        self.processes += 1;
        let pid = Pid::from(process.pid);
        let mappings = Cache::from(cache::Process {
            cache_vmas: true,
            cache_perf_map: false,
            ..cache::Process::new(pid)
        });
        self.symbolizer.cache(&mappings).ok()?;
        let code = code(process.pid);
        // Checked after the mappings were read: if they are not those of this process, they are not used.
        let names = process.is_there().then(|| {
            let frames = sensible(frames, &code).iter().enumerate();
            frames
                .map(|(index, &frame)| {
                    let name = self.name(pid, index, frame);
                    name.unwrap_or_else(|| nameless(process.pid, &code, frame))
                })
                .collect()
        });
        let gone = blazesym::symbolize::evict::Process::new(pid);
        let _ = self.symbolizer.evict(&gone.into());
        names
    }

    /// Names one frame at a time: one that points into a file that is not a program spoils only itself.
    fn name(&self, pid: Pid, index: usize, frame: u64) -> Option<Arc<str>> {
        let source = Source::Process(source::Process {
            debug_syms: false,
            // The process may write anything there.
            perf_map: false,
            map_files: self.by_mapping,
            vdso: false,
            ..source::Process::new(pid)
        });
        let at = looked_up(index, frame);
        match self
            .symbolizer
            .symbolize_single(&source, Input::AbsAddr(at))
        {
            Ok(Symbolized::Sym(symbol)) => {
                let binary = symbol.module.as_deref().map(Path::new);
                let binary = binary.and_then(Path::file_name).unwrap_or_default();
                let offset = symbol.offset as u64 + (frame - at);
                let binary = format!("({})", binary.to_string_lossy());
                Some(named(&symbol.name, offset, &binary))
            }
            _ => None,
        }
    }
}

/// The part of a stack that can be one. The kernel follows frame pointers, and takes any number for a
/// frame pointer in programs and libraries that are built without: the addresses from there on are not
/// code.
fn sensible<'a>(frames: &'a [u64], code: &[Code]) -> &'a [u64] {
    let is_code = |frame: &u64| code.iter().any(|code| code.range.contains(frame));
    let calls = frames.iter().skip(1).take_while(|frame| is_code(frame));
    &frames[..(calls.count() + 1).min(frames.len())]
}

fn symbolizer() -> Symbolizer {
    Symbolizer::builder()
        .enable_code_info(false)
        .enable_inlined_fns(false)
        .build()
}

fn may_open_mappings() -> bool {
    let entries = fs::read_dir("/proc/self/map_files");
    let first = entries.ok().and_then(|mut entries| entries.next()?.ok());
    // Everyone may read the link, but not follow it.
    first.is_some_and(|entry| fs::metadata(entry.path()).is_ok())
}

fn shares_our_files(pid: u32) -> bool {
    let same = |what: &str| {
        let theirs = fs::read_link(format!("/proc/{pid}/{what}"));
        let ours = fs::read_link(format!("/proc/self/{what}"));
        matches!((theirs, ours), (Ok(theirs), Ok(ours)) if theirs == ours)
    };
    same("ns/mnt") && same("root")
}
