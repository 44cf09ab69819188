//! Reports on a terminal: colours, lines as wide as it is, and a pager.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::{io::Read, path::Path};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// What the report of a real recording prints on a terminal of 80 columns, with these variables.
fn report(variables: &[(&str, &str)]) -> String {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/postgres-on-btrfs.dio");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_dio-trace"));
    command.arg("report");
    command.arg(sample);
    for unset in ["NO_COLOR", "PAGER", "LESS", "COLUMNS"] {
        command.env_remove(unset);
    }
    for (name, value) in [("TERM", "xterm"), ("LANG", "C.UTF-8")]
        .iter()
        .chain(variables)
    {
        command.env(name, value);
    }
    let size = PtySize {
        rows: 24,
        cols: 80,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut output = Vec::new();
    // Linux ends a terminal that nobody has open any more with an error.
    drop(
        pair.master
            .try_clone_reader()
            .unwrap()
            .read_to_end(&mut output),
    );
    assert!(child.wait().unwrap().success());
    String::from_utf8(output).unwrap().replace("\r\n", "\n")
}

#[test]
fn a_terminal_has_colours_and_a_pager() {
    let text = report(&[("PAGER", "sed s/^/paged:/")]);
    assert!(
        text.lines().all(|line| line.starts_with("paged:")),
        "{text}"
    );
    assert!(text.contains("\x1b[1m"), "{text}");
}

#[test]
fn colours_and_pager_can_be_switched_off() {
    for pager in ["", "cat"] {
        let text = report(&[("PAGER", pager), ("NO_COLOR", "1")]);
        assert!(!text.contains('\x1b'), "{text}");
        assert!(text.starts_with("3,847 buffered of 10,615"), "{text}");
        let sentences = text.lines().take_while(|line| !line.starts_with("Lost"));
        for line in sentences {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn a_pager_that_is_not_there_is_no_loss() {
    let text = report(&[("PAGER", "/nonexistent/pager"), ("NO_COLOR", "1")]);
    assert!(text.contains("3,847 buffered of 10,615"), "{text}");
}
