//! Encodes batches of records as batches of rows.

mod shape;

use std::sync::Arc;

use arrow_array::{
    RecordBatch, TimestampNanosecondArray, UInt64Array,
    types::{Int8Type, Int64Type, UInt32Type, UInt64Type},
};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, SchemaRef};

use crate::{
    hash::Map,
    model::{
        AtomicUnits, Batch, Cause, DeviceNumber, Engine, Flag, Interface, Limits, LossCause,
        Operation, Reason, RuleSet, Verdict,
    },
    recording::{
        dictionary::{Dictionary, Words},
        rows::{Column, Rows, column, optional},
    },
};

/// Encodes batches, and remembers texts so that each is written once.
#[derive(Debug)]
pub struct Encoder {
    schema: SchemaRef,
    texts: Texts,
    devices: DeviceNames,
    words: FixedWords,
}

/// The texts of device numbers.
#[derive(Debug, Default)]
struct DeviceNames {
    known: Map<DeviceNumber, Arc<str>>,
    /// The last one that was looked up: most rows repeat it.
    last: Option<(DeviceNumber, Arc<str>)>,
}

impl DeviceNames {
    fn name(&mut self, device: DeviceNumber) -> Arc<str> {
        if let Some((last, name)) = &self.last
            && *last == device
        {
            return Arc::clone(name);
        }
        let name = self.known.entry(device);
        let name = Arc::clone(name.or_insert_with(|| device.to_string().into()));
        self.last = Some((device, Arc::clone(&name)));
        name
    }
}

#[derive(Debug, Default)]
struct Texts {
    comm: Dictionary,
    thread: Dictionary,
    cgroup: Dictionary,
    device: Dictionary,
    disk: Dictionary,
    checked_by: Dictionary,
    filesystem: Dictionary,
    path: Dictionary,
    user_stack: Dictionary,
    kernel_stack: Dictionary,
}

#[derive(Debug)]
struct FixedWords {
    operation: Words,
    interface: Words,
    verdict: Words,
    reasons: Words,
    flags: Words,
    engine: Words,
    cause: Words,
    rule_sets: Words,
    loss_cause: Words,
}

