//! Typing a line: a filter, a search, a file name.

use crate::{
    filter::Filter,
    store::Snapshot,
    tui::{
        key::Key,
        message::Effect,
        model::{Model, Prompt, PromptKind},
        report,
        update::navigate,
    },
};

/// Longest line, in characters: longer than any filter or path, and a bound when a key is held.
const LONGEST: usize = 1_024;

/// Starts a line with `text` in it.
pub(super) fn open(model: &mut Model, kind: PromptKind, text: String) -> Vec<Effect> {
    model.prompt = Some(Prompt {
        kind,
        text,
        error: None,
    });
    Vec::new()
}

pub(super) fn on_key(model: &mut Model, key: Key, snapshot: &Snapshot) -> Vec<Effect> {
    let Some(prompt) = &mut model.prompt else {
        return Vec::new();
    };
    prompt.error = None;
    match key {
        Key::Escape | Key::Control('c' | 'g') => {
            model.prompt = None;
            return Vec::new();
        }
        Key::Enter => return accept(model, snapshot),
        Key::Backspace | Key::Control('h') if prompt.text.is_empty() => {
            model.prompt = None;
            return Vec::new();
        }
        Key::Backspace | Key::Control('h') => {
            prompt.text.pop();
        }
        Key::Control('u') => prompt.text.clear(),
        Key::Control('w') => {
            let kept = prompt.text.trim_end();
            let start = kept.rfind(char::is_whitespace).map_or(0, |index| index + 1);
            prompt.text.truncate(start);
        }
        Key::Char(character) if prompt.text.len() < LONGEST => prompt.text.push(character),
        _ => {}
    }
    if let Some(prompt) = model
        .prompt
        .as_ref()
        .filter(|prompt| prompt.kind == PromptKind::Search)
    {
        model.search.clone_from(&prompt.text);
        return navigate::search(model, 0, snapshot);
    }
    Vec::new()
}

fn accept(model: &mut Model, snapshot: &Snapshot) -> Vec<Effect> {
    let Some(prompt) = model.prompt.take() else {
        return Vec::new();
    };
    let refuse = |model: &mut Model, error: String| {
        model.prompt = Some(Prompt {
            error: Some(error),
            ..prompt.clone()
        });
        Vec::new()
    };
    let empty = prompt.text.trim().is_empty();
    match prompt.kind {
        PromptKind::Filter => match Filter::parse(&prompt.text) {
            Ok(filter) => {
                model.filter = filter;
                vec![Effect::Refresh]
            }
            Err(error) => refuse(model, error),
        },
        PromptKind::Search => {
            model.search = prompt.text;
            navigate::search(model, 0, snapshot)
        }
        PromptKind::Save | PromptKind::Record if empty => {
            refuse(model, "write the name of a new file".to_owned())
        }
        PromptKind::Save => {
            let text = report::text(model, snapshot);
            vec![Effect::Save {
                path: prompt.text,
                text,
            }]
        }
        PromptKind::Record => vec![Effect::StartRecording(prompt.text)],
    }
}
