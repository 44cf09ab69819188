//! The symbols of the screen, once for UTF-8 terminals and once for all others.

/// One set of symbols.
#[derive(Debug, PartialEq, Eq)]
pub struct Symbols {
    /// Levels of a sparkline, from empty to full.
    pub spark: [char; 9],
    /// A stretch that the request covers.
    pub full: char,
    /// A stretch that it does not cover.
    pub empty: char,
    /// The border of a block.
    pub border: char,
    /// The row with the cursor.
    pub cursor: char,
    /// Sorted, largest first.
    pub descending: char,
    /// Sorted, smallest first.
    pub ascending: char,
    /// Text was cut off.
    pub cut: char,
    /// Separator of the parts of a line.
    pub dot: &'static str,
    /// Separator of the steps of drilling down.
    pub step: &'static str,
    /// A file below its process, with more below it.
    pub branch: &'static str,
    /// The last file below its process.
    pub last_branch: &'static str,
    /// In order.
    pub good: &'static str,
    /// Not in order.
    pub bad: &'static str,
    /// At least.
    pub at_least: &'static str,
    /// Pointer to a place above.
    pub pointer: char,
    /// A horizontal line.
    pub rule: char,
    /// Playing.
    pub play: &'static str,
    /// Paused.
    pub pause: &'static str,
    /// Position on the time line.
    pub head: char,
}

/// For UTF-8 terminals: only symbols that every console font has.
pub(super) const UNICODE: Symbols = Symbols {
    spark: [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    full: '█',
    empty: '·',
    border: '│',
    cursor: '▶',
    descending: '▼',
    ascending: '▲',
    cut: '…',
    dot: " · ",
    step: " › ",
    branch: "├ ",
    last_branch: "└ ",
    good: "✓",
    bad: "✗",
    at_least: "≥",
    pointer: '↑',
    rule: '─',
    play: "▶",
    pause: "■",
    head: '●',
};

/// For other terminals.
pub(super) const ASCII: Symbols = Symbols {
    spark: [' ', '.', '.', ':', '-', '=', '+', '*', '#'],
    full: '#',
    empty: '.',
    border: '|',
    cursor: '>',
    descending: 'v',
    ascending: '^',
    cut: '~',
    dot: " - ",
    step: " > ",
    branch: "|- ",
    last_branch: "`- ",
    good: "ok",
    bad: "BAD",
    at_least: ">=",
    pointer: '^',
    rule: '-',
    play: ">",
    pause: "=",
    head: 'O',
};