impl Encoder {
    /// An encoder for rows of this [`schema`](crate::recording::schema()).
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        let words = FixedWords {
            operation: Words::of::<Operation>(),
            interface: Words::of::<Interface>(),
            verdict: Words::of::<Verdict>(),
            reasons: Words::of::<Reason>(),
            flags: Words::of::<Flag>(),
            engine: Words::of::<Engine>(),
            cause: Words::of::<Cause>(),
            rule_sets: Words::of::<RuleSet>(),
            loss_cause: Words::of::<LossCause>(),
        };
        Self {
            schema,
            texts: Texts::default(),
            devices: DeviceNames::default(),
            words,
        }
    }

    /// Encodes one row for each record and loss, and one mark after those of each batch.
    ///
    /// # Errors
    /// Where Arrow refuses the columns, which would be a bug in this program.
    pub fn encode(&mut self, batches: &[Batch]) -> Result<RecordBatch, ArrowError> {
        let rows = Rows::of(batches);
        let mut columns = self.columns(&rows)?;
        let arrays = self
            .schema
            .fields()
            .iter()
            .map(|field| {
                let found = columns.iter().position(|(name, _)| name == field.name());
                found
                    .map(|position| columns.swap_remove(position).1)
                    .ok_or_else(|| {
                        ArrowError::SchemaError(format!("no column {} is encoded", field.name()))
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }

    fn columns(&mut self, rows: &Rows<'_>) -> Result<Vec<Column>, ArrowError> {
        let mut columns = self.owner(rows)?;
        columns.extend(self.place(rows)?);
        columns.extend(shape::shape(rows)?);
        columns.extend(self.outcome(rows)?);
        columns.extend(shape::geometry(rows));
        Ok(columns)
    }

    fn owner(&mut self, rows: &Rows<'_>) -> Result<Vec<Column>, ArrowError> {
        let records = || rows.records.iter().copied();
        let times = rows.times.iter().map(|time| time.0);
        let times = TimestampNanosecondArray::from_iter_values(times).with_timezone("UTC");
        let counts = records().map(|record| record.map_or(0, |record| record.count));
        let bytes = records().map(|record| record.map_or(0, |record| record.bytes));
        let comms = records().map(|record| Some(&record?.comm));
        let threads = rows
            .requests
            .iter()
            .map(|request| Some(&(*request)?.thread));
        let cgroups = records().map(|record| record?.cgroup.as_ref());
        let texts = &mut self.texts;
        Ok(vec![
            ("time", Arc::new(times)),
            ("count", Arc::new(UInt64Array::from_iter_values(counts))),
            ("bytes", Arc::new(UInt64Array::from_iter_values(bytes))),
            ("pid", rows.of_records::<UInt32Type>(|record| record.pid)),
            ("tid", rows.of_requests::<UInt32Type>(|request| request.tid)),
            ("uid", rows.of_records::<UInt32Type>(|record| record.uid)),
            ("comm", texts.comm.column(comms)?),
            ("thread", texts.thread.column(threads)?),
            ("cgroup", texts.cgroup.column(cgroups)?),
        ])
    }

    fn place(&mut self, rows: &Rows<'_>) -> Result<Vec<Column>, ArrowError> {
        let records = || rows.records.iter().copied();
        let limits: Vec<Option<&Limits>> =
            records().map(|record| record?.limits.as_ref()).collect();
        let have_limits: NullBuffer = limits.iter().map(Option::is_some).collect();
        let limit = |get: fn(&Limits) -> u32| column::<UInt32Type, _>(&limits, &have_limits, get);
        let devices: Vec<Option<Arc<str>>> = records()
            .map(|record| Some(self.devices.name(record?.device?)))
            .collect();
        let disks = records().map(|record| record?.disk.as_ref());
        let filesystems = records().map(|record| record?.filesystem.as_ref());
        let paths = records().map(|record| record?.path.as_ref());
        let (words, texts) = (&self.words, &mut self.texts);
        let operations = rows.of_records::<Int8Type>(|record| record.operation as i8);
        let interfaces = rows.of_records::<Int8Type>(|record| record.interface as i8);
        let inodes = records().map(|record| record?.inode);
        Ok(vec![
            ("operation", words.operation.column(&operations)?),
            ("interface", words.interface.column(&interfaces)?),
            (
                "device",
                texts.device.column(devices.iter().map(Option::as_ref))?,
            ),
            ("disk", texts.disk.column(disks)?),
            ("filesystem", texts.filesystem.column(filesystems)?),
            ("inode", optional::<UInt64Type>(inodes)),
            ("path", texts.path.column(paths)?),
            (
                "logical_block_size",
                limit(|limits| limits.logical_block_size),
            ),
            (
                "physical_block_size",
                limit(|limits| limits.physical_block_size),
            ),
            ("dma_alignment", limit(|limits| limits.dma_alignment)),
            (
                "virt_boundary_mask",
                limit(|limits| limits.virt_boundary_mask),
            ),
            (
                "filesystem_block_size",
                limit(|limits| limits.filesystem_block_size),
            ),
        ])
    }

    fn outcome(&mut self, rows: &Rows<'_>) -> Result<Vec<Column>, ArrowError> {
        let (words, texts) = (&self.words, &mut self.texts);
        let (are_records, are_requests) = (&rows.are_records, &rows.are_requests);
        let records = || rows.records.iter().copied();
        let requests = || rows.requests.iter().copied();
        let losses = || rows.losses.iter().copied();
        let verdicts = rows.of_records::<Int8Type>(|record| record.verdict as i8);
        let reasons = records().map(|record| record.map_or(0, |record| record.reasons.bits()));
        let flags = records().map(|record| record.map_or(0, |record| record.flags.bits()));
        let rule_sets =
            requests().map(|request| request.map_or(0, |request| request.rule_sets.bits()));
        let user_stacks = requests().map(|request| request?.user_stack.as_ref());
        let kernel_stacks = requests().map(|request| request?.kernel_stack.as_ref());
        let engines = records().map(|record| Some(record?.engine? as i8));
        let engines = optional::<Int8Type>(engines);
        let results = records().map(|record| record?.result());
        // Causes are numbered from 1 on, words by their place.
        let causes = records().map(|record| Some(record?.cause? as i8 - 1));
        let causes = optional::<Int8Type>(causes);
        let checked_by = requests().map(|request| request?.checked_by.as_ref());
        let units = |get: fn(&AtomicUnits) -> u32| {
            optional::<UInt32Type>(
                requests().map(|request| Some(get(request?.atomic_units.as_ref()?))),
            )
        };
        let lost_causes = optional::<Int8Type>(losses().map(|loss| Some(loss?.cause as i8)));
        let lost = losses().map(|loss| Some(loss?.count));
        Ok(vec![
            ("result", optional::<Int64Type>(results)),
            (
                "direct_bytes",
                rows.of_requests::<UInt64Type>(|one| one.direct_bytes),
            ),
            ("verdict", words.verdict.column(&verdicts)?),
            ("reasons", words.reasons.sets(reasons, are_records)?),
            ("flags", words.flags.sets(flags, are_records)?),
            ("engine", words.engine.column(&engines)?),
            ("cause", words.cause.column(&causes)?),
            ("checked_by", texts.checked_by.column(checked_by)?),
            ("atomic_write_unit_min", units(|units| units.min)),
            ("atomic_write_unit_max", units(|units| units.max)),
            ("rule_sets", words.rule_sets.sets(rule_sets, are_requests)?),
            ("latency", rows.of_requests::<UInt64Type>(|one| one.latency)),
            ("bios", rows.of_requests::<UInt32Type>(|one| one.bios)),
            ("splits", rows.of_requests::<UInt32Type>(|one| one.splits)),
            ("user_stack", texts.user_stack.lists(user_stacks)?),
            ("kernel_stack", texts.kernel_stack.lists(kernel_stacks)?),
            ("loss_cause", words.loss_cause.column(&lost_causes)?),
            ("loss_count", optional::<UInt64Type>(lost)),
        ])
    }
}
