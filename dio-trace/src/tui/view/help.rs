//! All keys, made from the key map, and what the words mean.

use ratatui::text::{Line, Span};

use crate::{
    model::Reason,
    tui::{
        cells::short_reason,
        keymap::{Group, KEYMAP},
        theme::{Role, Theme},
        view::{section, sentence, span},
    },
};

/// What the verdicts mean, in the words of the manual.
const WORDS: [(&str, &str); 9] = [
    (
        "aligned",
        "address, every segment length and offset are multiples of the logical block size; done directly; works under every rule set",
    ),
    (
        "accepted",
        "misaligned by that measure, yet done directly: this kernel and device are mild, others may not be",
    ),
    (
        "buffered",
        "O_DIRECT was asked for, the page cache served all or part of it",
    ),
    (
        "rejected",
        "failed, and it breaks a rule in force on this kernel, device and filesystem",
    ),
    ("failed", "failed for a reason that is not alignment"),
    (
        "probing",
        "a program finding out the alignment by trying; counted apart, no fault",
    ),
    (
        "unchecked",
        "accepted although it breaks the rule, since this kernel skips the check there: data may be damaged",
    ),
    (
        "MEM LEN OFF",
        "smallest alignment seen of memory addresses, segment lengths, offsets, among captured requests",
    ),
    (
        "LBS DMA FSB GAP",
        "what the device asks: logical block size, dma alignment, filesystem block, virtual boundary",
    ),
];

/// The help.
pub(super) fn lines(theme: &Theme, width: usize) -> Vec<Line<'static>> {
    const KEYS: usize = 18;
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(section(theme, group.title()));
        for binding in KEYMAP.iter().filter(|binding| binding.group == group) {
            let keys: Vec<_> = binding.keys.iter().map(ToString::to_string).collect();
            let keys = format!("{:KEYS$}", keys.join(" "));
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
        let lead = format!("  {word:KEYS$}");
        lines.extend(sentence(theme, Role::Text, &lead, meaning, width));
    }
    for reason in Reason::ALL {
        let lead = format!("  {reason:KEYS$}");
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
