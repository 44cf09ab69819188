//! Files that the dashboard writes on request: recordings of what it shows, and saved texts.
//!
//! Each outcome is a sentence for the user.

use std::{fs, io::Write, path::Path};

use crate::{
    model::{Batch, Environment, Timestamp},
    recording::{Files, Recorder, Room, Target},
};

/// The recording that is being made, if any.
#[derive(Default)]
pub(super) struct Tape(Option<(Recorder, String)>);

impl Tape {
    /// Starts a recording to a new file.
    pub(super) fn start(&mut self, path: &str, environment: Environment) -> Result<(), String> {
        if Path::new(path).exists() {
            return Err(format!("{path} exists: name a new file"));
        }
        let target = Target::Files(Files {
            path: path.into(),
            max_size: None,
            keep: 0,
        });
        let recorder = Recorder::start(target, environment)
            .map_err(|error| format!("cannot record to {path}: {error}"))?;
        self.0 = Some((recorder, path.to_owned()));
        Ok(())
    }

    /// Records a batch; returns the reason if that was the end of the recording.
    pub(super) fn write(&mut self, batch: &Batch) -> Option<String> {
        let (recorder, path) = self.0.as_mut()?;
        let end = match recorder.write(batch.clone()) {
            Ok(Room::Left) => return None,
            Ok(Room::Full) => format!("recording to {path} ended: the file is full"),
            Err(error) => format!("recording to {path} failed: {error}"),
        };
        self.0 = None;
        Some(end)
    }

    /// Ends the recording at `time`; `None` if there is none.
    pub(super) fn stop(&mut self, time: Timestamp) -> Option<Result<String, String>> {
        let (recorder, path) = self.0.take()?;
        Some(match recorder.finish(time) {
            Ok(()) => Ok(format!("recorded to {path}")),
            Err(error) => Err(format!("recording to {path} failed: {error}")),
        })
    }
}

/// Writes a new file.
pub(super) fn save(path: &str, text: &str) -> Result<String, String> {
    let written = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(format!("saved to {path}")),
        Err(error) => Err(format!("cannot save to {path}: {error}")),
    }
}
