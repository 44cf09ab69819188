//! Sums up one batch of rows, column by column: rows that agree are counted together by the numbers
//! of their texts, and get their names afterwards.

use std::sync::Arc;

use arrow_array::{Array, UInt32Array};

use crate::{
    filter::Filter,
    findings::service,
    hash::Map,
    model::{
        Cause, Flag, Flags, Limits, Loss, LossCause, Operation, Reason, Reasons, Timestamp, Verdict,
    },
    recording::{Columns, Decoder, Part, Row, TextColumn, mask},
    report::{
        keys::{Case, File, Place, Process, is_plain},
        sites::Sites,
        sums::{Gathered, Seen},
    },
    store::{Tally, Volume, Worst},
};

/// Columns that the summary needs.
pub(super) const COLUMNS: [&str; 30] = [
    "time",
    "count",
    "bytes",
    "pid",
    "tid",
    "comm",
    "cgroup",
    "operation",
    "device",
    "disk",
    "filesystem",
    "inode",
    "path",
    "result",
    "cause",
    "verdict",
    "reasons",
    "flags",
    "memory_alignment",
    "length_alignment",
    "offset_alignment",
    "logical_block_size",
    "physical_block_size",
    "dma_alignment",
    "virt_boundary_mask",
    "filesystem_block_size",
    "interface",
    "user_stack",
    "loss_cause",
    "loss_count",
];

/// Rows that agree in all of this are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Class {
    pid: u32,
    comm: Option<u32>,
    disk: Option<u32>,
    filesystem: Option<u32>,
    path: Option<u32>,
    inode: u64,
    operation: Operation,
    verdict: Verdict,
    reasons: u32,
    flags: u32,
    errno: i64,
    cause: Option<Cause>,
    cgroup: Option<u32>,
    call_site: Option<u32>,
}

/// The counts of a [`Class`].
#[derive(Default)]
struct Partial<'a> {
    volume: Volume,
    worst: Worst,
    /// The first row, and the first with details.
    row: usize,
    detailed: Option<usize>,
    /// Requests by call stack.
    stacks: Map<&'a [Option<u32>], u64>,
}

/// Adds the rows of one batch.
pub(super) fn gather(sum: &mut Gathered, part: &Part, filter: &Filter) -> Result<(), String> {
    let columns = Columns::of(&part.rows);
    losses(sum, columns)?;
    let mask = mask(&part.rows, filter, false)?;
    let texts = Texts::of(columns)?;
    let stacks = columns.text_lists("user_stack")?;
    let mut sites = Sites::new(stacks.as_ref());
    let classes = classes(columns, &mask, &texts, &mut sites)?;
    let limits = limits(columns)?;
    let mut examples = Vec::new();
    for (class, partial) in classes {
        let place = texts.place(&class);
        let process = Process {
            comm: Arc::clone(&place.comm),
            pid: class.pid,
        };
        let mut tally = Tally::default();
        let (reasons, flags) = (
            Reasons::from_bits(class.reasons),
            Flags::from_bits(class.flags),
        );
        tally.count(partial.volume, class.verdict, reasons, flags, partial.worst);
        sum.count(&tally, process, place.clone(), || limits(partial.row));
        if is_plain(class.verdict, reasons, flags) {
            continue;
        }
        let case = Case {
            place,
            operation: class.operation,
            verdict: class.verdict,
            reasons,
            flags,
            errno: class.errno,
            cause: class.cause,
            unit: texts.unit(class.cgroup),
            call_site: sites.name(class.call_site),
        };
        let seen = sum.case(case.clone());
        seen.volume.add(partial.volume);
        seen.pids.add(class.pid);
        for (frames, count) in partial.stacks {
            let frames = stacks.as_ref().map(|stacks| stacks.texts(frames));
            seen.stacks.add(frames.unwrap_or_default(), count);
        }
        let has_details = seen.has_details();
        if seen.example.is_none() || (!has_details && partial.detailed.is_some()) {
            examples.push((case, partial.detailed.unwrap_or(partial.row)));
        }
    }
    take_examples(sum, part, examples)
}

fn losses(sum: &mut Gathered, columns: Columns<'_>) -> Result<(), String> {
    let times = columns.times("time")?;
    let range = times.values().iter().copied();
    sum.see(range.clone().min().map(Timestamp));
    sum.see(range.max().map(Timestamp));
    let lost = columns.u64s("loss_count")?;
    if lost.null_count() == lost.len() {
        return Ok(());
    }
    let causes = columns.words("loss_cause", LossCause::from_word)?;
    for (row, cause) in causes
        .into_iter()
        .enumerate()
        .filter(|(row, _)| lost.is_valid(*row))
    {
        let cause = cause.unwrap_or(LossCause::EventUndecodable);
        sum.losses.add(Loss {
            cause,
            count: lost.value(row),
        });
    }
    Ok(())
}

