//! The forecast for a recording: numbers of requests by their fate, and an example of each place.

use std::{collections::BTreeMap, io::Read};

use serde_json::{Value, json as object};

use crate::{
    diagnose::diagnose,
    filter::Filter,
    model::{Flags, Record, RuleSet, Verdict},
    recording::{COLUMNS, Decoder, Reader, Row, fold, select},
    report::{
        keys::{File, Place},
        what_if::question::{Fate, WhatIf},
    },
};

/// Number of programs and files that are distinguished.
const CAPACITY: usize = 20_000;

/// Numbers of requests by their fate.
#[derive(Clone, Debug, Default)]
pub struct Fates {
    /// Work here, would be rejected there.
    pub breaks: u64,
    /// Are rejected here, would work there.
    pub mends: u64,
    /// The same here and there.
    pub as_before: u64,
    /// Unknown, because they were only counted.
    pub unknown: u64,
    /// A request that would break, as it would be recorded there, with its place in the recording.
    example: Option<((u64, usize), Box<Record>)>,
}

impl Fates {
    fn merge(&mut self, other: Self) {
        self.breaks += other.breaks;
        self.mends += other.mends;
        self.as_before += other.as_before;
        self.unknown += other.unknown;
        self.example = match (self.example.take(), other.example) {
            (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
            (a, b) => a.or(b),
        };
    }

    /// A request that would break, as it would be recorded there.
    #[must_use]
    pub fn example(&self) -> Option<&Record> {
        self.example.as_ref().map(|(_, record)| &**record)
    }

    fn to_json(&self) -> Value {
        object!({
            "breaks": self.breaks,
            "mends": self.mends,
            "as_before": self.as_before,
            "unknown": self.unknown,
        })
    }
}

/// A forecast for a whole recording.
#[derive(Debug)]
pub struct Forecast {
    /// The other kernel or disk.
    pub what_if: WhatIf,
    /// The rule set there.
    pub rule_set: RuleSet,
    /// All requests.
    pub total: Fates,
    /// By program and file.
    pub places: BTreeMap<Place, Fates>,
}

impl Forecast {
    /// Evaluates the requests of all recordings that `filter` lets through.
    ///
    /// # Errors
    /// Where a recording cannot be read, or there is none.
    pub fn of_all<R: Read>(
        readers: impl IntoIterator<Item = Result<Reader<R>, String>>,
        filter: &Filter,
        what_if: WhatIf,
    ) -> Result<Self, String> {
        let mut whole: Option<Self> = None;
        for reader in readers {
            let one = Self::of(reader?, filter, what_if)?;
            match &mut whole {
                None => whole = Some(one),
                Some(whole) => whole.merge(one),
            }
        }
        whole.ok_or_else(|| "there is no recording".to_owned())
    }

    fn merge(&mut self, other: Self) {
        self.total.merge(other.total);
        for (place, fates) in other.places {
            self.places.entry(place).or_default().merge(fates);
        }
    }

    fn of<R: Read>(reader: Reader<R>, filter: &Filter, what_if: WhatIf) -> Result<Self, String> {
        let kernel = reader.metadata().environment.rule_set;
        let all: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        let (parts, _) = fold(reader, &all, |places: &mut BTreeMap<Place, Fates>, part| {
            let rows = Decoder::default().rows(&select(&part.rows, filter, false)?)?;
            for (number, row) in rows.into_iter().enumerate() {
                let Row::Record(record) = row else { continue };
                add(places, what_if, kernel, record, (part.number, number));
            }
            Ok(())
        })?;
        let mut forecast = Self {
            what_if,
            rule_set: what_if.rule_set.unwrap_or(kernel),
            total: Fates::default(),
            places: BTreeMap::new(),
        };
        for (place, fates) in parts.into_iter().flatten() {
            forecast.total.merge(Fates {
                example: None,
                ..fates
            });
            forecast.places.entry(place).or_default().merge(fates);
        }
        Ok(forecast)
    }

    /// The forecast as one object.
    #[must_use]
    pub fn json(&self) -> Value {
        let places: Vec<Value> = self
            .worst_first()
            .into_iter()
            .map(|(place, fates)| {
                let why = fates.example().map(|example| {
                    let faults = diagnose(example, self.rule_set).faults;
                    faults
                        .into_iter()
                        .map(|fault| fault.sentence)
                        .collect::<Vec<_>>()
                });
                object!({
                    "comm": place.comm,
                    "path": place.file.path,
                    "disk": place.file.disk,
                    "fates": fates.to_json(),
                    "why": why,
                })
            })
            .collect();
        object!({
            "rule_set": self.rule_set,
            "logical_block_size": self.what_if.logical_block_size,
            "dma_alignment": self.what_if.dma_alignment,
            "total": self.total.to_json(),
            "places": places,
        })
    }

    /// Programs and files, those with most trouble first.
    pub(super) fn worst_first(&self) -> Vec<(&Place, &Fates)> {
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort_by_key(|(_, fates)| {
            let reverse = std::cmp::Reverse;
            (
                reverse(fates.breaks),
                reverse(fates.mends),
                reverse(fates.unknown),
            )
        });
        places
    }
}

fn add(
    places: &mut BTreeMap<Place, Fates>,
    what_if: WhatIf,
    kernel: RuleSet,
    mut record: Box<Record>,
    position: (u64, usize),
) {
    let place = Place {
        comm: record.comm.clone(),
        file: File {
            path: record.path.clone(),
            inode: None,
            filesystem: record.filesystem.clone(),
            disk: record.disk.clone(),
        },
    };
    let full = places.len() >= CAPACITY && !places.contains_key(&place);
    let fates = places
        .entry(if full { Place::default() } else { place })
        .or_default();
    let (fate, reasons) = what_if.judge(&record, kernel);
    match fate {
        Fate::Breaks => fates.breaks += record.count,
        Fate::Mends => fates.mends += record.count,
        Fate::AsBefore => fates.as_before += record.count,
        Fate::Unknown => fates.unknown += record.count,
    }
    if fate == Fate::Breaks && fates.example.is_none() {
        record.verdict = Verdict::Rejected;
        record.reasons = reasons;
        record.flags = Flags::NONE;
        record.limits = record.limits.map(|limits| what_if.limits(limits));
        if let Some(request) = &mut record.request {
            request.result = -i64::from(libc::EINVAL);
        }
        fates.example = Some((position, record));
    }
}
