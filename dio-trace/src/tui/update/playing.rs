//! Moves along the time line of a replay.

use crate::{
    model::Timestamp,
    tui::{
        message::{Effect, Play},
        model::{Model, Notice},
        playback::{Playback, SPEEDS},
    },
};

/// The time line; where there is none, an answer that says why.
fn seekable(model: &mut Model) -> Option<Playback> {
    let playback = model.playback.clone();
    if playback.is_none() {
        let text = "only a replay of a file has a time line to move along".to_owned();
        model.notice = Some(Notice { text, failed: true });
    }
    playback
}

pub(super) fn toggle(model: &Model) -> Vec<Effect> {
    model
        .playback
        .iter()
        .map(|_| Effect::Play(Play::Toggle))
        .collect()
}

pub(super) fn seek(model: &mut Model, seconds: i16) -> Vec<Effect> {
    let Some(playback) = seekable(model) else {
        return Vec::new();
    };
    let to = playback
        .position
        .0
        .saturating_add(i64::from(seconds) * 1_000_000_000);
    let to = Timestamp(to).clamp(playback.start, playback.outline.end.max(playback.start));
    vec![Effect::Play(Play::Seek(to))]
}

pub(super) fn seek_end(model: &mut Model, end: bool) -> Vec<Effect> {
    let Some(playback) = seekable(model) else {
        return Vec::new();
    };
    let to = if end {
        playback.outline.end
    } else {
        playback.start
    };
    vec![Effect::Play(Play::Seek(to))]
}

pub(super) fn step(model: &mut Model, steps: i8) -> Vec<Effect> {
    match seekable(model) {
        Some(_) => vec![Effect::Play(Play::Step(steps))],
        None => Vec::new(),
    }
}

pub(super) fn speed(model: &mut Model, steps: i8) -> Vec<Effect> {
    let Some(playback) = seekable(model) else {
        return Vec::new();
    };
    let last = SPEEDS.len() - 1;
    let speed = playback
        .speed
        .saturating_add_signed(isize::from(steps))
        .min(last);
    vec![Effect::Play(Play::Speed(speed))]
}
