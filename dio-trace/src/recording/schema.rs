//! The columns of a recording: names, types and meanings. All descriptions of the format are
//! generated from here.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

use crate::model::Vocabulary;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nanoseconds since 1970, UTC.
    Time,
    /// Unsigned integer of 32 bits.
    U32,
    /// Unsigned integer of 64 bits.
    U64,
    /// Signed integer of 64 bits.
    I64,
    /// One of a fixed set of words.
    Word,
    /// Any number of a fixed set of words.
    Words,
    /// Text that repeats.
    Text,
    /// A list of texts that repeat.
    Texts,
    /// A list of segments, each with address and length.
    Segments,
}

impl Kind {
    /// The Arrow type.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Self::U32 => DataType::UInt32,
            Self::U64 => DataType::UInt64,
            Self::I64 => DataType::Int64,
            Self::Word => dictionary(DataType::Int8),
            Self::Words => list(dictionary(DataType::Int8)),
            Self::Text => dictionary(DataType::Int32),
            Self::Texts => list(dictionary(DataType::Int32)),
            Self::Segments => list(DataType::Struct(segment_fields())),
        }
    }

    const fn describe(self) -> &'static str {
        match self {
            Self::Time => "timestamp[ns, UTC]",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::Word | Self::Text => "string (dictionary)",
            Self::Words | Self::Texts => "list of string (dictionary)",
            Self::Segments => "list of {address: u64, length: u64}",
        }
    }
}

fn dictionary(key: DataType) -> DataType {
    DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8))
}

fn list(item: DataType) -> DataType {
    DataType::List(item_field(item))
}

/// The field of a list's elements.
pub(super) fn item_field(item: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", item, false))
}

/// The fields of a segment.
pub(super) fn segment_fields() -> Fields {
    Fields::from(vec![
        Field::new("address", DataType::UInt64, false),
        Field::new("length", DataType::UInt64, false),
    ])
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, the same in every format.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its meaning; words are listed by [`vocabulary`](Self::vocabulary).
    pub meaning: &'static str,
    /// The words that it can hold, if these are fixed.
    pub vocabulary: Option<Vocabulary>,
}

impl Column {
    /// Its meaning with the words that it can hold.
    fn describe(&self) -> String {
        match self.vocabulary {
            None => self.meaning.to_owned(),
            Some(vocabulary) => format!("{}: {}", self.meaning, vocabulary.line()),
        }
    }
}

macro_rules! columns {
    ($($name:literal $kind:ident $(of $words:ident)? $meaning:literal)+) => {
        /// Every column, in order. `time`, `count` and `bytes` are in every row.
        pub const COLUMNS: &[Column] = &[$(Column {
            name: $name,
            kind: Kind::$kind,
            meaning: $meaning,
            vocabulary: columns!(@ $($words)?),
        },)+];
    };
    (@) => { None };
    (@ $words:ident) => { Some(Vocabulary::$words) };
}

