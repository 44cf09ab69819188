//! The threads that find names, and the names that they have found.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::Instant,
};

use anyhow::{Context, Result};

use crate::kernel::capture::stacks::{
    frame::{Names, addresses},
    ids::Frames,
    kernel_names::KernelNames,
    process::Process,
    user_names::UserNames,
};

/// Number of stacks whose names are remembered; a program has some dozens that do direct I/O.
const CAPACITY: usize = 16_384;
/// Number of stacks that may wait for names. Those beyond it are shown as addresses.
const QUEUE: usize = 4_096;

/// The address space of a stack.
#[derive(Clone, Debug)]
pub(in crate::kernel) enum Space {
    Kernel,
    Process(Process),
}

/// A stack.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct Key {
    pub(in crate::kernel) space: Space,
    pub(in crate::kernel) frames: Frames,
}

/// Two processes with one id, one name and the same addresses throughout count as one: where
/// addresses are random that does not happen, and where they are not it is the same program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Identity {
    process: Option<(u32, Arc<str>)>,
    frames: Frames,
}

impl Key {
    fn identity(&self) -> Identity {
        let process = match &self.space {
            Space::Kernel => None,
            Space::Process(process) => Some((process.pid, Arc::clone(&process.comm))),
        };
        Identity {
            process,
            frames: Arc::clone(&self.frames),
        }
    }
}

/// Finds names while the probes are being drained.
pub(in crate::kernel) struct Namer {
    /// For the kernel's stacks, apart from the others: reading its symbols takes long, and meanwhile
    /// programs may exit.
    kernel: SyncSender<Key>,
    user: SyncSender<Key>,
    answers: Receiver<(Identity, Names)>,
    /// `None` for those that wait for an answer.
    known: HashMap<Identity, Option<Names>>,
    waiting: usize,
}

impl Namer {
    pub(in crate::kernel) fn start() -> Result<Self> {
        let (answer, answers) = channel();
        Ok(Self {
            kernel: worker("kernel-symbols", answer.clone(), || {
                let mut kernel = KernelNames::default();
                move |key| kernel.names(&key.frames)
            })?,
            user: worker("symbols", answer, || {
                let mut user = UserNames::new();
                move |key| match &key.space {
                    Space::Kernel => None,
                    Space::Process(process) => user.names(process, &key.frames),
                }
            })?,
            answers,
            known: HashMap::new(),
            waiting: 0,
        })
    }

    /// Asks for a stack's names, unless that was done before.
    pub(in crate::kernel) fn ask(&mut self, key: &Key) {
        let identity = key.identity();
        if self.known.contains_key(&identity) {
            return;
        }
        if self.known.len() >= CAPACITY {
            self.known.retain(|_, names| names.is_none());
        }
        // If the queue is full, the stack has no names, so that nobody waits for them.
        let asks = match key.space {
            Space::Kernel => &self.kernel,
            Space::Process(_) => &self.user,
        };
        if asks.try_send(key.clone()).is_ok() {
            self.waiting += 1;
            self.known.insert(identity, None);
        } else {
            self.known.insert(identity, Some(addresses(&key.frames)));
        }
    }

    /// Takes the answers that have arrived.
    pub(in crate::kernel) fn listen(&mut self) {
        while let Ok((identity, names)) = self.answers.try_recv() {
            self.take(identity, names);
        }
    }

    /// Waits for the next answer; false where none is awaited, or none arrives until `end`.
    pub(in crate::kernel) fn wait(&mut self, end: Instant) -> bool {
        if self.waiting == 0 {
            return false;
        }
        let left = end.saturating_duration_since(Instant::now());
        match self.answers.recv_timeout(left) {
            Ok((identity, names)) => {
                self.take(identity, names);
                self.listen();
                true
            }
            Err(_) => false,
        }
    }

    fn take(&mut self, identity: Identity, names: Names) {
        self.waiting = self.waiting.saturating_sub(1);
        self.known.insert(identity, Some(names));
    }

    /// The names of a stack, where they are known.
    pub(in crate::kernel) fn names(&self, key: &Key) -> Option<&Names> {
        self.known.get(&key.identity())?.as_ref()
    }
}

/// Starts a thread that answers with names, or with addresses where it finds none.
fn worker<F: FnMut(&Key) -> Option<Names>>(
    name: &str,
    answer: Sender<(Identity, Names)>,
    finder: impl FnOnce() -> F + Send + 'static,
) -> Result<SyncSender<Key>> {
    let (asks, asked) = sync_channel::<Key>(QUEUE);
    let work = move || {
        let mut find = finder();
        for key in asked {
            let names = find(&key).unwrap_or_else(|| addresses(&key.frames));
            if answer.send((key.identity(), names)).is_err() {
                return;
            }
        }
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.context("cannot start the thread that names call stacks")?;
    Ok(asks)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[inline(never)]
    fn here() -> u64 {
        here as *const () as u64 + 1
    }

    fn this_process() -> Process {
        let comm = std::fs::read_to_string("/proc/self/comm").unwrap();
        Process {
            pid: std::process::id(),
            comm: comm.trim().into(),
            seen: u64::MAX,
        }
    }

    fn named(key: &Key) -> Names {
        let mut namer = Namer::start().unwrap();
        namer.ask(key);
        namer.ask(key);
        assert!(namer.wait(Instant::now() + Duration::from_secs(60)));
        assert!(!namer.wait(Instant::now()), "one question, one answer");
        Arc::clone(namer.names(key).unwrap())
    }

    #[test]
    fn a_living_process_has_names_until_what_is_no_code() {
        let names = named(&Key {
            space: Space::Process(this_process()),
            frames: Frames::from([here(), here() + 1, 0x10, here()]),
        });
        assert!(
            names[0].contains("namer::tests::here+0x1 (dio_trace-"),
            "{names:?}"
        );
        assert!(names[1].contains("here+0x2"), "{names:?}");
        assert_eq!(names.len(), 2, "no program executes at 0x10");
    }

    #[test]
    fn a_process_that_is_gone_has_only_addresses() {
        let gone = Process {
            seen: 0,
            ..this_process()
        };
        let names = named(&Key {
            space: Space::Process(gone),
            frames: Frames::from([here()]),
        });
        assert_eq!(*names, [format!("{:#x}", here()).into()]);
    }
}
