//! Delivers batches at the pace of the trace: as they arrive from a live source or a stream, or
//! along the time line of a recording.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc::{Receiver, channel},
    time::{Instant, sleep_until},
};

use crate::{
    model::{Batch, Flag, Timestamp},
    source::EventSource,
    tui::{
        message::Play,
        playback::{Outline, Playback, SPEEDS},
    },
};

/// Opens a recording again, at its beginning.
pub type Reopen<S> = Arc<dyn Fn() -> anyhow::Result<S> + Send + Sync>;

/// Number of batch times that are remembered for going back one by one.
const REMEMBERED: usize = 100_000;

/// Interval at which the growing outline is shown.
const OUTLINE_SHOWN: Duration = Duration::from_millis(250);

/// The next event of a player.
pub(super) enum Next {
    /// A batch to count.
    Batch(Batch),
    /// The requested time is reached.
    Reached,
    /// The end of the source.
    Ended,
}

/// A source and, for recordings, the position in it.
pub(super) struct Player<S> {
    source: S,
    reopen: Option<Reopen<S>>,
    /// Batch that was read but is not yet due.
    pending: Option<Batch>,
    ended: bool,
    /// The time line; `None` for live sources and streams.
    pub(super) playback: Option<Playback>,
    /// A moment, and the corresponding time of the trace.
    anchor: (Instant, Timestamp),
    /// Time to go to as fast as possible; `None` if there is none.
    target: Option<Timestamp>,
    /// Number of batches to deliver while paused.
    steps: usize,
    times: VecDeque<Timestamp>,
}

