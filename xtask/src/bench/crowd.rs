//! Many processes, each with many files of its own, that read them on command.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::{
        fs::{FileExt, OpenOptionsExt},
        net::UnixStream,
    },
    path::PathBuf,
};

use anyhow::{Context, Result, bail};

use crate::workload::clock::thread_time;

/// Bytes of each read.
pub(super) const LENGTH: usize = 4096;
/// Open files that the largest crowd needs on either side, and some more.
const DESCRIPTORS: libc::rlim_t = 16_384;

/// One order to a member of the crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// Number of reads of each file.
    pub(super) times: u8,
    /// Bytes by which the buffer's address misses a multiple of 4096.
    pub(super) askew: u8,
    /// Bytes or negative errno that each read must return.
    pub(super) result: i64,
}

/// The processes; they end when this is dropped.
pub(super) struct Crowd {
    members: Vec<Member>,
}

struct Member {
    pid: libc::pid_t,
    channel: UnixStream,
}

impl Crowd {
    /// Starts one process for each list of files, which it opens for direct I/O.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(super) fn new<'a>(files: impl Iterator<Item = &'a [PathBuf]>) -> Result<Self> {
        let limit = libc::rlimit {
            rlim_cur: DESCRIPTORS,
            rlim_max: DESCRIPTORS,
        };
        // SAFETY: the limit is read from `limit`.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
            return Err(io::Error::last_os_error()).context("cannot open many files");
        }
        let mut crowd = Self {
            members: Vec::new(),
        };
        for files in files {
            crowd.join(files)?;
        }
        Ok(crowd)
    }

    fn join(&mut self, files: &[PathBuf]) -> Result<()> {
        let (ours, theirs) = UnixStream::pair()?;
        // SAFETY: this process has one thread, so the child finds nothing half done.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()).context("cannot make a process"),
            0 => {
                drop(ours);
                // These channels belong to the other members. The child must not end those
                // processes.
                drop(std::mem::take(&mut self.members));
                let status = i32::from(serve(theirs, files).is_err());
                // SAFETY: ends the child, which has nothing to flush or to release.
                unsafe { libc::_exit(status) }
            }
            pid => {
                self.members.push(Member { pid, channel: ours });
                Ok(())
            }
        }
    }

    /// Has one member after the other carry out a round. Returns the CPU time of all reads
    /// together, nanoseconds.
    ///
    /// # Errors
    /// When a read returns something else than it must.
    pub(super) fn one_by_one(&mut self, round: Round) -> Result<u64> {
        let mut total = 0;
        for member in &mut self.members {
            member.tell(round)?;
            total += member.hear()?;
        }
        Ok(total)
    }

    /// Has all members carry out a round at once, and waits for the last.
    ///
    /// # Errors
    /// When a read returns something else than it must.
    pub(super) fn together(&mut self, round: Round) -> Result<()> {
        for member in &mut self.members {
            member.tell(round)?;
        }
        for member in &mut self.members {
            member.hear()?;
        }
        Ok(())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for Member { pid, channel } in std::mem::take(&mut self.members) {
            // The member's next read finds the end of the channel.
            drop(channel);
            // SAFETY: waits for our own child.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
        }
    }
}

impl Member {
    fn tell(&mut self, round: Round) -> Result<()> {
        let mut told = [0; 10];
        told[0] = round.times;
        told[1] = round.askew;
        told[2..].copy_from_slice(&round.result.to_ne_bytes());
        self.channel.write_all(&told).context("a process has ended")
    }

    /// Receives the CPU time of the member's reads, nanoseconds.
    fn hear(&mut self) -> Result<u64> {
        let mut heard = [0; 16];
        self.channel
            .read_exact(&mut heard)
            .context("a process has ended")?;
        let [time, other] = [&heard[..8], &heard[8..]]
            .map(|half| i64::from_ne_bytes(half.try_into().unwrap_or_default()));
        if other != 0 {
            bail!("a read ended with {other}");
        }
        Ok(time as u64)
    }
}

/// The loop of a member, until its channel ends.
fn serve(mut channel: UnixStream, files: &[PathBuf]) -> io::Result<()> {
    // SAFETY: the name is a C string.
    unsafe { libc::prctl(libc::PR_SET_NAME, c"crowd".as_ptr()) };
    let open = |path| {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_DIRECT).open(path)
    };
    let files = files.iter().map(open).collect::<io::Result<Vec<File>>>()?;
    let mut memory = vec![0; 3 * LENGTH];
    let aligned = memory.as_ptr().align_offset(LENGTH);
    let mut told = [0; 10];
    while channel.read_exact(&mut told).is_ok() {
        let [times, askew, result @ ..] = told;
        let result = i64::from_ne_bytes(result);
        let buffer = &mut memory[aligned + usize::from(askew)..][..LENGTH];
        let started = thread_time();
        let mut other = 0;
        for _ in 0..times {
            for file in &files {
                let found = match file.read_at(buffer, 0) {
                    Ok(bytes) => bytes as i64,
                    Err(error) => -i64::from(error.raw_os_error().unwrap_or(0)),
                };
                if found != result {
                    other = found;
                }
            }
        }
        let time = thread_time() - started;
        channel.write_all(&(time as i64).to_ne_bytes())?;
        channel.write_all(&other.to_ne_bytes())?;
    }
    Ok(())
}
