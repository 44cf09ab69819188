//! From batches of records to batches of rows.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int64Array, ListArray, RecordBatch, StructArray, TimestampNanosecondArray,
    UInt32Array, UInt64Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use crate::{
    hash::Map,
    model::{
        Batch, DeviceNumber, Flags, Geometry, Interface, Limits, LossCause, Operation, Reasons,
        RuleSet, Verdict,
    },
    recording::{
        dictionary::{Dictionary, Words},
        row::RowRef,
        schema::{item_field, segment_fields},
    },
};

/// Encodes batches; remembers texts, so that each is written once.
#[derive(Debug)]
pub struct Encoder {
    schema: SchemaRef,
    texts: Texts,
    devices: DeviceNames,
    words: FixedWords,
}

/// Texts of device numbers.
#[derive(Debug, Default)]
struct DeviceNames(Map<DeviceNumber, Arc<str>>);

impl DeviceNames {
    fn name(&mut self, device: DeviceNumber) -> Arc<str> {
        let name = self.0.entry(device);
        Arc::clone(name.or_insert_with(|| device.to_string().into()))
    }
}

#[derive(Debug, Default)]
struct Texts {
    comm: Dictionary,
    thread: Dictionary,
    cgroup: Dictionary,
    device: Dictionary,
    disk: Dictionary,
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
    rule_sets: Words,
    loss_cause: Words,
}

