//! Forecasts: evaluates a recording for another kernel or disk: what would break, whose, and why.

mod text;

use std::{collections::BTreeMap, io::Read, str::FromStr};

use dio_trace_ebpf::rules::violations;
use serde_json::{Value, json as object};

pub use text::text;

use crate::{
    diagnose::diagnose,
    filter::Filter,
    model::{Flag, Flags, Limits, Reason, Reasons, Record, RuleSet, Verdict},
    recording::{COLUMNS, Decoder, Reader, Row, fold, select},
    report::{File, Place},
};

/// Number of programs and files that are distinguished.
const CAPACITY: usize = 20_000;

/// Another kernel, another disk, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Rule set of that kernel; `None` for that of the recording.
    pub rule_set: Option<RuleSet>,
    /// Logical block size of that disk, bytes.
    pub logical_block_size: Option<u32>,
    /// Dma alignment of that disk, bytes.
    pub dma_alignment: Option<u32>,
}

impl FromStr for WhatIf {
    type Err = String;

    /// Reads any of `kernel=V,lbs=N,dma=N`: a version such as 5.10 or a rule set, and bytes.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut what_if = Self::default();
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("kernel", value)) => what_if.rule_set = Some(kernel(value)?),
                Some(("lbs", value)) => what_if.logical_block_size = Some(bytes(value)?),
                Some(("dma", value)) => what_if.dma_alignment = Some(bytes(value)?),
                _ => {
                    return Err(format!(
                        "{part:?}: write kernel=5.10 (or a rule set), lbs=4096 (logical block \
                         size) or dma=512 (dma alignment), separated by commas"
                    ));
                }
            }
        }
        Ok(what_if)
    }
}

fn kernel(value: &str) -> Result<RuleSet, String> {
    if let Some(rule_set) = RuleSet::from_word(value) {
        return Ok(rule_set);
    }
    let mut numbers = value.split(['.', '-']).map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        let names: Vec<_> = RuleSet::KNOWN.iter().map(|one| one.word()).collect();
        return Err(format!(
            "{value:?}: write a version such as 6.12, or one of {}",
            names.join(", ")
        ));
    };
    Ok(match (major, minor) {
        (..=5, _) => RuleSet::LogicalBlock,
        (6, ..=17) => RuleSet::DmaAddress,
        (6, _) | (7, ..=1) => RuleSet::DmaSegmentLate,
        _ => RuleSet::DmaSegment,
    })
}

fn bytes(value: &str) -> Result<u32, String> {
    let bytes: u32 = value
        .parse()
        .map_err(|_| format!("{value:?} is not a number of bytes"))?;
    if bytes.is_power_of_two() && bytes <= 65_536 {
        Ok(bytes)
    } else {
        Err(format!(
            "{bytes} is not an alignment: write a power of two up to 65536, such as 512 or 4096"
        ))
    }
}

impl WhatIf {
    /// The limits of that disk: those that were not given stay as recorded.
    #[must_use]
    pub fn limits(&self, limits: Limits) -> Limits {
        Limits {
            logical_block_size: self.logical_block_size.unwrap_or(limits.logical_block_size),
            dma_alignment: self
                .dma_alignment
                .map_or(limits.dma_alignment, |bytes| bytes - 1),
            ..limits
        }
    }

    /// The fate of a record's requests, and its reasons.
    #[must_use]
    pub fn judge(&self, record: &Record, kernel: RuleSet) -> (Fate, Reasons) {
        let rejected_now = record.verdict == Verdict::Rejected;
        let Some(limits) = record
            .limits
            .filter(|limits| limits.logical_block_size != 0)
        else {
            return (Fate::AsBefore, Reasons::NONE);
        };
        if matches!(record.verdict, Verdict::Buffered | Verdict::Failed) {
            return (Fate::AsBefore, Reasons::NONE);
        }
        let there = self.limits(limits);
        let Some(request) = &record.request else {
            // What is aligned to the block is aligned to everything that is not larger.
            let covered = there.logical_block_size <= limits.logical_block_size
                && there.dma_alignment < limits.logical_block_size;
            let aligned = record.verdict == Verdict::Aligned && covered;
            return (
                if aligned {
                    Fate::AsBefore
                } else {
                    Fate::Unknown
                },
                Reasons::NONE,
            );
        };
        let mut broken = violations(
            &request.looked_at(),
            &there,
            self.rule_set.unwrap_or(kernel),
        );
        if record.flags.contains(Flag::Copied) {
            broken = broken.without(Reasons::of(&[
                Reason::MemoryAddress,
                Reason::SegmentLength,
                Reason::VirtBoundary,
            ]));
        }
        let fate = match (rejected_now, broken.is_empty()) {
            (false, false) => Fate::Breaks,
            (true, true) => Fate::Mends,
            _ => Fate::AsBefore,
        };
        (fate, broken)
    }
}

/// The fate of requests there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Works here, would be rejected there.
    Breaks,
    /// Is rejected here, would work there.
    Mends,
    /// The same here and there.
    AsBefore,
    /// Unknown, because it was only counted.
    Unknown,
}

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
    /// Evaluates the requests that `filter` lets through.
    ///
    /// # Errors
    /// Where the recording cannot be read.
    pub fn of<R: Read>(
        reader: Reader<R>,
        filter: &Filter,
        what_if: WhatIf,
    ) -> Result<Self, String> {
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

    fn worst_first(&self) -> Vec<(&Place, &Fates)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_names_are_understood() {
        let of = |text: &str| text.parse::<WhatIf>().map(|one| one.rule_set);
        assert_eq!(of("kernel=5.10"), Ok(Some(RuleSet::LogicalBlock)));
        assert_eq!(of("kernel=6.12.117-deb"), Ok(Some(RuleSet::DmaAddress)));
        assert_eq!(of("kernel=6.18"), Ok(Some(RuleSet::DmaSegmentLate)));
        assert_eq!(of("kernel=7.3"), Ok(Some(RuleSet::DmaSegment)));
        assert_eq!(of("kernel=dma-address"), Ok(Some(RuleSet::DmaAddress)));
        for wrong in ["", "kernel=new", "lbs=100", "dma=x", "size=4"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
