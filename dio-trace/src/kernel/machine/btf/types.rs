//! Reads BTF where it lies: that of vmlinux, or that of a module on top of it.
//!
//! It goes over the types once and notes where each is. The format: `Documentation/bpf/btf.rst`,
//! `include/uapi/linux/btf.h`.

use std::ops::Range;

use foldhash::quality::FixedState;

/// Kinds of types, `BTF_KIND_*`.
pub(super) mod kind {
    pub(in crate::kernel::machine::btf) const INT: u32 = 1;
    pub(in crate::kernel::machine::btf) const ARRAY: u32 = 3;
    pub(in crate::kernel::machine::btf) const STRUCT: u32 = 4;
    pub(in crate::kernel::machine::btf) const UNION: u32 = 5;
    pub(in crate::kernel::machine::btf) const ENUM: u32 = 6;
    pub(in crate::kernel::machine::btf) const TYPEDEF: u32 = 8;
    pub(in crate::kernel::machine::btf) const VOLATILE: u32 = 9;
    pub(in crate::kernel::machine::btf) const CONST: u32 = 10;
    pub(in crate::kernel::machine::btf) const FUNC: u32 = 12;
    pub(in crate::kernel::machine::btf) const FUNC_PROTO: u32 = 13;
    pub(in crate::kernel::machine::btf) const VAR: u32 = 14;
    pub(in crate::kernel::machine::btf) const DATASEC: u32 = 15;
    pub(in crate::kernel::machine::btf) const DECL_TAG: u32 = 17;
    pub(in crate::kernel::machine::btf) const ENUM64: u32 = 19;
    /// The last one that is known.
    pub(in crate::kernel::machine::btf) const LAST: u32 = ENUM64;
}

/// `BTF_MAGIC`, in the byte order of this machine.
const MAGIC: u16 = 0xeb9f;
/// Bytes of the header that are used.
const HEADER: usize = 24;
/// No further type.
const END: u32 = u32::MAX;

/// The types of vmlinux, or those that a module adds.
#[derive(Debug)]
pub(super) struct Types {
    bytes: Vec<u8>,
    strings: Range<usize>,
    /// Where each type's record starts in `bytes`.
    records: Vec<u32>,
    /// Id of the first one; 0 is `void`, which has no record.
    first_id: u32,
    /// Offsets below this one are strings of vmlinux.
    first_string: u32,
    /// The first type whose name has this hash, by position in `records`.
    heads: Vec<u32>,
    /// The next one of the same hash, with a greater id.
    next: Vec<u32>,
    /// Positions of enumerations.
    enumerations: Vec<u32>,
}

/// One type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type<'a> {
    pub(super) id: u32,
    /// See [`kind`].
    pub(super) kind: u32,
    /// Size of a structure in bytes, or id of the type that this one refers to.
    pub(super) size_or_type: u32,
    name: u32,
    flag: bool,
    /// Members, enumerators or parameters, as they follow the record.
    rows: &'a [u8],
}

/// A member of a structure or union.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Number of its name, see [`Space::is_named`].
    pub(super) name: u32,
    /// Id of its type.
    pub(super) kind: u32,
    /// Bits from the structure's start.
    pub(super) bits: u32,
}

impl<'a> Type<'a> {
    /// Members of a structure or union.
    pub(super) fn members(&self) -> impl Iterator<Item = Member> + use<'a> {
        let mask = if self.flag { 0x00ff_ffff } else { u32::MAX };
        let (rows, _) = self.rows.as_chunks::<12>();
        rows.iter().map(move |row| Member {
            name: word(row, 0),
            kind: word(row, 4),
            bits: word(row, 8) & mask,
        })
    }

    /// Names and values of an enumeration of 32 bits.
    pub(super) fn enumerators(&self) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let (rows, _) = self.rows.as_chunks::<8>();
        rows.iter().map(|row| (word(row, 0), word(row, 4)))
    }

    /// Number of parameters of a function's prototype.
    pub(in crate::kernel::machine::btf) const fn parameters(&self) -> u32 {
        (self.rows.len() / 8) as u32
    }
}

