//! The key map: the one table from which keys are looked up, and help and footer are made.

use crate::tui::{action::Action, key::Key, model::Tab};

/// A part of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Moving about.
    Moving,
    /// Screens.
    Screens,
    /// Contents of tables.
    Table,
    /// Counting and saving.
    Work,
    /// Replays only.
    Replay,
}

impl Group {
    /// In the order of the help.
    pub const ALL: [Self; 5] = [
        Self::Moving,
        Self::Screens,
        Self::Table,
        Self::Work,
        Self::Replay,
    ];

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Moving => "Moving",
            Self::Screens => "Screens",
            Self::Table => "Tables",
            Self::Work => "Counting and saving",
            Self::Replay => "Replay",
        }
    }
}

/// One line of the key map.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The keys, the usual one first.
    pub keys: &'static [Key],
    /// The action of the keys.
    pub action: Action,
    /// The section of the help that shows it.
    pub group: Group,
    /// The text in the help.
    pub help: &'static str,
    /// The text in the footer; `None` where the footer leaves it out.
    pub footer: Option<&'static str>,
}

const fn bind(
    keys: &'static [Key],
    action: Action,
    group: Group,
    help: &'static str,
    footer: Option<&'static str>,
) -> Binding {
    Binding {
        keys,
        action,
        group,
        help,
        footer,
    }
}

use Group::{Moving, Replay, Screens, Table, Work};

