//! Keys, in one form instead of the many of the terminal library.

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key, or a key held with Control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character held with Control.
    Control(char),
    /// A function key.
    Function(u8),
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Tab.
    Tab,
    /// Tab held with Shift.
    BackTab,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
}

/// Keys with a name of their own.
const NAMES: [(Key, &str); 16] = [
    (Key::Char(' '), "Space"),
    (Key::Enter, "Enter"),
    (Key::Escape, "Esc"),
    (Key::Backspace, "Backspace"),
    (Key::Delete, "Delete"),
    (Key::Tab, "Tab"),
    (Key::BackTab, "S-Tab"),
    (Key::Up, "Up"),
    (Key::Down, "Down"),
    (Key::Left, "Left"),
    (Key::Right, "Right"),
    (Key::PageUp, "PgUp"),
    (Key::PageDown, "PgDn"),
    (Key::Home, "Home"),
    (Key::End, "End"),
    (Key::Function(1), "F1"),
];

impl Key {
    /// The key of a terminal event; `None` for releases and unused keys.
    #[must_use]
    pub fn of_event(event: &KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.code {
            KeyCode::Char(character) if control => Self::Control(character.to_ascii_lowercase()),
            KeyCode::Char(character) => Self::Char(character),
            KeyCode::F(number) => Self::Function(number),
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Escape,
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Delete => Self::Delete,
            KeyCode::Tab => Self::Tab,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            _ => return None,
        })
    }

    /// Reads keys separated by blanks: names such as `Enter`, `C-f` and `F4`, single characters,
    /// and other words as their letters.
    #[must_use]
    pub fn parse(line: &str) -> Vec<Self> {
        line.split_whitespace().flat_map(of_word).collect()
    }
}

fn of_word(word: &str) -> Vec<Key> {
    if let Some((key, _)) = NAMES.iter().find(|(_, name)| *name == word) {
        return vec![*key];
    }
    let mut rest = word.chars();
    let first = rest.next();
    let number = rest
        .as_str()
        .parse()
        .ok()
        .filter(|number| (1..=24).contains(number));
    match (first, word.strip_prefix("C-"), number) {
        (Some('F'), _, Some(number)) => vec![Key::Function(number)],
        (_, Some(control), _) if control.chars().count() == 1 => {
            control.chars().map(Key::Control).collect()
        }
        _ => word.chars().map(Key::Char).collect(),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMES.iter().find(|(key, _)| key == self) {
            return f.write_str(name);
        }
        match self {
            Self::Char(character) => write!(f, "{character}"),
            Self::Control(character) => write!(f, "C-{character}"),
            Self::Function(number) => write!(f, "F{number}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_are_shown() {
        let line = "j Enter Esc C-f F4 Space PgDn / G S-Tab";
        let keys = Key::parse(line);
        assert_eq!(keys.len(), 10);
        let shown: Vec<String> = keys.iter().map(Key::to_string).collect();
        assert_eq!(shown.join(" "), line);
        assert_eq!(Key::parse("qemu").len(), 4);
    }
}
