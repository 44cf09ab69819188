//! Selects the processes, files and cells of a view: applies filter and scope level by level
//! instead of record by record.

use crate::{
    filter::{any, any_text},
    findings::Key,
    store::{
        cell::CellKey,
        file::File,
        process::{Process, ProcessKey},
        view::{Kind, View, belongs},
    },
};

impl View {
    pub(super) fn selects_process(&self, process: &Process) -> bool {
        let (pid, comm) = match &process.key {
            ProcessKey::One { pid, comm } => (Some(*pid), Some(&**comm)),
            ProcessKey::Others => (None, None),
        };
        self.scope
            .process
            .as_ref()
            .is_none_or(|only| *only == process.key)
            && self.scope.finding.as_ref().is_none_or(|only| {
                comm.unwrap_or_default() == &*only.comm && process.unit == only.unit
            })
            && any(&self.filter.pid, |only| Some(*only) == pid)
            && any_text(&self.filter.comm, comm)
            && any_text(&self.filter.cgroup, process.cgroup.as_deref())
    }

    pub(super) fn selects_file(&self, file: &File) -> bool {
        self.scope
            .file
            .as_ref()
            .is_none_or(|only| *only == file.key)
            && self
                .scope
                .device
                .is_none_or(|only| only == file.key.device())
            && self
                .scope
                .finding
                .as_ref()
                .is_none_or(|only| (&file.filesystem, &file.disk) == (&only.filesystem, &only.disk))
            && any_text(&self.filter.path, file.path.as_deref())
            && any(&self.filter.disk, |pattern| {
                file.disk
                    .as_deref()
                    .is_some_and(|disk| pattern.matches(disk))
                    || file
                        .key
                        .device()
                        .is_some_and(|device| pattern.matches(&device.to_string()))
            })
    }

    pub(super) fn selects_cell(&self, key: CellKey) -> bool {
        let kind = Kind {
            verdict: key.verdict,
            reasons: key.reasons,
        };
        self.scope.kind.is_none_or(|only| only == kind)
            && self.scope.finding.as_ref().is_none_or(|only| {
                Key::of(key.traits()).is_some_and(|key| {
                    let whole = key
                        .by(&only.comm, only.unit.as_ref())
                        .on(only.filesystem.as_ref(), only.disk.as_ref());
                    belongs(&whole, only)
                })
            })
            && any(&self.filter.verdict, |only| *only == key.verdict)
            && any(&self.filter.operation, |only| *only == key.operation)
            && any(&self.filter.errno, |only| only.0 == key.errno)
    }
}