impl Encoder {
    /// An encoder for rows of this [`schema`](crate::recording::schema()).
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        let words = FixedWords {
            operation: Words::new(Operation::ALL.iter().map(|one| one.word())),
            interface: Words::new(Interface::ALL.iter().map(|one| one.word())),
            verdict: Words::new(Verdict::ALL.iter().map(|one| one.word())),
            reasons: Words::new(Reasons::ALL.iter().map(|(_, word)| *word)),
            flags: Words::new(Flags::ALL.iter().map(|(_, word)| *word)),
            rule_sets: Words::new(RuleSet::ALL.iter().map(|one| one.word())),
            loss_cause: Words::new(LossCause::ALL.iter().map(|one| one.word())),
        };
        Self {
            schema,
            texts: Texts::default(),
            devices: DeviceNames::default(),
            words,
        }
    }

    /// One row for each record and loss, and one mark behind those of each batch.
    ///
    /// # Errors
    /// Where Arrow refuses the columns, which would be a fault of this program.
    pub fn encode(&mut self, batches: &[Batch]) -> Result<RecordBatch, ArrowError> {
        let rows: Vec<RowRef<'_>> = batches
            .iter()
            .flat_map(|batch| {
                let records = batch.records.iter().map(RowRef::Record);
                let losses = batch
                    .losses
                    .iter()
                    .map(|loss| RowRef::Loss(batch.time, *loss));
                records.chain(losses).chain([RowRef::Mark(batch.time)])
            })
            .collect();
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

    fn columns(
        &mut self,
        rows: &[RowRef<'_>],
    ) -> Result<Vec<(&'static str, ArrayRef)>, ArrowError> {
        let mut columns = self.owner(rows)?;
        columns.extend(self.place(rows)?);
        columns.extend(shape(rows)?);
        columns.extend(self.outcome(rows)?);
        columns.extend(geometry(rows));
        Ok(columns)
    }

    fn owner(&mut self, rows: &[RowRef<'_>]) -> Result<Vec<(&'static str, ArrayRef)>, ArrowError> {
        let records = || rows.iter().map(|row| row.record());
        let requests = || rows.iter().map(|row| row.request());
        let times = rows.iter().map(|row| row.time().0);
        let times = TimestampNanosecondArray::from_iter_values(times).with_timezone("UTC");
        let counts = records().map(|record| record.map_or(0, |record| record.count));
        let bytes = records().map(|record| record.map_or(0, |record| record.bytes));
        Ok(vec![
            ("time", Arc::new(times)),
            ("count", Arc::new(UInt64Array::from_iter_values(counts))),
            ("bytes", Arc::new(UInt64Array::from_iter_values(bytes))),
            ("pid", u32s(records().map(|record| Some(record?.pid)))),
            ("tid", u32s(requests().map(|request| Some(request?.tid)))),
            ("uid", u32s(records().map(|record| Some(record?.uid)))),
            (
                "comm",
                self.texts
                    .comm
                    .column(records().map(|record| Some(&record?.comm)))?,
            ),
            (
                "thread",
                self.texts
                    .thread
                    .column(requests().map(|request| Some(&request?.thread)))?,
            ),
            (
                "cgroup",
                self.texts
                    .cgroup
                    .column(records().map(|record| record?.cgroup.as_ref()))?,
            ),
        ])
    }

    fn place(&mut self, rows: &[RowRef<'_>]) -> Result<Vec<(&'static str, ArrayRef)>, ArrowError> {
        let records = || rows.iter().map(|row| row.record());
        let devices: Vec<Option<Arc<str>>> = records()
            .map(|record| Some(self.devices.name(record?.device?)))
            .collect();
        let limit = |get: fn(&Limits) -> u32| {
            u32s(records().map(move |record| record?.limits.as_ref().map(get)))
        };
        let texts = &mut self.texts;
        Ok(vec![
            ("operation", {
                let positions = records().map(|record| Some(record?.operation as usize));
                self.words.operation.column(positions)?
            }),
            ("interface", {
                let positions = records().map(|record| Some(record?.interface as usize));
                self.words.interface.column(positions)?
            }),
            (
                "device",
                texts.device.column(devices.iter().map(Option::as_ref))?,
            ),
            (
                "disk",
                texts
                    .disk
                    .column(records().map(|record| record?.disk.as_ref()))?,
            ),
            (
                "filesystem",
                texts
                    .filesystem
                    .column(records().map(|record| record?.filesystem.as_ref()))?,
            ),
            ("inode", u64s(records().map(|record| record?.inode))),
            (
                "path",
                texts
                    .path
                    .column(records().map(|record| record?.path.as_ref()))?,
            ),
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

    fn outcome(
        &mut self,
        rows: &[RowRef<'_>],
    ) -> Result<Vec<(&'static str, ArrayRef)>, ArrowError> {
        let records = || rows.iter().map(|row| row.record());
        let requests = || rows.iter().map(|row| row.request());
        let losses = || rows.iter().map(|row| row.loss());
        let results: Int64Array = requests().map(|request| Some(request?.result)).collect();
        let words = &self.words;
        let rule_sets = requests().map(|request| Some(request?.rule_sets.0));
        let user_stacks = requests().map(|request| request?.user_stack.as_ref());
        let kernel_stacks = requests().map(|request| request?.kernel_stack.as_ref());
        Ok(vec![
            ("result", Arc::new(results)),
            (
                "direct_bytes",
                u64s(requests().map(|request| Some(request?.direct_bytes))),
            ),
            (
                "verdict",
                words
                    .verdict
                    .column(records().map(|record| Some(record?.verdict as usize)))?,
            ),
            (
                "reasons",
                words
                    .reasons
                    .sets(records().map(|record| Some(record?.reasons.0)))?,
            ),
            (
                "flags",
                words
                    .flags
                    .sets(records().map(|record| Some(record?.flags.0)))?,
            ),
            ("rule_sets", words.rule_sets.sets(rule_sets)?),
            (
                "latency",
                u64s(requests().map(|request| Some(request?.latency))),
            ),
            ("bios", u32s(requests().map(|request| Some(request?.bios)))),
            (
                "splits",
                u32s(requests().map(|request| Some(request?.splits))),
            ),
            ("user_stack", self.texts.user_stack.lists(user_stacks)?),
            (
                "kernel_stack",
                self.texts.kernel_stack.lists(kernel_stacks)?,
            ),
            (
                "loss_cause",
                words
                    .loss_cause
                    .column(losses().map(|loss| Some(loss?.cause as usize)))?,
            ),
            ("loss_count", u64s(losses().map(|loss| Some(loss?.count)))),
        ])
    }
}

fn shape(rows: &[RowRef<'_>]) -> Result<Vec<(&'static str, ArrayRef)>, ArrowError> {
    let geometries = || rows.iter().map(|row| Some(&row.request()?.geometry));
    Ok(vec![
        (
            "offset",
            u64s(geometries().map(|geometry| Some(geometry?.offset))),
        ),
        (
            "length",
            u64s(geometries().map(|geometry| Some(geometry?.length))),
        ),
        (
            "segment_count",
            u32s(geometries().map(|geometry| Some(geometry?.segment_count))),
        ),
        ("segments", segments(rows)?),
        (
            "memory_alignment",
            u32s(geometries().map(|one| Some(one?.memory_alignment()))),
        ),
        (
            "length_alignment",
            u32s(geometries().map(|one| Some(one?.length_alignment()))),
        ),
        (
            "offset_alignment",
            u32s(geometries().map(|one| Some(one?.offset_alignment()))),
        ),
    ])
}

fn segments(rows: &[RowRef<'_>]) -> Result<ArrayRef, ArrowError> {
    let lists = || {
        rows.iter()
            .map(|row| Some(row.request()?.segments.as_slice()))
    };
    let all = || lists().flatten().flatten();
    let addresses = UInt64Array::from_iter_values(all().map(|segment| segment.address));
    let lengths = UInt64Array::from_iter_values(all().map(|segment| segment.length));
    let arrays: Vec<ArrayRef> = vec![Arc::new(addresses), Arc::new(lengths)];
    let items = StructArray::try_new(segment_fields(), arrays, None)?;
    let offsets = OffsetBuffer::from_lengths(lists().map(|list| list.map_or(0, <[_]>::len)));
    let nulls: NullBuffer = lists()
        .map(|list| list.is_some())
        .collect::<Vec<_>>()
        .into();
    let field = item_field(DataType::Struct(segment_fields()));
    Ok(Arc::new(ListArray::try_new(
        field,
        offsets,
        Arc::new(items),
        Some(nulls),
    )?))
}

/// What the kernel's rules need of the segments; values that follow from another column are null.
fn geometry(rows: &[RowRef<'_>]) -> Vec<(&'static str, ArrayRef)> {
    let column = |get: fn(&Geometry) -> Option<u32>| {
        u32s(rows.iter().map(move |row| get(&row.request()?.geometry)))
    };
    vec![
        ("address_bits", column(|one| Some(one.address_bits))),
        ("length_bits", column(|one| Some(one.length_bits))),
        (
            "merged_count",
            column(|one| unless(one.merged_count, one.segment_count)),
        ),
        (
            "merged_address_bits",
            column(|one| unless(one.merged_address_bits, one.address_bits)),
        ),
        (
            "merged_length_bits",
            column(|one| unless(one.merged_length_bits, one.length_bits)),
        ),
        ("gap_bits", column(|one| Some(one.gap_bits))),
        ("split_bits", column(|one| Some(one.split_bits))),
        (
            "first_page_offset",
            column(|one| unless(one.first_page_offset, one.address_bits & 4095)),
        ),
        (
            "empty_address_bits",
            column(|one| unless(one.empty_address_bits, 0)),
        ),
    ]
}

fn unless(value: u32, usual: u32) -> Option<u32> {
    (value != usual).then_some(value)
}

fn u32s(values: impl Iterator<Item = Option<u32>>) -> ArrayRef {
    Arc::new(values.collect::<UInt32Array>())
}

fn u64s(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    Arc::new(values.collect::<UInt64Array>())
}
