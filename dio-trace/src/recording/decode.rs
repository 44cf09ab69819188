//! Decodes rows into records.

use std::sync::Arc;

use arrow_array::{Array, Int64Array, RecordBatch, StringArray, UInt32Array};

use crate::{
    model::{
        AtomicUnits, Batch, Cause, DeviceNumber, Engine, Flag, Flags, Geometry, Interface, Limits,
        Loss, LossCause, Operation, Reason, Reasons, Record, Request, RuleSet, RuleSets, Timestamp,
        Verdict,
    },
    recording::{
        columns::{Columns, TextColumn, TextLists},
        row::Row,
    },
};

/// Decodes batches of rows, and joins the pieces of a [`Batch`].
#[derive(Debug, Default)]
pub struct Decoder {
    open: Batch,
}

impl Decoder {
    /// All rows, in order. A row of a newer version with words that are unknown here becomes a
    /// loss.
    ///
    /// # Errors
    /// Where the columns are not those of a recording.
    pub fn rows(&self, rows: &RecordBatch) -> Result<Vec<Row>, String> {
        Rows::of(rows)?.decode()
    }

    /// The batches that end in these rows. Rows after the last mark are kept for the next call.
    ///
    /// # Errors
    /// Where the columns are not those of a recording.
    pub fn batches(&mut self, rows: &RecordBatch) -> Result<Vec<Batch>, String> {
        let mut closed = Vec::new();
        for row in self.rows(rows)? {
            match row {
                Row::Record(record) => self.open.records.push(*record),
                Row::Loss(_, loss) => self.open.losses.push(loss),
                Row::Mark(time) => {
                    self.open.time = time;
                    closed.push(std::mem::take(&mut self.open));
                }
            }
        }
        Ok(closed)
    }
}

/// The typed columns of a batch.
struct Rows<'a> {
    columns: Columns<'a>,
    comm: Texts,
    thread: Texts,
    cgroup: Texts,
    device: TextColumn,
    disk: Texts,
    checked_by: Texts,
    filesystem: Texts,
    path: Texts,
    operation: Vec<Option<Operation>>,
    interface: Vec<Option<Interface>>,
    verdict: Vec<Option<Verdict>>,
    reasons: Vec<Option<u32>>,
    flags: Vec<Option<u32>>,
    engine: Vec<Option<Engine>>,
    cause: Vec<Option<Cause>>,
    rule_sets: Vec<Option<u32>>,
}

/// A column of texts, which the records made from it share.
struct Texts {
    column: TextColumn,
    shared: Vec<Arc<str>>,
}

impl Texts {
    fn of(columns: Columns<'_>, name: &str) -> Result<Self, String> {
        let column = columns.texts(name)?;
        let values: &StringArray = &column.values;
        let shared = values
            .iter()
            .map(|text| text.unwrap_or("").into())
            .collect();
        Ok(Self { column, shared })
    }

    fn get(&self, row: usize) -> Option<Arc<str>> {
        self.column
            .key(row)
            .and_then(|key| self.shared.get(key))
            .cloned()
    }
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, String> {
        let columns = Columns::of(batch);
        let texts = |name| Texts::of(columns, name);
        Ok(Self {
            columns,
            comm: texts("comm")?,
            thread: texts("thread")?,
            cgroup: texts("cgroup")?,
            device: columns.texts("device")?,
            disk: texts("disk")?,
            checked_by: texts("checked_by")?,
            filesystem: texts("filesystem")?,
            path: texts("path")?,
            operation: columns.words("operation", Operation::from_word)?,
            interface: columns.words("interface", Interface::from_word)?,
            verdict: columns.words("verdict", Verdict::from_word)?,
            reasons: columns.sets("reasons", |word| Some(Reason::from_word(word)?.bit()))?,
            flags: columns.sets("flags", |word| Some(Flag::from_word(word)?.bit()))?,
            engine: columns.words("engine", Engine::from_word)?,
            cause: columns.words("cause", Cause::from_word)?,
            rule_sets: columns.sets("rule_sets", |word| Some(RuleSet::from_word(word)?.bit()))?,
        })
    }

    fn decode(&self) -> Result<Vec<Row>, String> {
        let times = self.columns.times("time")?;
        let counts = self.columns.u64s("count")?;
        let bytes = self.columns.u64s("bytes")?;
        let causes = self.columns.words("loss_cause", LossCause::from_word)?;
        let lost = self.columns.u64s("loss_count")?;
        let pids = self.columns.u32s("pid")?;
        let uids = self.columns.u32s("uid")?;
        let inodes = self.columns.u64s("inode")?;
        let limits = self.limits()?;
        let mut requests = self.requests()?;
        let results = self.columns.i64s("result")?;
        let mut rows = Vec::with_capacity(self.columns.rows());
        for row in 0..self.columns.rows() {
            let time = Timestamp(times.value(row));
            let count = counts.value(row);
            let undecodable = Loss {
                cause: LossCause::EventUndecodable,
                count,
            };
            rows.push(if lost.is_valid(row) {
                let cause = causes[row].unwrap_or(LossCause::EventUndecodable);
                Row::Loss(
                    time,
                    Loss {
                        cause,
                        count: lost.value(row),
                    },
                )
            } else if count == 0 {
                Row::Mark(time)
            } else if let (Some(operation), Some(interface), Some(verdict)) =
                (self.operation[row], self.interface[row], self.verdict[row])
            {
                Row::Record(Box::new(Record {
                    time,
                    count,
                    bytes: bytes.value(row),
                    pid: pids.value(row),
                    uid: uids.value(row),
                    comm: self.comm.get(row).unwrap_or_else(|| "".into()),
                    cgroup: self.cgroup.get(row),
                    operation,
                    interface,
                    device: self
                        .device
                        .get(row)
                        .and_then(|text| text.parse::<DeviceNumber>().ok()),
                    disk: self.disk.get(row),
                    filesystem: self.filesystem.get(row),
                    inode: inodes.is_valid(row).then(|| inodes.value(row)),
                    path: self.path.get(row),
                    limits: limits[row],
                    verdict,
                    reasons: Reasons::from_bits(self.reasons[row].unwrap_or(0)),
                    flags: Flags::from_bits(self.flags[row].unwrap_or(0)),
                    engine: self.engine[row],
                    cause: self.cause[row],
                    counted_errno: errno_of_counted(&results, requests[row].as_ref(), row),
                    request: requests[row].take(),
                }))
            } else {
                Row::Loss(time, undecodable)
            });
        }
        Ok(rows)
    }

