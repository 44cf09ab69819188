//! The last line: a line that is being typed, an answer, or the keys that matter here.

use ratatui::text::{Line, Span};

use crate::{
    model::printable,
    tui::{
        action::Action,
        keymap::{Group, KEYMAP},
        model::{Model, PromptKind},
        text::{cut, cut_front, width as wide},
        theme::{Role, Theme},
        view::parts::span,
    },
};

/// The footer.
pub(super) fn line(model: &Model, theme: &Theme, width: usize) -> Line<'static> {
    if let Some(prompt) = &model.prompt {
        let lead = match prompt.kind {
            PromptKind::Filter => "filter: ",
            PromptKind::Search => "/",
            PromptKind::Save => "save to: ",
            PromptKind::Record => "record to: ",
        };
        let text = printable(&prompt.text);
        let error = prompt
            .error
            .as_deref()
            .map(|error| format!("  {}", printable(error)));
        let error = error.unwrap_or_default();
        let room = width.saturating_sub(wide(lead) + 1);
        let error = cut(&error, room * 3 / 4, theme.symbols.cut).into_owned();
        let text = cut_front(&text, room.saturating_sub(wide(&error)), theme.symbols.cut);
        return Line::from(vec![
            span(theme, Role::Place, lead),
            span(theme, Role::Text, text.into_owned()),
            span(theme, Role::Key, " "),
            span(theme, Role::Danger, error),
        ]);
    }
    if let Some(notice) = &model.notice {
        let role = if notice.failed {
            Role::Danger
        } else {
            Role::Good
        };
        let text = cut(&printable(&notice.text), width, theme.symbols.cut).into_owned();
        return Line::from(span(theme, role, text));
    }
    keys(model, theme, width)
}

fn keys(model: &Model, theme: &Theme, width: usize) -> Line<'static> {
    let mut line = Line::default();
    for binding in KEYMAP {
        let Some(name) = binding.footer else { continue };
        let first = model.depth() == 0;
        if (binding.group == Group::Replay && model.playback.is_none())
            || (binding.action == Action::Up && first)
            || (binding.action == Action::Back && !first)
        {
            continue;
        }
        let name = match (binding.action, &model.recording, model.frozen) {
            (Action::Record, Some(_), _) => "Stop rec",
            (Action::Freeze, _, Some(_)) => "Go on",
            _ => name,
        };
        let Some(key) = binding.keys.first() else {
            continue;
        };
        let pieces = [
            span(theme, Role::Key, key.to_string()),
            Span::raw(format!("{name} ")),
        ];
        let needed: usize = pieces.iter().map(Span::width).sum();
        if line.width() + needed > width {
            break;
        }
        line.spans.extend(pieces);
    }
    line
}
