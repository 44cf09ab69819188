//! The comparison with what people use today: bpftrace with one pair of probes, at the function
//! that all reads of XFS pass.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::command;

/// Selects direct requests, checks whether address, length and offset are multiples of 512, counts
/// by process, outcome and alignment, and prints each misaligned request. dio-trace does much more.
pub(super) const PAIR: &str = r#"
kprobe:xfs_file_read_iter {
    $iocb = (struct kiocb *)arg0;
    if ($iocb->ki_flags & 0x20000) {
        $iter = (struct iov_iter *)arg1;
        $bits = (uint64)$iter->__ubuf_iovec.iov_base | $iter->count | (uint64)$iocb->ki_pos;
        @bits[tid] = ($bits & 511) + 1;
    }
}
kretprobe:xfs_file_read_iter /@bits[tid]/ {
    @requests[pid, comm, @bits[tid] > 1, (int64)retval < 0] = count();
    if (@bits[tid] > 1) {
        printf("misaligned %d %s %d %d\n", pid, comm, @bits[tid] - 1, retval);
    }
    delete(@bits[tid]);
}
"#;

/// Whether both probes of [`PAIR`] are attached.
///
/// # Errors
/// When the kernel does not list its probes.
pub(super) fn is_attached() -> Result<bool> {
    let path = "/sys/kernel/debug/kprobes/list";
    let list = fs::read_to_string(path).context(path)?;
    let probes = list.lines();
    Ok(probes
        .filter(|line| line.contains("xfs_file_read_iter"))
        .count()
        == 2)
}

/// The number of misaligned requests that it has printed.
///
/// # Errors
/// When its output cannot be read.
pub(super) fn printed(output: &Path) -> Result<u64> {
    let text = fs::read_to_string(output)?;
    let lines = text.lines().filter(|line| line.starts_with("misaligned "));
    Ok(lines.count() as u64)
}

/// bpftrace's name and version, if it is installed and works. This also runs it once, so that the
/// next run finds its files in memory.
pub(super) fn version() -> Option<String> {
    command::output(Command::new("bpftrace").args(["-e", "BEGIN { exit(); }"])).ok()?;
    let said = command::output(Command::new("bpftrace").arg("--version")).ok()?;
    Some(said.trim().to_owned())
}