fn classes<'a>(
    columns: Columns<'_>,
    mask: &[bool],
    texts: &Texts,
    sites: &mut Sites<'a>,
) -> Result<Map<Class, Partial<'a>>, String> {
    let counts = columns.u64s("count")?;
    let bytes = columns.u64s("bytes")?;
    let pids = columns.u32s("pid")?;
    let inodes = columns.u64s("inode")?;
    let operations = columns.words("operation", Operation::from_word)?;
    let verdicts = columns.words("verdict", Verdict::from_word)?;
    let reasons = columns.sets("reasons", |word| Some(Reason::from_word(word)?.bit()))?;
    let flags = columns.sets("flags", |word| Some(Flag::from_word(word)?.bit()))?;
    let results = columns.i64s("result")?;
    let causes = columns.words("cause", Cause::from_word)?;
    let details = columns.u32s("tid")?;
    let memory = columns.u32s("memory_alignment")?;
    let lengths = columns.u32s("length_alignment")?;
    let offsets = columns.u32s("offset_alignment")?;
    let value = |column: &UInt32Array, row| column.is_valid(row).then(|| column.value(row));
    let mut classes: Map<Class, Partial<'a>> = Map::default();
    for row in (0..columns.rows()).filter(|row| mask[*row]) {
        let (Some(operation), Some(verdict)) = (operations[row], verdicts[row]) else {
            continue;
        };
        let frames = sites.stacks.and_then(|stacks| stacks.get(row));
        let reasons = reasons[row].unwrap_or(0);
        let class = Class {
            pid: pids.value(row),
            comm: texts.comm.number(row),
            disk: texts.disk.number(row),
            filesystem: texts.filesystem.number(row),
            path: texts.path.number(row),
            inode: inodes.value(row),
            operation,
            verdict,
            reasons,
            flags: flags[row].unwrap_or(0),
            errno: if results.is_valid(row) {
                results.value(row).min(0).saturating_neg()
            } else {
                0
            },
            cause: causes[row],
            cgroup: texts.cgroup.number(row),
            // Where alignment is not what is wrong, the place in the program is not its cause.
            call_site: frames
                .filter(|_| reasons != 0)
                .and_then(|frames| sites.number(frames)),
        };
        let partial = classes.entry(class).or_insert_with(|| Partial {
            row,
            ..Partial::default()
        });
        partial.volume.add(Volume {
            count: counts.value(row),
            bytes: bytes.value(row),
        });
        if let Some(frames) = frames {
            let count = partial.stacks.entry(frames).or_default();
            *count = count.saturating_add(counts.value(row));
        }
        if details.is_valid(row) {
            partial.detailed.get_or_insert(row);
            partial.worst.lower(Worst {
                memory: value(&memory, row),
                length: value(&lengths, row),
                offset: value(&offsets, row),
            });
        }
    }
    Ok(classes)
}

fn limits(columns: Columns<'_>) -> Result<impl Fn(usize) -> Option<Limits>, String> {
    let logical = columns.u32s("logical_block_size")?;
    let physical = columns.u32s("physical_block_size")?;
    let dma = columns.u32s("dma_alignment")?;
    let boundary = columns.u32s("virt_boundary_mask")?;
    let filesystem = columns.u32s("filesystem_block_size")?;
    Ok(move |row| {
        logical.is_valid(row).then(|| Limits {
            logical_block_size: logical.value(row),
            physical_block_size: physical.value(row),
            dma_alignment: dma.value(row),
            virt_boundary_mask: boundary.value(row),
            filesystem_block_size: filesystem.value(row),
        })
    })
}

/// Decodes whole rows for the cases that have no example yet.
fn take_examples(
    sum: &mut Gathered,
    part: &Part,
    examples: Vec<(Case, usize)>,
) -> Result<(), String> {
    if examples.is_empty() {
        return Ok(());
    }
    let rows = part.all_columns()?;
    for (case, row) in examples {
        let decoded = Decoder::default().rows(&rows.slice(row, 1))?;
        if let Some(Row::Record(record)) = decoded.into_iter().next() {
            let example = Some(((part.number, row), record));
            sum.case(case).merge(Seen {
                example,
                ..Seen::default()
            });
        }
    }
    Ok(())
}

/// The columns of texts that identify things.
struct Texts {
    comm: Named,
    cgroup: Named,
    units: Vec<Option<Arc<str>>>,
    disk: Named,
    filesystem: Named,
    path: Named,
}

struct Named {
    column: TextColumn,
    shared: Vec<Arc<str>>,
}

impl Named {
    fn of(columns: Columns<'_>, name: &str) -> Result<Self, String> {
        let column = columns.texts(name)?;
        let shared = column
            .values
            .iter()
            .map(|text| text.unwrap_or("").into())
            .collect();
        Ok(Self { column, shared })
    }

    fn number(&self, row: usize) -> Option<u32> {
        self.column.key(row).and_then(|key| u32::try_from(key).ok())
    }

    fn text(&self, number: Option<u32>) -> Option<Arc<str>> {
        self.shared.get(number? as usize).cloned()
    }
}

impl Texts {
    fn of(columns: Columns<'_>) -> Result<Self, String> {
        let cgroup = Named::of(columns, "cgroup")?;
        let units = cgroup.shared.iter();
        Ok(Self {
            units: units.map(|path| service(path).map(Arc::from)).collect(),
            cgroup,
            comm: Named::of(columns, "comm")?,
            disk: Named::of(columns, "disk")?,
            filesystem: Named::of(columns, "filesystem")?,
            path: Named::of(columns, "path")?,
        })
    }

    fn unit(&self, cgroup: Option<u32>) -> Option<Arc<str>> {
        self.units.get(cgroup? as usize)?.clone()
    }

    fn place(&self, class: &Class) -> Place {
        Place {
            comm: self.comm.text(class.comm).unwrap_or_default(),
            file: File {
                path: self.path.text(class.path),
                inode: (class.inode != 0).then_some(class.inode),
                filesystem: self.filesystem.text(class.filesystem),
                disk: self.disk.text(class.disk),
            },
        }
    }
}