/// The keys of the dashboard.
#[rustfmt::skip]
pub const KEYMAP: &[Binding] = &[
    bind(&[Key::Enter, Key::Char('l'), Key::Right], Action::Open, Moving, "drill down: finding, file, process, reason, request", Some("Open")),
    bind(&[Key::Escape, Key::Backspace, Key::Char('h'), Key::Left], Action::Up, Moving, "back up", Some("Back")),
    bind(&[Key::Down, Key::Char('j')], Action::Move(1), Moving, "down", None),
    bind(&[Key::Up, Key::Char('k')], Action::Move(-1), Moving, "up", None),
    bind(&[Key::PageDown, Key::Control('f')], Action::Page(1), Moving, "a page down", None),
    bind(&[Key::PageUp, Key::Control('b')], Action::Page(-1), Moving, "a page up", None),
    bind(&[Key::Control('d')], Action::HalfPage(1), Moving, "half a page down", None),
    bind(&[Key::Control('u')], Action::HalfPage(-1), Moving, "half a page up", None),
    bind(&[Key::Home, Key::Char('g')], Action::Top, Moving, "to the first row, and stay there when the order changes", None),
    bind(&[Key::End, Key::Char('G')], Action::Bottom, Moving, "to the last row", None),
    bind(&[Key::Char('q'), Key::Function(10)], Action::Back, Moving, "back up; on the first screen: quit", Some("Quit")),
    bind(&[Key::Char('Q'), Key::Control('c')], Action::Quit, Moving, "quit", None),

    bind(&[Key::Char('1')], Action::Show(Tab::Findings), Screens, "findings: what is wrong, worst first", None),
    bind(&[Key::Char('2')], Action::Show(Tab::Processes), Screens, "processes", None),
    bind(&[Key::Char('3')], Action::Show(Tab::Files), Screens, "files", None),
    bind(&[Key::Char('4')], Action::Show(Tab::Devices), Screens, "devices and their limits", None),
    bind(&[Key::Char('5')], Action::Show(Tab::Reasons), Screens, "verdicts with their reasons", None),
    bind(&[Key::Char('6')], Action::Show(Tab::Requests), Screens, "single captured requests", None),
    bind(&[Key::Char('7')], Action::Show(Tab::Alignments), Screens, "histograms of alignments", None),
    bind(&[Key::Char('8')], Action::Show(Tab::Log), Screens, "event log", None),
    bind(&[Key::Char('9')], Action::Show(Tab::Host), Screens, "host, rules in force, probes, losses", None),
    bind(&[Key::Tab], Action::Cycle(1), Screens, "next screen", Some("Next")),
    bind(&[Key::BackTab], Action::Cycle(-1), Screens, "previous screen", None),
    bind(&[Key::Char('?'), Key::Function(1)], Action::Help, Screens, "this help", Some("Help")),

    bind(&[Key::Char('f'), Key::Function(4), Key::Char('\\')], Action::Filter, Table, "filter, such as comm=qemu* verdict=rejected", Some("Filter")),
    bind(&[Key::Char('F')], Action::ClearFilter, Table, "drop the filter", None),
    bind(&[Key::Char('/'), Key::Function(3)], Action::Search, Table, "search the rows", Some("Search")),
    bind(&[Key::Char('n')], Action::SearchNext(1), Table, "next hit", None),
    bind(&[Key::Char('N')], Action::SearchNext(-1), Table, "previous hit", None),
    bind(&[Key::Char('s'), Key::Char('>'), Key::Function(6)], Action::Sort(1), Table, "sort by the next column (or click its heading)", Some("Sort")),
    bind(&[Key::Char('S'), Key::Char('<')], Action::Sort(-1), Table, "sort by the previous column", None),
    bind(&[Key::Char('I'), Key::Char('i')], Action::Reverse, Table, "reverse the order", None),
    bind(&[Key::Char('t'), Key::Function(5)], Action::Tree, Table, "files below their processes, or processes alone", Some("Tree")),
    bind(&[Key::Char('w')], Action::Window, Table, "since the start, or only the last minute", Some("Window")),

    bind(&[Key::Char('z'), Key::Char('Z')], Action::Freeze, Work, "freeze the screen; counting continues", Some("Freeze")),
    bind(&[Key::Char('o')], Action::Save, Work, "save what is selected as a text report", Some("Save")),
    bind(&[Key::Char('r')], Action::Record, Work, "start or stop recording to a file", Some("Record")),
    bind(&[Key::Char('0')], Action::Reset, Work, "count from zero", None),
    bind(&[Key::Control('z')], Action::Suspend, Work, "suspend; fg brings it back", None),
    bind(&[Key::Control('l')], Action::Redraw, Work, "redraw everything", None),

    bind(&[Key::Char(' '), Key::Char('p')], Action::PlayOrFreeze, Replay, "play or pause (live: freeze)", Some("Play")),
    bind(&[Key::Char('.')], Action::Step(1), Replay, "one batch forward", Some("Step")),
    bind(&[Key::Char(',')], Action::Step(-1), Replay, "one batch back", None),
    bind(&[Key::Char(']')], Action::Seek(10), Replay, "10 seconds forward", Some("Seek")),
    bind(&[Key::Char('[')], Action::Seek(-10), Replay, "10 seconds back", None),
    bind(&[Key::Char('}')], Action::Seek(60), Replay, "a minute forward", None),
    bind(&[Key::Char('{')], Action::Seek(-60), Replay, "a minute back", None),
    bind(&[Key::Char('^')], Action::SeekEnd(false), Replay, "to the beginning", None),
    bind(&[Key::Char('$')], Action::SeekEnd(true), Replay, "to the end", None),
    bind(&[Key::Char('+'), Key::Char('=')], Action::Speed(1), Replay, "faster", None),
    bind(&[Key::Char('-')], Action::Speed(-1), Replay, "slower", None),
];

/// The action of a key.
#[must_use]
pub(super) fn action_of(key: Key) -> Option<Action> {
    KEYMAP
        .iter()
        .find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let mut seen = std::collections::HashSet::new();
        for key in KEYMAP.iter().flat_map(|binding| binding.keys) {
            assert!(seen.insert(*key), "{key} is bound twice");
        }
    }

    #[test]
    fn every_group_has_keys() {
        for group in Group::ALL {
            assert!(KEYMAP.iter().any(|binding| binding.group == group));
        }
    }
}
