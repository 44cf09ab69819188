//! The one reader of `/proc/PID`: what a process is and where it executes.
//!
//! Programs choose their names and those of their files, in any bytes; only the columns of interest
//! are parsed. The procfs crate is not used: its `status` and `maps` fail where one name is not UTF-8,
//! and its `stat` leaves escapes as they are (0.18.0).

use std::{fs, ops::Range};

use rustix::param::clock_ticks_per_second;

/// Inode of the initial pid namespace: `PROC_PID_INIT_INO` (`include/linux/proc_ns.h`).
const INITIAL_PID_NAMESPACE: &str = "pid:[4026531836]";

/// A process as `/proc/PID/stat` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Stat {
    /// Name of its leader.
    pub(in crate::kernel) comm: String,
    /// When it was started, nanoseconds since the machine was, rounded down to the kernel's clock
    /// tick.
    pub(in crate::kernel) started: u64,
}

/// `None` where there is no such process.
pub(in crate::kernel) fn stat(pid: u32) -> Option<Stat> {
    let line = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&line, clock_ticks_per_second())
}

fn parse_stat(line: &[u8], ticks_per_second: u64) -> Option<Stat> {
    // The name may hold parentheses and blanks.
    let start = line.iter().position(|&byte| byte == b'(')? + 1;
    let end = line.iter().rposition(|&byte| byte == b')')?;
    let rest = str::from_utf8(line.get(end + 1..)?).ok()?;
    // Field 22 of the line is the 20th after the name.
    let ticks: u64 = rest.split_ascii_whitespace().nth(19)?.parse().ok()?;
    Some(Stat {
        comm: String::from_utf8_lossy(&unescaped(line.get(start..end)?)).into_owned(),
        started: ticks.saturating_mul(1_000_000_000 / ticks_per_second.max(1)),
    })
}

/// A name without the escapes for line end and backslash (`proc_task_name`, fs/proc/array.c).
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match (byte, bytes.as_slice()) {
            (b'\\', [b'n', ..]) => {
                bytes.next();
                b'\n'
            }
            (b'\\', [b'\\', ..]) => {
                bytes.next();
                b'\\'
            }
            _ => byte,
        });
    }
    plain
}

/// Memory that a process may execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Code {
    /// Its addresses.
    pub(in crate::kernel) range: Range<u64>,
    /// Place of the first address in the file.
    pub(in crate::kernel) offset: u64,
    /// The file, or a name such as `[vdso]`; empty for memory without either.
    pub(in crate::kernel) file: String,
}

/// The memory that a process may execute; none where it is gone or may not be looked into.
pub(in crate::kernel) fn code(pid: u32) -> Vec<Code> {
    parse_code(&fs::read(format!("/proc/{pid}/maps")).unwrap_or_default())
}

/// From lines like `55d4c0a2b000-55d4c0a2d000 r-xp 00002000 08:01 1234 /usr/bin/cat`.
fn parse_code(maps: &[u8]) -> Vec<Code> {
    let executable = maps.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut words = line.split(|&byte| byte == b' ');
        let (range, rights) = (str::from_utf8(words.next()?).ok()?, words.next()?);
        let (start, end) = range.split_once('-')?;
        let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
        if rights.get(2) != Some(&b'x') {
            return None;
        }
        let offset = words.next().and_then(|word| str::from_utf8(word).ok());
        // Device and inode, then blanks up to the name, which may hold blanks itself.
        let name = words.skip(2).skip_while(|word| word.is_empty());
        let name = name.collect::<Vec<_>>().join(&b' ');
        Some(Code {
            range,
            offset: offset.and_then(|offset| u64::from_str_radix(offset, 16).ok())?,
            file: String::from_utf8_lossy(&name).into_owned(),
        })
    });
    executable.collect()
}

/// The process that a thread belongs to; `None` where there is no such thread, or /proc hides it.
#[must_use]
pub fn thread_group(pid: u32) -> Option<u32> {
    parse_thread_group(&fs::read(format!("/proc/{pid}/status")).ok()?)
}

fn parse_thread_group(status: &[u8]) -> Option<u32> {
    let mut lines = status.split(|&byte| byte == b'\n');
    let group = lines.find_map(|line| line.strip_prefix(b"Tgid:"))?;
    str::from_utf8(group).ok()?.trim().parse().ok()
}

/// Whether process ids mean the same here as in recordings, which have those of the initial
/// namespace. `None` where /proc does not say.
#[must_use]
pub fn in_initial_pid_namespace() -> Option<bool> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.as_os_str() == INITIAL_PID_NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &[u8]) -> Option<Stat> {
        let rest = b") S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 500 20 21\n";
        parse_stat(&[b"7 (", name, rest].concat(), 100)
    }

    #[test]
    fn a_name_may_hold_anything() {
        for (name, expected) in [
            (b"fio".as_slice(), "fio"),
            (b"", ""),
            (b"a) b", "a) b"),
            (b") S 1 2", ") S 1 2"),
            (b"((", "(("),
            (br"a\\b\nc\td\", "a\\b\nc\\td\\"),
            (b"\xff\x1b[2J", "\u{fffd}\u{1b}[2J"),
        ] {
            let expected = Stat {
                comm: expected.to_owned(),
                started: 5_000_000_000,
            };
            assert_eq!(parsed(name), Some(expected), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn a_line_that_is_cut_is_no_process() {
        let line = b"7 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ";
        for end in 0..=line.len() {
            assert_eq!(parse_stat(&line[..end], 100), None, "{end}");
        }
        assert_eq!(parse_stat(b"7 )a( S", 100), None);
        assert_eq!(
            parse_stat(b") S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5 (", 100),
            None
        );
    }

    #[test]
    fn only_executable_ranges_are_code_whatever_files_are_called() {
        let maps = b"55d0-55e0 r-xp 00002000 00:1f 12                 /bin/\xff x\n\
                     55e0-55f0 rw-p 00000000 00:1f 12 /bin/r-xp\n\
                     \xfe\n55f0\n5-6-7 r-xp\nzz-aa r-xp 0\n-ffff r-xp\n7-8 r-xp\n\
                     ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";
        assert_eq!(
            parse_code(maps),
            [
                Code {
                    range: 0x55d0..0x55e0,
                    offset: 0x2000,
                    file: "/bin/\u{fffd} x".to_owned(),
                },
                Code {
                    range: 0xffff_ffff_ff60_0000..0xffff_ffff_ff60_1000,
                    offset: 0,
                    file: "[vsyscall]".to_owned(),
                },
            ]
        );
        assert!(!code(std::process::id()).is_empty());
    }

    #[test]
    fn the_thread_group_is_found_after_any_name() {
        assert_eq!(
            parse_thread_group(b"Name:\t\xff\nTgid:\t12\nTgid:\t13\n"),
            Some(12)
        );
        assert_eq!(parse_thread_group(b"Name:\tTgid: 3\n"), None);
        assert_eq!(thread_group(std::process::id()), Some(std::process::id()));
    }

    #[test]
    fn this_process_has_a_name_and_a_start() {
        let name = fs::read_to_string("/proc/self/comm").unwrap();
        let stat = stat(std::process::id()).unwrap();
        assert_eq!(stat.comm, name.trim_end_matches('\n'));
        assert!(stat.started > 0);
    }
}