    fn limits(&self) -> Result<Vec<Option<Limits>>, String> {
        let logical = self.columns.u32s("logical_block_size")?;
        let physical = self.columns.u32s("physical_block_size")?;
        let dma = self.columns.u32s("dma_alignment")?;
        let boundary = self.columns.u32s("virt_boundary_mask")?;
        let filesystem = self.columns.u32s("filesystem_block_size")?;
        let limits = |row| Limits {
            logical_block_size: logical.value(row),
            physical_block_size: physical.value(row),
            dma_alignment: dma.value(row),
            virt_boundary_mask: boundary.value(row),
            filesystem_block_size: filesystem.value(row),
        };
        Ok((0..logical.len())
            .map(|row| logical.is_valid(row).then(|| limits(row)))
            .collect())
    }

    fn requests(&self) -> Result<Vec<Option<Request>>, String> {
        let tids = self.columns.u32s("tid")?;
        let results = self.columns.i64s("result")?;
        let direct_bytes = self.columns.u64s("direct_bytes")?;
        let latencies = self.columns.u64s("latency")?;
        let bios = self.columns.u32s("bios")?;
        let splits = self.columns.u32s("splits")?;
        let seen = self.columns.u64s("length_seen")?;
        let unit_min = self.columns.u32s("atomic_write_unit_min")?;
        let unit_max = self.columns.u32s("atomic_write_unit_max")?;
        let geometries = self.geometries()?;
        let mut segments = self.columns.segments("segments")?;
        let user_stacks = self.columns.text_lists("user_stack")?;
        let kernel_stacks = self.columns.text_lists("kernel_stack")?;
        let stack = |lists: &Option<TextLists>, row| {
            let lists = lists.as_ref()?;
            Some(lists.texts(lists.get(row)?))
        };
        let mut request = |row: usize| Request {
            tid: tids.value(row),
            thread: self.thread.get(row).unwrap_or_else(|| "".into()),
            geometry: geometries[row],
            seen_length: if seen.is_valid(row) {
                seen.value(row)
            } else {
                geometries[row].length
            },
            checked_by: self.checked_by.get(row),
            atomic_units: unit_min.is_valid(row).then(|| AtomicUnits {
                min: unit_min.value(row),
                max: unit_max.value(row),
            }),
            segments: segments[row].take().unwrap_or_default(),
            result: results.value(row),
            direct_bytes: direct_bytes.value(row),
            latency: latencies.value(row),
            bios: bios.value(row),
            splits: splits.value(row),
            rule_sets: RuleSets::from_bits(self.rule_sets[row].unwrap_or(0)),
            user_stack: stack(&user_stacks, row),
            kernel_stack: stack(&kernel_stacks, row),
        };
        Ok((0..tids.len())
            .map(|row| tids.is_valid(row).then(|| request(row)))
            .collect())
    }

    fn geometries(&self) -> Result<Vec<Geometry>, String> {
        let column = |name| self.columns.u32s(name);
        let (offset, length) = (self.columns.u64s("offset")?, self.columns.u64s("length")?);
        let count = column("segment_count")?;
        let address = column("address_bits")?;
        let lengths = column("length_bits")?;
        let merged_count = column("merged_count")?;
        let merged_address = column("merged_address_bits")?;
        let merged_lengths = column("merged_length_bits")?;
        let (gap, split) = (column("gap_bits")?, column("split_bits")?);
        let first = column("first_page_offset")?;
        let empty = column("empty_address_bits")?;
        let usually = |column: &UInt32Array, row, usual| {
            if column.is_valid(row) {
                column.value(row)
            } else {
                usual
            }
        };
        let geometry = |row| Geometry {
            offset: offset.value(row),
            length: length.value(row),
            segment_count: count.value(row),
            merged_count: usually(&merged_count, row, count.value(row)),
            address_bits: address.value(row),
            length_bits: lengths.value(row),
            merged_address_bits: usually(&merged_address, row, address.value(row)),
            merged_length_bits: usually(&merged_lengths, row, lengths.value(row)),
            gap_bits: gap.value(row),
            split_bits: split.value(row),
            first_page_offset: usually(&first, row, address.value(row) & 4095),
            empty_address_bits: usually(&empty, row, 0),
        };
        Ok((0..count.len()).map(geometry).collect())
    }
}

/// The errno of a row of counted requests: its result is null where they did not fail, and in older
/// recordings.
fn errno_of_counted(results: &Int64Array, request: Option<&Request>, row: usize) -> Option<u8> {
    let is_known = request.is_none() && results.is_valid(row);
    let errno = is_known.then(|| results.value(row).checked_neg())??;
    u8::try_from(errno).ok().filter(|errno| *errno != 0)
}
