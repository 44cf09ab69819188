//! Runs other programs to their end. The error of a failure has the program, its arguments and what
//! it printed.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use shlex::Quoter;

/// Runs a command on our own terminal.
///
/// # Errors
/// When it cannot be started, or its exit status is not 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command quietly, and returns what it printed on standard output.
///
/// # Errors
/// As for [`run`]; the message contains the end of its standard error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| cannot_start(command))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = complaint.lines().collect();
        let tail = lines[lines.len().saturating_sub(15)..].join("\n");
        bail!("{} ended with {}\n{tail}", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Finds a program in PATH, or in the directories of system tools, which a user's PATH often lacks.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

/// The command line in a form that can be typed.
pub(crate) fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

/// One word, quoted for a shell where necessary. shell-words, which is in the tree too, leaves braces
/// alone (1.1.1), which some shells expand.
pub(crate) fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    // Only a NUL would be refused, which no argument can hold.
    let quoted = Quoter::new().allow_nul(true).quote(&word);
    quoted.unwrap_or_default().into_owned()
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", command.get_program().display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_only_what_a_shell_would_change() {
        assert_eq!(quoted("/dev/vda"), "/dev/vda");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_shell_reads_back_every_word() {
        let all: String = (1..=0x7f_u8).map(char::from).collect();
        let words = [
            "",
            "it's $HOME",
            "{a,b} *",
            "~",
            "#",
            "!!",
            "-n",
            "a\nb",
            "\u{e4}",
            &all,
        ];
        let line: Vec<String> = words.iter().map(quoted).collect();
        for shell in ["sh", "bash"].iter().filter(|shell| find(shell).is_some()) {
            let script = format!("printf '%s\\0' {}", line.join(" "));
            let read = output(Command::new(shell).args(["-c", &script])).unwrap();
            let read: Vec<&str> = read.split_terminator('\0').collect();
            assert_eq!(read, words, "{shell}");
        }
    }
}
