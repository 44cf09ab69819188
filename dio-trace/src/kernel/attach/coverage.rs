//! The attach plan as a table for people, in `docs/coverage.md`, and the test that the page is current.

use std::fmt::Write;

use crate::{
    kernel::attach::{
        hook::{Condition, Hook},
        plan::PLAN,
        roles::Role,
    },
    model::{FailureKind, Filesystem},
};

/// Every hook, by the path that a request takes, as a table in Markdown.
fn hooks() -> String {
    let mut table = Table::new([
        "path",
        "function or tracepoint",
        "module",
        "presence",
        "of use",
        "gives",
    ]);
    let mut paths: Vec<&str> = Vec::new();
    for path in PLAN.iter().map(path) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    for one in paths {
        for (at, hook) in PLAN.iter().filter(|hook| path(hook) == one).enumerate() {
            table.row([
                if at == 0 { one } else { "" },
                &format!("`{}`", hook.function),
                hook.module.unwrap_or("vmlinux"),
                presence(hook),
                &condition(hook.condition),
                hook.gives,
            ]);
        }
    }
    table.0
}

/// Every kind of failure on attaching, as a table in Markdown.
fn failures() -> String {
    let mut table = Table::new(["error", "meaning"]);
    for (_, word, meaning) in FailureKind::ALL {
        table.row([&format!("`{word}`"), meaning]);
    }
    table.0
}

/// The path of requests that a hook is for.
fn path(hook: &Hook) -> &'static str {
    match hook.condition {
        Condition::Filesystem(filesystem)
        | Condition::ReportsDirectBytes { filesystem, .. }
        | Condition::ReturnsMissed { filesystem, .. } => return filesystem.name,
        Condition::Always
        | Condition::DoesNotReport(_)
        | Condition::ChosenProcesses
        | Condition::Dax => {}
    }
    match hook.role {
        Role::Completion => "asynchronous requests",
        Role::BioQueue | Role::BioSplit => "every request",
        Role::ProcessFork => "traced processes",
        Role::Request | Role::BlockDeviceEngine => "raw devices",
        Role::IomapEngine
        | Role::IomapSimpleEngine
        | Role::IomapInner
        | Role::IomapComplete
        | Role::IomapEnd
        | Role::BtrfsSubmit => "filesystems on iomap",
        Role::LegacyEngine => "filesystems on the older engine",
        Role::ServerEngine | Role::ServerInner | Role::PassedOn => "filesystems on a server",
        Role::Fallback => "the page cache",
        Role::SuperblockEnd => "names of files",
        Role::DaxEngine => "files on DAX devices",
    }
}

const fn presence(hook: &Hook) -> &'static str {
    match (hook.essential, hook.optional) {
        (true, _) => "essential",
        (false, false) => "needed",
        (false, true) => "optional",
    }
}

fn condition(condition: Condition) -> String {
    match condition {
        Condition::Always => "always".to_owned(),
        Condition::Filesystem(filesystem) => registered(filesystem),
        Condition::ReportsDirectBytes {
            filesystem,
            arguments,
        } => format!(
            "{}, and it has {arguments} arguments",
            registered(filesystem)
        ),
        Condition::DoesNotReport(filesystems) => {
            let names: Vec<_> = filesystems.iter().map(|one| one.name.to_owned()).collect();
            format!(
                "if {} is registered without a function that reports its direct bytes",
                list(&names)
            )
        }
        Condition::Dax => "if a disk offers its memory to filesystems".to_owned(),
        Condition::ChosenProcesses => "while a command or chosen processes are traced".to_owned(),
        Condition::ReturnsMissed {
            filesystem,
            function,
        } => format!(
            "{}, and returns of `{function}` can be missed",
            registered(filesystem)
        ),
    }
}

fn registered(filesystem: &Filesystem) -> String {
    let types: Vec<_> = filesystem
        .types
        .iter()
        .map(|one| format!("`{one}`"))
        .collect();
    format!("if {} is registered", list(&types))
}

/// Alternatives: `a, b or c`.
fn list(items: &[String]) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => items.concat(),
    }
}

/// A table in Markdown.
struct Table(String);

impl Table {
    fn new<const COLUMNS: usize>(titles: [&str; COLUMNS]) -> Self {
        let mut table = Self(String::new());
        table.row(titles);
        table.row(["---"; COLUMNS]);
        table
    }

    fn row<const COLUMNS: usize>(&mut self, cells: [&str; COLUMNS]) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of the page between the markers of `name`.
    fn between<'a>(page: &'a str, name: &str) -> &'a str {
        let part = page
            .split_once(&format!("<!-- made from {name}: begin -->\n"))
            .and_then(|(_, rest)| rest.split_once(&format!("<!-- made from {name}: end -->")));
        part.unwrap_or_else(|| panic!("docs/coverage.md has no part made from {name}"))
            .0
    }

    /// Compares a page with what it should hold; writes it where `DIO_TRACE_BLESS` is set.
    #[test]
    fn the_page_on_coverage_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/coverage.md");
        let page = std::fs::read_to_string(path).unwrap();
        let mut wanted = page.clone();
        for (name, table) in [
            ("the attach plan", hooks()),
            ("the kinds of failure", failures()),
        ] {
            let begin = format!("<!-- made from {name}: begin -->\n");
            let part = format!("{begin}{}", between(&page, name));
            wanted = wanted.replace(&part, &format!("{begin}{table}"));
        }
        if std::env::var_os("DIO_TRACE_BLESS").is_some() {
            std::fs::write(path, wanted).unwrap();
            return;
        }
        assert!(
            page == wanted,
            "{path} is not current; to write it, run DIO_TRACE_BLESS=1 cargo test -p dio-trace \
             --lib the_page_on_coverage_is_current"
        );
    }

    #[test]
    fn every_hook_stands_in_the_table_once() {
        let table = hooks();
        for hook in PLAN {
            let cell = format!("| `{}` |", hook.function);
            assert_eq!(table.matches(&cell).count(), 1, "{}", hook.function);
        }
    }
}
