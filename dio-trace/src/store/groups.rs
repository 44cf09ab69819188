//! Groups cells into the rows that a view asks for.

use std::{collections::HashMap, sync::Arc};

use crate::{
    findings::Key,
    store::{
        Map,
        file::File,
        process::{Process, ProcessKey},
        row::{Builder, Part, Row, RowKey},
        view::{Grouping, Kind, View},
    },
};

/// The finding of a cell; `None` where there is nothing to report.
pub(super) fn finding(process: &Process, file: &File, part: &Part<'_>) -> Option<Key> {
    let comm = match &process.key {
        ProcessKey::One { comm, .. } => Arc::clone(comm),
        ProcessKey::Others => Arc::default(),
    };
    let key = Key::of(part.key.traits())?
        .by(&comm, process.unit.as_ref())
        .on(file.filesystem.as_ref(), file.disk.as_ref());
    Some(key)
}

/// Rows under construction.
pub(super) struct Groups {
    grouping: Grouping,
    rows: Vec<Builder>,
    /// Positions of the rows in `rows`. Processes need no position, because the files of each come
    /// one after the other.
    places: Map<RowKey, usize>,
    /// The findings of requests that do not say everything about their cause.
    whole: HashMap<Key, Key>,
    /// In a tree: the rows of the files of each process, in the order of `rows`.
    children: Vec<Vec<Builder>>,
}

impl Groups {
    pub(super) fn new(grouping: Grouping, whole: HashMap<Key, Key>) -> Self {
        Self {
            grouping,
            whole,
            rows: Vec::new(),
            places: Map::default(),
            children: Vec::new(),
        }
    }

    /// Adds the selected cells of one file in one process. All files of a process must come one
    /// after the other.
    pub(super) fn add(&mut self, process: &Process, file: &Arc<File>, parts: &[Part<'_>]) {
        match self.grouping {
            Grouping::Processes => self.process(process).add(process, file, parts),
            Grouping::Tree => {
                self.process(process).add(process, file, parts);
                let key = RowKey::ProcessFile(process.key.clone(), file.key.clone());
                let mut child = Builder::new(key);
                child.add(process, file, parts);
                self.children.resize_with(self.rows.len(), Vec::new);
                if let Some(children) = self.children.last_mut() {
                    children.push(child);
                }
            }
            Grouping::Files => self
                .row(RowKey::File(file.key.clone()))
                .add(process, file, parts),
            Grouping::Devices => {
                self.row(RowKey::Device(file.key.device()))
                    .add(process, file, parts);
            }
            Grouping::Reasons => {
                for part in parts {
                    let kind = Kind {
                        verdict: part.key.verdict,
                        reasons: part.key.reasons,
                    };
                    let part = std::slice::from_ref(part);
                    self.row(RowKey::Kind(kind)).add(process, file, part);
                }
            }
            Grouping::Findings => {
                for part in parts {
                    let Some(key) = finding(process, file, part) else {
                        continue;
                    };
                    let key = self.whole.get(&key).cloned().unwrap_or(key);
                    let part = std::slice::from_ref(part);
                    self.row(RowKey::Finding(Arc::new(key)))
                        .add(process, file, part);
                }
            }
            Grouping::Requests => {}
        }
    }

    /// The row of this process: the last one, or a new one.
    fn process(&mut self, process: &Process) -> &mut Builder {
        if self.rows.last().is_none_or(|last| !last.is_of(process)) {
            self.rows
                .push(Builder::new(RowKey::Process(process.key.clone())));
        }
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    fn row(&mut self, key: RowKey) -> &mut Builder {
        let next = self.rows.len();
        let place = *self.places.entry(key.clone()).or_insert(next);
        if place == next {
            self.rows.push(Builder::new(key));
        }
        &mut self.rows[place]
    }

    /// The rows in the view's order, each with its depth in the tree; `seconds` is the time over
    /// which recent requests were counted.
    pub(super) fn finish(self, view: &View, seconds: f64) -> Vec<(u8, Box<Row>)> {
        let children = self
            .children
            .into_iter()
            .chain(std::iter::repeat_with(Vec::new));
        let mut families: Vec<(Box<Row>, Vec<Builder>)> = self
            .rows
            .into_iter()
            .map(|builder| builder.finish(seconds))
            .zip(children)
            .collect();
        view.order.sort_rows(&mut families, |(row, _)| row);
        let mut lines = Vec::with_capacity(families.len());
        for (row, children) in families {
            lines.push((0, row));
            let mut children: Vec<Box<Row>> = children
                .into_iter()
                .map(|child| child.finish(seconds))
                .collect();
            view.order.sort_rows(&mut children, |row| row);
            lines.extend(children.into_iter().map(|child| (1, child)));
        }
        lines
    }
}