columns! {
    "time" Time "submission; of counted requests, the end of the interval they were counted in"
    "count" U64 "direct requests this row stands for: 1 for a captured one, N for N counted together, 0 for a loss or a time mark; the sum is exact"
    "bytes" U64 "bytes requested by those"
    "pid" U32 "thread group at submission, in the initial pid namespace; 0 where the tables were too full to record it"
    "tid" U32 "thread at submission; null in a row of counted requests"
    "uid" U32 "user at submission"
    "comm" Text "name of the thread group leader"
    "thread" Text "name of the thread"
    "cgroup" Text "path of the control group; null when unresolved"
    "operation" Word of Operations "direction of the transfer, seen from the program"
    "interface" Word of Interfaces "how the request came into the kernel"
    "device" Text "number of the device whose limits apply, such as 259:0"
    "disk" Text "its name, such as nvme0n1"
    "filesystem" Text "xfs, ext4, ...; block for a raw device"
    "inode" U64 "inode number of the file"
    "path" Text "path when the file was first seen; a later rename is not noticed"
    "offset" U64 "position in the file or device, bytes"
    "length" U64 "bytes asked for"
    "length_seen" U64 "of these, the bytes that the kernel looked at, where it cut the request at the end of the file or device first; null where all"
    "segment_count" U32 "non-empty segments"
    "segments" Segments "the first 16 segments, followed by the first offending one if it is not among them"
    "memory_alignment" U32 "largest power of two, up to 65536, that divides all addresses"
    "length_alignment" U32 "the same for all segment lengths"
    "offset_alignment" U32 "the same for the offset"
    "logical_block_size" U32 "limit in force then, bytes"
    "physical_block_size" U32 "limit in force then, bytes"
    "dma_alignment" U32 "limit in force then; a mask: 511 means 512-byte alignment"
    "virt_boundary_mask" U32 "limit in force then; a mask, 0 for none"
    "filesystem_block_size" U32 "block size of the filesystem, bytes"
    "result" I64 "bytes done, or a negative errno; of counted requests only the errno, if they failed"
    "direct_bytes" U64 "bytes that the direct I/O engine did itself; the rest went through the page cache"
    "verdict" Word of Verdicts "what became of the request"
    "reasons" Words of Reasons "what is misaligned"
    "flags" Words of Flags "what else is worth knowing"
    "engine" Word of Engines "the code that carried the request, which decides whose rule holds; null in recordings that are older than this column"
    "cause" Word of Causes "why it was buffered, if alignment is not the reason; otherwise null"
    "checked_by" Text "name of the disk whose limits were really applied; null where nobody looked, and in rows of counted requests"
    "atomic_write_unit_min" U32 "of an atomic write, the shortest that can be written so there, bytes"
    "atomic_write_unit_max" U32 "of an atomic write, the longest that can be written so there, bytes"
    "rule_sets" Words of RuleSets "rule sets under which it would be accepted on these limits, never unknown"
    "latency" U64 "nanoseconds from submission to result"
    "bios" U32 "bios submitted for it"
    "splits" U32 "number of those that were split"
    "user_stack" Texts "call stack of the program, innermost frame first; null when stacks are off"
    "kernel_stack" Texts "call stack of the kernel, innermost frame first; null when stacks are off"
    "address_bits" U32 "OR of all segment addresses, below 65536; with the next columns, all that is needed to judge the request under other rules"
    "length_bits" U32 "OR of all segment lengths, below 65536"
    "merged_count" U32 "segments after those that touch in memory are joined; null where equal to segment_count"
    "merged_address_bits" U32 "OR of the addresses of joined segments; null where equal to address_bits"
    "merged_length_bits" U32 "OR of the lengths of joined segments; null where equal to length_bits"
    "gap_bits" U32 "OR of the ends and starts at gaps between segments"
    "split_bits" U32 "OR of the distances of those gaps that break the virtual boundary"
    "first_page_offset" U32 "byte in its 4096-byte page at which the first segment starts; null where equal to address_bits modulo 4096"
    "empty_address_bits" U32 "OR of the addresses of empty segments that a full one follows; null where zero"
    "loss_cause" Word of Losses "cause of the loss in a row of a loss, null in all others"
    "loss_count" U64 "in a row of a loss: the number of lost requests, details, paths, stacks or bios"
}

/// The schema, with `metadata` attached.
#[must_use]
pub fn schema(metadata: HashMap<String, String>) -> Schema {
    let fields: Vec<Field> = COLUMNS
        .iter()
        .map(|column| {
            let always = matches!(column.name, "time" | "count" | "bytes");
            Field::new(column.name, column.kind.data_type(), !always)
        })
        .collect();
    Schema::new_with_metadata(fields, metadata)
}

/// The columns as a Markdown table.
#[must_use]
pub fn columns_markdown() -> String {
    let mut text = String::from("| column | type | meaning |\n|---|---|---|\n");
    for column in COLUMNS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            column.name,
            column.kind.describe(),
            column.describe()
        );
    }
    text
}

/// All that there is to say about the format: the columns, followed by the meanings of their words.
#[must_use]
pub fn schema_markdown() -> String {
    let mut text = columns_markdown();
    for column in COLUMNS {
        if let Some(vocabulary) = column.vocabulary {
            let _ = write!(text, "\n## `{}`\n\n{}", column.name, vocabulary.markdown());
        }
    }
    text
}
