//! The help: all keys, made from the key map, and the meanings of words and columns.

use ratatui::text::{Line, Span};

use crate::{
    model::{Flag, Reason, Verdict, Word},
    tui::{
        cells::short_reason,
        keymap::{Group, KEYMAP},
        theme::{Role, Theme},
        view::parts::{section, sentence, span},
    },
};

/// Heads of columns and their meanings.
const COLUMNS: [(&str, &str); 2] = [
    (
        "MEM LEN OFF",
        "smallest alignment of memory addresses, segment lengths and offsets among captured requests",
    ),
    (
        "LBS DMA FSB GAP",
        "what the device requires: logical block size, dma alignment, filesystem block, virtual boundary",
    ),
];

/// The help.
pub(super) fn lines(theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let column = key_column();
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(section(theme, group.title()));
        for binding in KEYMAP.iter().filter(|binding| binding.group == group) {
            let keys: Vec<_> = binding.keys.iter().map(ToString::to_string).collect();
            let keys = format!("{:column$}", keys.join(" "));
            lines.push(Line::from(vec![
                Span::raw("  "),
                span(theme, Role::Bar, keys),
                Span::raw(binding.help),
            ]));
        }
        lines.push(Line::default());
    }
    let mut part = |title: &'static str, words: &[(&'static str, String)]| {
        lines.push(section(theme, title));
        for (word, meaning) in words {
            let lead = format!("  {word:column$}");
            lines.extend(sentence(theme, Role::Text, &lead, meaning, width));
        }
        lines.push(Line::default());
    };
    part("Verdicts", &meanings::<Verdict>());
    part("Reasons, with their short names", &reasons());
    part("Flags", &meanings::<Flag>());
    part(
        "Columns",
        &COLUMNS.map(|(head, meaning)| (head, meaning.to_owned())),
    );
    lines.push(section(theme, "Filters"));
    let filters = "field=value, separated by blanks: pid, comm, cgroup, disk, path, verdict, \
                   operation; globs where text; several values of one field are alternatives";
    lines.extend(sentence(theme, Role::Text, "  ", filters, width));
    lines
}

fn meanings<W: Word>() -> Vec<(&'static str, String)> {
    let words = W::ALL.iter();
    words
        .map(|one| (one.word(), one.meaning().to_owned()))
        .collect()
}

fn reasons() -> Vec<(&'static str, String)> {
    let reasons = Reason::ALL.iter();
    reasons
        .map(|one| {
            let text = format!("{}; {:?}", one.meaning(), short_reason(*one));
            (one.word(), text)
        })
        .collect()
}

/// Width of the column of keys and words: two blanks more than the longest of them.
fn key_column() -> usize {
    let keys = KEYMAP.iter().map(|binding| {
        let names = binding.keys.iter().map(ToString::to_string);
        names.map(|name| name.len() + 1).sum::<usize>() - 1
    });
    let words = Verdict::ALL.iter().map(|one| one.word());
    let words = words.chain(Reason::ALL.iter().map(|one| one.word()));
    let words = words.chain(Flag::ALL.iter().map(|one| one.word()));
    let words = words.chain(COLUMNS.map(|(head, _)| head)).map(str::len);
    keys.chain(words).max().unwrap_or(0) + 2
}