impl<S: EventSource + Send + 'static> Player<S> {
    /// A player of `source`, with a time line if it can be opened again.
    pub(super) fn new(source: S, reopen: Option<Reopen<S>>) -> Self {
        let start = source.environment().started;
        Self {
            playback: reopen.is_some().then(|| Playback::new(start)),
            source,
            reopen,
            pending: None,
            ended: false,
            anchor: (Instant::now(), start),
            target: None,
            steps: 0,
            times: VecDeque::new(),
        }
    }

    /// Whether the source ended without having been finished.
    pub(super) fn ended_early(&self) -> bool {
        self.source.ended_early()
    }

    /// Whether [`next`](Self::next) has something to wait for.
    pub(super) fn is_moving(&self) -> bool {
        let playing = self
            .playback
            .as_ref()
            .is_none_or(|playback| playback.playing);
        !self.ended && (playing || self.target.is_some() || self.steps > 0)
    }

    /// Waits until the next batch is due. Cancel safe, like the source.
    pub(super) async fn next(&mut self) -> anyhow::Result<Next> {
        if self.pending.is_none() {
            match self.source.next_batch().await {
                Ok(Some(batch)) => self.pending = Some(batch),
                Ok(None) => {
                    self.stand_still();
                    return Ok(Next::Ended);
                }
                Err(error) => {
                    self.stand_still();
                    return Err(error);
                }
            }
        }
        let Some(time) = self.pending.as_ref().map(|batch| batch.time) else {
            return Ok(Next::Reached);
        };
        if self.target.is_some_and(|target| time > target) {
            self.target = None;
            self.set_anchor();
            return Ok(Next::Reached);
        }
        if let Some(due) = self.due(time) {
            sleep_until(due).await;
        }
        self.steps = self.steps.saturating_sub(1);
        if let Some(playback) = &mut self.playback {
            playback.position = playback.position.max(time);
            if self.times.len() >= REMEMBERED {
                self.times.pop_front();
            }
            self.times.push_back(time);
        }
        Ok(self.pending.take().map_or(Next::Reached, Next::Batch))
    }

    fn stand_still(&mut self) {
        (self.ended, self.target, self.steps) = (true, None, 0);
        if let Some(playback) = &mut self.playback {
            playback.playing = false;
        }
    }

    /// The moment at which a batch of this time is due; `None` for at once.
    fn due(&self, time: Timestamp) -> Option<Instant> {
        let playback = self.playback.as_ref()?;
        if self.target.is_some() || self.steps > 0 {
            return None;
        }
        let speed = SPEEDS.get(playback.speed).copied().flatten()?;
        let later = time.since(self.anchor.1) as f64 / 1e9 / speed;
        Some(self.anchor.0 + Duration::try_from_secs_f64(later).unwrap_or(Duration::MAX / 4))
    }

    fn set_anchor(&mut self) {
        if let Some(playback) = &self.playback {
            self.anchor = (Instant::now(), playback.position);
        }
    }

    /// Carries out a move along the time line. Returns `true` where everything must be counted
    /// again from the beginning.
    ///
    /// # Errors
    /// Where the recording cannot be opened again.
    pub(super) fn play(&mut self, play: Play) -> anyhow::Result<bool> {
        let Some(playback) = &mut self.playback else {
            return Ok(false);
        };
        match play {
            Play::Toggle if self.ended && !playback.playing => {
                // At the end: starts again from the beginning, at the original speed.
                playback.playing = true;
                if SPEEDS[playback.speed].is_none() {
                    playback.speed = SPEEDS.iter().position(|one| *one == Some(1.0)).unwrap_or(0);
                }
                let anew = self.rewind()?;
                self.set_anchor();
                return Ok(anew);
            }
            Play::Toggle => playback.playing = !playback.playing,
            Play::Speed(speed) => playback.speed = speed.min(SPEEDS.len() - 1),
            Play::Seek(to) => return self.seek(to),
            Play::Step(steps) if steps > 0 => {
                playback.playing = false;
                self.steps = self.steps.saturating_add(1);
            }
            Play::Step(_) => {
                playback.playing = false;
                let before = self.times.iter().rev().nth(1).copied();
                return self.seek(before.unwrap_or(Timestamp(i64::MIN)));
            }
        }
        self.set_anchor();
        Ok(false)
    }

    fn seek(&mut self, to: Timestamp) -> anyhow::Result<bool> {
        let back = self
            .playback
            .as_ref()
            .is_some_and(|playback| to < playback.position);
        let anew = if back { self.rewind()? } else { false };
        self.target = (!self.ended).then_some(to);
        Ok(anew)
    }

    fn rewind(&mut self) -> anyhow::Result<bool> {
        let Some(reopen) = &self.reopen else {
            return Ok(false);
        };
        self.source = reopen()?;
        (self.pending, self.ended, self.steps) = (None, false, 0);
        self.times.clear();
        if let Some(playback) = &mut self.playback {
            playback.position = playback.start;
        }
        Ok(true)
    }

    /// Scans the whole recording during the replay, for the time line.
    pub(super) fn outline(&self) -> Option<Receiver<Outline>> {
        let reopen = Arc::clone(self.reopen.as_ref()?);
        let mut outline = Outline::new(self.source.environment().started);
        let (sender, receiver) = channel(1);
        tokio::spawn(async move {
            // A read error shows in the replay itself.
            let Ok(mut source) = reopen() else { return };
            let mut shown = Instant::now();
            while let Ok(Some(batch)) = source.next_batch().await {
                outline.add(batch.time, trouble(&batch));
                if shown.elapsed() >= OUTLINE_SHOWN {
                    shown = Instant::now();
                    // The channel is full: the next outline contains all that this one does.
                    let _ = sender.try_send(outline.clone());
                }
            }
            outline.complete = true;
            let _ = sender.send(outline).await;
        });
        Some(receiver)
    }
}

/// Number of buffered and rejected requests that are not probing.
pub(super) fn trouble(batch: &Batch) -> u64 {
    let faults = batch
        .records
        .iter()
        .filter(|record| record.verdict.is_trouble() && !record.flags.contains(Flag::Probing));
    faults.fold(0, |sum, record| sum.saturating_add(record.count))
}
