//! The help: all keys, made from the key map, and the meanings of the words.

use ratatui::text::{Line, Span};

use crate::{
    model::Reason,
    tui::{
        cells::short_reason,
        keymap::{Group, KEYMAP},
        theme::{Role, Theme},
        view::parts::{section, sentence, span},
    },
};

/// Words and their meanings.
const WORDS: [(&str, &str); 9] = [
    (
        "aligned",
        "address, every segment length and offset are multiples of the logical block size; done directly; works under every rule set",
    ),
    (
        "accepted",
        "misaligned by that measure, yet done directly: this kernel and device are lenient, others may not be",
    ),
    (
        "buffered",
        "O_DIRECT was asked for, but the page cache served all or part of it",
    ),
    (
        "rejected",
        "failed, and it breaks a rule in force on this kernel, device and filesystem",
    ),
    ("failed", "failed for a reason that is not alignment"),
    (
        "probing",
        "a program trying out which alignment works; counted separately, not a fault",
    ),
    (
        "unchecked",
        "accepted although it breaks the rule, because this kernel skips the check there: data may be damaged",
    ),
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
    lines.push(section(theme, "Words"));
    for (word, meaning) in WORDS {
        let lead = format!("  {word:column$}");
        lines.extend(sentence(theme, Role::Text, &lead, meaning, width));
    }
    for reason in Reason::ALL {
        let lead = format!("  {reason:column$}");
        let short = short_reason(*reason);
        let text = format!("reason; {short:?} in narrow columns");
        lines.extend(sentence(theme, Role::Text, &lead, &text, width));
    }
    lines.push(Line::default());
    lines.push(section(theme, "Filters"));
    let filters = "field=value, separated by blanks: pid, comm, cgroup, disk, path, verdict, \
                   operation; globs where text; several values of one field are alternatives";
    lines.extend(sentence(theme, Role::Text, "  ", filters, width));
    lines
}

/// Width of the column of keys and words: two blanks more than the longest of them.
fn key_column() -> usize {
    let keys = KEYMAP.iter().map(|binding| {
        let names = binding.keys.iter().map(ToString::to_string);
        names.map(|name| name.len() + 1).sum::<usize>() - 1
    });
    let words = WORDS.iter().map(|(word, _)| word.len());
    keys.chain(words).max().unwrap_or(0) + 2
}