impl Types {
    /// Reads the content of `/sys/kernel/btf/*`; for a module `base` is vmlinux.
    ///
    /// # Errors
    /// Where it is not BTF that is known; the message says why.
    pub(super) fn new(bytes: Vec<u8>, base: Option<&Self>) -> Result<Self, &'static str> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or("it is too short")?;
        if u16::from_ne_bytes([header[0], header[1]]) != MAGIC {
            return Err("it does not start as BTF does");
        }
        let part = |start: usize, length: usize| {
            let start = word(header, 4).checked_add(word(header, start))? as usize;
            let end = start.checked_add(word(header, length) as usize)?;
            (end <= bytes.len()).then_some(start..end)
        };
        let parts = part(8, 12).zip(part(16, 20));
        let (types, strings) = parts.ok_or("it is cut off")?;
        let records = records(&bytes, types)?;
        let mut found = Self {
            bytes,
            strings,
            records,
            first_id: base.map_or(1, |base| base.first_id + base.records.len() as u32),
            first_string: base.map_or(0, |base| base.strings.len() as u32),
            heads: Vec::new(),
            next: Vec::new(),
            enumerations: Vec::new(),
        };
        found.index(base);
        Ok(found)
    }

    /// Builds the index by name.
    fn index(&mut self, base: Option<&Self>) {
        let mut heads = vec![END; self.records.len().next_power_of_two()];
        let mut next = vec![END; self.records.len()];
        let mut enumerations = Vec::new();
        let space = Space { own: self, base };
        // Backwards, so that the lowest id comes first.
        for (position, next) in next.iter_mut().enumerate().rev() {
            let Some(found) = self.at(position as u32) else {
                continue;
            };
            match found.kind {
                kind::FUNC | kind::STRUCT | kind::UNION | kind::TYPEDEF => {
                    let head = &mut heads[bucket(space.name(found.name), self.records.len())];
                    *next = std::mem::replace(head, position as u32);
                }
                kind::ENUM => enumerations.push(position as u32),
                _ => {}
            }
        }
        enumerations.reverse();
        self.enumerations = enumerations;
        self.heads = heads;
        self.next = next;
    }

    fn at(&self, position: u32) -> Option<Type<'_>> {
        let start = *self.records.get(position as usize)? as usize;
        let (record, rest) = self.bytes.get(start..)?.split_first_chunk::<12>()?;
        let info = word(record, 4);
        Some(Type {
            id: self.first_id + position,
            kind: kind_of(info),
            size_or_type: word(record, 8),
            name: word(record, 0),
            flag: info >> 31 != 0,
            rows: rest.get(..trailing(info))?,
        })
    }

    /// A string, and everything after it.
    fn string(&self, offset: u32) -> &[u8] {
        let strings = &self.bytes[self.strings.clone()];
        strings.get(offset as usize..).unwrap_or_default()
    }
}

/// Types as seen from vmlinux or from a module; those of a module build on types and names of vmlinux.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space<'a> {
    pub(super) own: &'a Types,
    pub(super) base: Option<&'a Types>,
}

impl<'a> Space<'a> {
    /// A type by id; `None` for `void`, and where there is none.
    pub(super) fn get(self, id: u32) -> Option<Type<'a>> {
        match self.base {
            Some(base) if id < self.own.first_id => base.at(id.checked_sub(base.first_id)?),
            _ => self.own.at(id.checked_sub(self.own.first_id)?),
        }
    }

    /// Whether a type is described here, and not in the vmlinux that a module builds on.
    pub(in crate::kernel::machine::btf) const fn is_own(self, found: Type<'_>) -> bool {
        found.id >= self.own.first_id
    }

    /// Whether the number of a name stands for `name`; 0 is the empty name.
    pub(super) fn is_named(self, number: u32, name: &str) -> bool {
        let rest = self.string(number).strip_prefix(name.as_bytes());
        rest.is_some_and(|rest| rest.first() == Some(&0))
    }

    /// A name, and everything after it.
    fn string(self, number: u32) -> &'a [u8] {
        match (number.checked_sub(self.own.first_string), self.base) {
            (Some(offset), _) => self.own.string(offset),
            (None, Some(base)) => base.string(number),
            (None, None) => &[],
        }
    }

    fn name(self, number: u32) -> &'a [u8] {
        let string = self.string(number);
        &string[..memchr::memchr(0, string).unwrap_or_default()]
    }

    /// Functions, structures, unions and typedefs of this name, by id; of a module only its own.
    pub(super) fn named(self, name: &str) -> impl Iterator<Item = Type<'a>> {
        let first = bucket(name.as_bytes(), self.own.records.len());
        let mut position = self.own.heads.get(first).copied().unwrap_or(END);
        std::iter::from_fn(move || {
            let found = self.own.at(position)?;
            position = self.own.next.get(position as usize).copied()?;
            Some(found)
        })
        .filter(move |found| self.is_named(found.name, name))
    }

    /// Enumerations of 32 bits, by id; of a module only its own.
    pub(super) fn enumerations(self) -> impl Iterator<Item = Type<'a>> {
        let positions = self.own.enumerations.iter();
        positions.filter_map(move |&position| self.own.at(position))
    }
}

/// Where each type starts.
fn records(bytes: &[u8], types: Range<usize>) -> Result<Vec<u32>, &'static str> {
    let (mut start, end) = (types.start, types.end);
    // Most records have few rows, or none.
    let mut records = Vec::with_capacity(types.len() / 16);
    while start < end {
        let record = bytes.get(start..end).and_then(<[u8]>::first_chunk::<12>);
        let info = word(record.ok_or("its last type is cut off")?, 4);
        if !(1..=kind::LAST).contains(&kind_of(info)) {
            return Err("it has a kind of type that is not known");
        }
        records.push(start as u32);
        start += 12 + trailing(info);
    }
    if start != end {
        return Err("its last type is cut off");
    }
    Ok(records)
}

/// Kernels up to 7.0 use five bits, and the others are zero.
const fn kind_of(info: u32) -> u32 {
    info >> 24 & 0x7f
}

/// Bytes after the first twelve of a type. Kernels up to 7.0 count rows in 16 bits, and the eight bits
/// above are zero.
const fn trailing(info: u32) -> usize {
    let rows = (info & 0x00ff_ffff) as usize;
    match kind_of(info) {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => rows * 12,
        kind::ENUM | kind::FUNC_PROTO => rows * 8,
        _ => 0,
    }
}

fn bucket(name: &[u8], types: usize) -> usize {
    use std::hash::BuildHasher;
    let hash = FixedState::with_seed(0).hash_one(name);
    hash as usize & (types.next_power_of_two() - 1)
}

/// The number at `start` of a row.
const fn word<const N: usize>(row: &[u8; N], start: usize) -> u32 {
    u32::from_ne_bytes([row[start], row[start + 1], row[start + 2], row[start + 3]])
}
