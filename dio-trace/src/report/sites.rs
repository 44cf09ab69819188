//! The call sites of one batch of rows, each found once for all rows with the same stack.

use std::{collections::HashMap, sync::Arc};

use crate::{findings::call_site, hash::Map, recording::TextLists};

/// Call sites by stack.
pub(super) struct Sites<'a> {
    /// The stacks of the batch; `None` where it has none.
    pub(super) stacks: Option<&'a TextLists>,
    known: Map<&'a [Option<u32>], Option<u32>>,
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl<'a> Sites<'a> {
    pub(super) fn new(stacks: Option<&'a TextLists>) -> Self {
        Self {
            stacks,
            known: Map::default(),
            names: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// The number of a stack's call site. Equal sites have equal numbers.
    pub(super) fn number(&mut self, frames: &'a [Option<u32>]) -> Option<u32> {
        if let Some(known) = self.known.get(frames) {
            return *known;
        }
        let site = self
            .stacks
            .and_then(|stacks| call_site(&stacks.texts(frames)));
        let number = site.and_then(|site| self.add(site.into()));
        self.known.insert(frames, number);
        number
    }

    fn add(&mut self, site: Arc<str>) -> Option<u32> {
        let next = u32::try_from(self.names.len()).ok()?;
        let number = *self.numbers.entry(Arc::clone(&site)).or_insert(next);
        if number == next {
            self.names.push(site);
        }
        Some(number)
    }

    pub(super) fn name(&self, number: Option<u32>) -> Option<Arc<str>> {
        self.names.get(number? as usize).cloned()
    }
}
