//! Groups cells into the rows that a view asks for.

use std::{collections::HashMap, sync::Arc};

use crate::store::{
    file::File,
    process::Process,
    row::{Builder, Part, Row, RowKey},
    view::{Grouping, Kind, View},
};

/// Rows under construction.
pub(super) struct Groups {
    grouping: Grouping,
    rows: HashMap<RowKey, Builder>,
    /// In a tree: the files of each process.
    children: HashMap<RowKey, Vec<Builder>>,
}

impl Groups {
    pub(super) fn new(grouping: Grouping) -> Self {
        Self {
            grouping,
            rows: HashMap::new(),
            children: HashMap::new(),
        }
    }

    /// Adds the selected cells of one file in one process.
    pub(super) fn add(&mut self, process: &Process, file: &Arc<File>, parts: &[Part<'_>]) {
        let process_key = || RowKey::Process(process.key.clone());
        match self.grouping {
            Grouping::Processes => self.row(process_key()).add(process, file, parts),
            Grouping::Tree => {
                self.row(process_key()).add(process, file, parts);
                let key = RowKey::ProcessFile(process.key.clone(), file.key.clone());
                let mut child = Builder::new(key);
                child.add(process, file, parts);
                self.children.entry(process_key()).or_default().push(child);
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
            Grouping::Requests => {}
        }
    }

    fn row(&mut self, key: RowKey) -> &mut Builder {
        self.rows
            .entry(key.clone())
            .or_insert_with(|| Builder::new(key))
    }

    /// The rows in the view's order, each with its depth in the tree; `seconds` is the time in
    /// which the recent requests were counted.
    pub(super) fn finish(mut self, view: &View, seconds: f64) -> Vec<(u8, Row)> {
        let sorted = |builders: &mut dyn Iterator<Item = Builder>| {
            let mut rows: Vec<Row> = builders.map(|builder| builder.finish(seconds)).collect();
            view.order.sort_rows(&mut rows);
            rows
        };
        let mut lines = Vec::with_capacity(self.rows.len());
        for row in sorted(&mut self.rows.into_values()) {
            let children = self.children.remove(&row.key).unwrap_or_default();
            lines.push((0, row));
            lines.extend(
                sorted(&mut children.into_iter())
                    .into_iter()
                    .map(|child| (1, child)),
            );
        }
        lines
    }
}
