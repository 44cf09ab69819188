//! Themes: colours and symbols of the screen. Colour never carries information alone: every role also
//! has a word, a place or a symbol of its own, so the monochrome theme says the same.

use ratatui::style::{Color, Modifier, Style};

use crate::{
    findings::{Harm, Tone},
    model::Verdict,
    tui::symbols::{ASCII, Symbols, UNICODE},
};

/// The role of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing special.
    Text,
    /// Of less importance.
    Faint,
    /// The line at the top.
    Bar,
    /// A heading.
    Heading,
    /// The column by which the table is sorted.
    Sorted,
    /// The row with the cursor.
    Cursor,
    /// A key to press.
    Key,
    /// The part that the user has drilled down to.
    Place,
    /// Counts and words of a verdict.
    Verdict(Verdict),
    /// All is well.
    Good,
    /// Something was lost, or data may be damaged.
    Danger,
    /// Something to know before trusting the numbers, such as a frozen screen.
    Banner,
    /// A search hit.
    Match,
}

impl Role {
    /// The role of a part of the headline.
    #[must_use]
    pub const fn of(tone: Tone) -> Self {
        match tone {
            Tone::Plain => Self::Text,
            Tone::Good => Self::Good,
            Tone::Alarm => Self::Danger,
            Tone::Harm(harm) => Self::of_harm(harm),
        }
    }

    /// The role of counts and words of requests with this harm.
    #[must_use]
    pub const fn of_harm(harm: Harm) -> Self {
        Self::Verdict(match harm {
            Harm::Dangerous => return Self::Danger,
            Harm::Rejected => Verdict::Rejected,
            Harm::Buffered => Verdict::Buffered,
            Harm::Failed => Verdict::Failed,
            Harm::Accepted => Verdict::Accepted,
            Harm::Slow => return Self::Text,
        })
    }
}

/// The palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// The terminal's own sixteen colours, which its user has made readable.
    Colour,
    /// Only bold, reversed and underlined.
    Monochrome,
}

/// A palette and a set of symbols.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// Colours or none.
    pub palette: Palette,
    /// Symbols.
    pub symbols: &'static Symbols,
}

impl Theme {
    /// Colours and UTF-8 symbols.
    pub const COLOUR: Self = Self {
        palette: Palette::Colour,
        symbols: &UNICODE,
    };
    /// No colours, UTF-8 symbols.
    pub const MONOCHROME: Self = Self {
        palette: Palette::Monochrome,
        symbols: &UNICODE,
    };
    /// No colours, ASCII symbols.
    pub const ASCII: Self = Self {
        palette: Palette::Monochrome,
        symbols: &ASCII,
    };

    /// The theme that the environment asks for: monochrome if `NO_COLOR` is not empty
    /// (<https://no-color.org>) or with `TERM=dumb`; ASCII if the locale is not UTF-8. `variable`
    /// looks up an environment variable.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let colour = set("NO_COLOR").is_none() && set("TERM").as_deref() != Some("dumb");
        // The first of these that is set decides (locale(7)).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(set)
            .unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        Self {
            palette: if colour {
                Palette::Colour
            } else {
                Palette::Monochrome
            },
            symbols: if utf8 { &UNICODE } else { &ASCII },
        }
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        match self.palette {
            Palette::Colour => colour(role),
            Palette::Monochrome => monochrome(role),
        }
    }
}

fn colour(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Text => plain,
        Role::Faint => plain.add_modifier(Modifier::DIM),
        Role::Bar => plain.add_modifier(Modifier::BOLD),
        Role::Heading => plain.fg(Color::Black).bg(Color::Green),
        Role::Sorted => plain.fg(Color::Black).bg(Color::Cyan),
        Role::Cursor => plain.fg(Color::Black).bg(Color::Cyan),
        Role::Key => plain.add_modifier(Modifier::REVERSED),
        Role::Place => plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Role::Verdict(Verdict::Aligned) | Role::Good => plain.fg(Color::Green),
        Role::Verdict(Verdict::Accepted) => plain.fg(Color::Yellow),
        Role::Verdict(Verdict::Buffered) => plain.fg(Color::Magenta).add_modifier(Modifier::BOLD),
        Role::Verdict(Verdict::Rejected) => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
        Role::Verdict(Verdict::Failed) => plain.fg(Color::Blue).add_modifier(Modifier::BOLD),
        Role::Danger => plain
            .fg(Color::White)
            .bg(Color::Red)
            .add_modifier(Modifier::BOLD),
        Role::Banner => plain
            .fg(Color::Black)
            .bg(Color::Yellow)
            .add_modifier(Modifier::BOLD),
        Role::Match => plain.add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
    }
}

fn monochrome(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Text | Role::Faint | Role::Good | Role::Verdict(Verdict::Aligned) => plain,
        Role::Verdict(Verdict::Accepted | Verdict::Failed) => plain,
        Role::Bar | Role::Place | Role::Verdict(Verdict::Buffered | Verdict::Rejected) => {
            plain.add_modifier(Modifier::BOLD)
        }
        Role::Heading => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Role::Sorted => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
        Role::Cursor | Role::Key | Role::Danger | Role::Banner => {
            plain.add_modifier(Modifier::REVERSED)
        }
        Role::Match => plain.add_modifier(Modifier::UNDERLINED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(variables: &[(&str, &str)]) -> Theme {
        Theme::of_environment(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_decides() {
        let usual = theme(&[("LANG", "de_DE.UTF-8"), ("NO_COLOR", "")]);
        assert_eq!((usual.palette, usual.symbols), (Palette::Colour, &UNICODE));
        let c = theme(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]);
        assert_eq!(c.symbols, &ASCII);
        assert_eq!(theme(&[]).symbols, &ASCII);
        assert_eq!(theme(&[("NO_COLOR", "1")]).palette, Palette::Monochrome);
        assert_eq!(theme(&[("LC_CTYPE", "C.utf8")]).symbols, &UNICODE);
    }

    #[test]
    fn ascii_is_ascii() {
        let symbols = format!("{ASCII:?}");
        assert!(symbols.is_ascii());
    }
}
