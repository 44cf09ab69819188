//! Tests of the reader on BTF that is made here, whole and broken.

use super::*;

/// Builds BTF, type by type.
#[derive(Default)]
struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    first_string: u32,
}

impl Builder {
    fn name(&mut self, name: &str) -> u32 {
        if self.strings.is_empty() && self.first_string == 0 {
            self.strings.push(0);
        }
        if name.is_empty() {
            return 0;
        }
        let offset = self.first_string + self.strings.len() as u32;
        self.strings.extend(name.bytes().chain([0]));
        offset
    }

    fn push(&mut self, kind: u32, name: &str, size_or_type: u32, rows: &[(&str, &[u32])]) {
        let name = self.name(name);
        let count = if kind == kind::INT { 0 } else { rows.len() };
        let mut words = vec![name, kind << 24 | count as u32, size_or_type];
        for (name, row) in rows {
            if kind != kind::INT {
                words.push(self.name(name));
            }
            words.extend(*row);
        }
        self.types
            .extend(words.into_iter().flat_map(u32::to_ne_bytes));
    }

    fn bytes(&self) -> Vec<u8> {
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        let mut bytes = 0xeb9f_u16.to_ne_bytes().to_vec();
        bytes.extend([1, 0]);
        let header = [24, 0, types, types, strings];
        bytes.extend(header.into_iter().flat_map(u32::to_ne_bytes));
        bytes.extend([&*self.types, &*self.strings].concat());
        bytes
    }
}

const POINTER: u32 = 2;

fn vmlinux() -> Builder {
    let mut builder = Builder::default();
    builder.push(kind::INT, "int", 4, &[("", &[32])]);
    // 2, 3: an unnamed union in a structure, through a typedef and const.
    let inner: &[(&str, &[u32])] = &[("low", &[1, 0]), ("high", &[1, 32])];
    builder.push(kind::STRUCT, "pair", 8, inner);
    builder.push(kind::UNION, "", 8, &[("pair", &[5, 0]), ("whole", &[1, 0])]);
    let outer: &[(&str, &[u32])] = &[("first", &[1, 0]), ("", &[3, 64])];
    builder.push(kind::STRUCT, "outer", 16, outer);
    builder.push(kind::CONST, "", 6, &[]);
    builder.push(kind::TYPEDEF, "pair_t", 2, &[]);
    // 7 to 9: a function, and a variable's section of the same name before it.
    builder.push(kind::DATASEC, "read", 0, &[]);
    let parameters: &[(&str, &[u32])] = &[("iocb", &[1]), ("iter", &[1])];
    builder.push(kind::FUNC_PROTO, "", 1, parameters);
    builder.push(kind::FUNC, "read", 8, &[]);
    // 10 to 11: a tracepoint.
    builder.push(POINTER, "", 8, &[]);
    builder.push(kind::TYPEDEF, "btf_trace_split", 10, &[]);
    let values: &[(&str, &[u32])] = &[("ITER", &[0]), ("ITER_UBUF", &[7])];
    builder.push(kind::ENUM, "iter_type", 4, values);
    builder
}

fn module(vmlinux: &Builder) -> Builder {
    let mut builder = Builder {
        first_string: vmlinux.strings.len() as u32,
        ..Builder::default()
    };
    // 13 and 14: a member of a type of vmlinux, a function with a prototype there.
    builder.push(kind::STRUCT, "ours", 24, &[("theirs", &[4, 64])]);
    builder.push(kind::FUNC, "xfs_read", 8, &[]);
    // 15 and 16: one with a prototype of its own.
    builder.push(kind::FUNC_PROTO, "", 1, &[("iocb", &[13])]);
    builder.push(kind::FUNC, "xfs_sync", 15, &[]);
    builder
}

fn types() -> KernelTypes {
    let builder = vmlinux();
    let mut types = KernelTypes::from_bytes(builder.bytes()).unwrap();
    types.add_module("xfs", module(&builder).bytes()).unwrap();
    types
}

#[test]
fn functions_are_found_in_vmlinux_and_modules() {
    let vmlinux = Prototype {
        id: 8,
        module: None,
        arguments: 2,
    };
    let of_module = Prototype {
        id: 15,
        module: Some("xfs".to_owned()),
        arguments: 1,
    };
    let function = |id, module: Option<&str>, prototype: &Prototype| {
        Some(Function {
            id,
            module: module.map(str::to_owned),
            prototype: prototype.clone(),
        })
    };
    let (xfs, types) = (Some("xfs"), types());
    assert_eq!(types.function("read"), function(9, None, &vmlinux));
    assert_eq!(types.function("xfs_read"), function(14, xfs, &vmlinux));
    assert_eq!(types.function("xfs_sync"), function(16, xfs, &of_module));
    for name in ["rea", "read_", "outer", ""] {
        assert_eq!(types.function(name), None, "{name}");
    }
}

#[test]
fn of_functions_with_one_name_the_first_is_taken() {
    let mut builder = vmlinux();
    builder.push(kind::FUNC, "read", 8, &[]);
    let types = KernelTypes::from_bytes(builder.bytes()).unwrap();
    assert_eq!(types.function("read").unwrap().id, 9);
}

#[test]
fn members_are_found_through_unnamed_unions_and_qualifiers() {
    let types = types();
    assert_eq!(types.member_offset("outer", "first"), Some(0));
    assert_eq!(types.member_offset("outer", "whole"), Some(8));
    assert_eq!(types.member_offset("outer", "pair.high"), Some(12));
    assert_eq!(types.member_offset("ours", "theirs.pair.high"), Some(20));
    assert_eq!(types.member_offset("outer", "high"), None);
    assert_eq!(types.member_offset("outer", "first.high"), None);
    assert_eq!(types.structure_size("outer"), Some(16));
    assert_eq!(types.structure_size("read"), None);
}

#[test]
fn bit_fields_have_their_offset_in_24_bits() {
    let mut builder = vmlinux();
    let rows: &[(&str, &[u32])] = &[("flag", &[1, 1 << 24 | 64])];
    builder.push(kind::STRUCT | 0x80, "bits", 12, rows);
    let types = KernelTypes::from_bytes(builder.bytes()).unwrap();
    assert_eq!(types.member_offset("bits", "flag"), Some(8));
}

#[test]
fn tracepoints_and_enumerators_are_found() {
    assert_eq!(types().tracepoint("split"), Some(11));
    assert_eq!(types().tracepoint_arguments("split"), Some(1));
    assert_eq!(types().tracepoint("read"), None);
    assert_eq!(types().enumerator("ITER_UBUF"), Some(7));
    assert_eq!(types().enumerator("ITER"), Some(0));
    assert_eq!(types().enumerator("ITER_"), None);
}

#[test]
fn what_is_not_btf_is_refused() {
    let good = vmlinux().bytes();
    for length in 0..good.len() {
        assert!(KernelTypes::from_bytes(good[..length].to_vec()).is_err());
    }
    // Whatever is wrong inside: the worst result is that a name is not found.
    for position in 0..good.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bad = good.clone();
            bad[position] = value;
            if let Ok(types) = KernelTypes::from_bytes(bad) {
                let _ = types.function("read");
                let _ = types.tracepoint_arguments("split");
                let _ = types.enumerator("ITER_UBUF");
                let _ = types.structure_size("outer");
            }
        }
    }
}
