//! The kernel's type information: vmlinux and, where needed, its modules.

mod types;

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};

use self::types::{Space, Type, Types, kind};

const DIRECTORY: &str = "/sys/kernel/btf";

/// Types and functions of the running kernel.
pub struct KernelTypes {
    vmlinux: Types,
    /// By name, in the order in which they were asked for.
    modules: Vec<(String, Types)>,
}

/// A function as BTF describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its id, which a tracing program names as its target.
    pub id: u32,
    /// Module it lives in; `None` for vmlinux.
    pub module: Option<String>,
    /// Its arguments and their types.
    pub prototype: Prototype,
}

/// A function's prototype, which others may have too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prototype {
    /// Its id.
    pub id: u32,
    /// Module that it stands in, for functions of that module alone; `None` for vmlinux.
    pub module: Option<String>,
    /// Number of arguments.
    pub arguments: u32,
}

impl KernelTypes {
    /// Reads vmlinux and the modules of these names that are loaded.
    ///
    /// # Errors
    /// Where the kernel has no BTF, or it cannot be read.
    pub fn of_running_kernel<'a>(modules: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let path = Path::new(DIRECTORY).join("vmlinux");
        let read = || Self::from_bytes(fs::read(&path)?);
        let mut types = read().with_context(|| {
            format!(
                "cannot read the kernel's type information, {}",
                path.display()
            )
        })?;
        for module in modules {
            // A module without usable BTF only loses the preferred way to attach.
            if let Ok(bytes) = fs::read(Path::new(DIRECTORY).join(module)) {
                let _ = types.add_module(module, bytes);
            }
        }
        Ok(types)
    }

    /// From raw BTF, as in `/sys/kernel/btf/vmlinux`.
    ///
    /// # Errors
    /// Where the bytes are no BTF.
    pub fn from_bytes(vmlinux: Vec<u8>) -> Result<Self> {
        let vmlinux = Types::new(vmlinux, None).map_err(|why| anyhow!("this is not BTF: {why}"))?;
        Ok(Self {
            vmlinux,
            modules: Vec::new(),
        })
    }

    fn add_module(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), &'static str> {
        let types = Types::new(bytes, Some(&self.vmlinux))?;
        self.modules.push((name.to_owned(), types));
        Ok(())
    }

    /// vmlinux, then each module.
    fn spaces(&self) -> impl Iterator<Item = (Option<&str>, Space<'_>)> {
        let modules = self.modules.iter().map(|(name, own)| {
            let base = Some(&self.vmlinux);
            (Some(name.as_str()), Space { own, base })
        });
        std::iter::once((None, self.vmlinux())).chain(modules)
    }

    const fn vmlinux(&self) -> Space<'_> {
        Space {
            own: &self.vmlinux,
            base: None,
        }
    }

    /// A function by name, in vmlinux or else in a module that was read.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<Function> {
        self.spaces().find_map(|(module, space)| {
            space.named(name).find_map(|found| {
                let prototype = space.get(found.size_or_type)?;
                (found.kind == kind::FUNC && prototype.kind == kind::FUNC_PROTO).then(|| Function {
                    id: found.id,
                    module: module.map(str::to_owned),
                    prototype: Prototype {
                        id: prototype.id,
                        module: module
                            .filter(|_| space.is_own(prototype))
                            .map(str::to_owned),
                        arguments: prototype.parameters(),
                    },
                })
            })
        })
    }

    /// Id of a tracepoint's `btf_trace_*` type.
    #[must_use]
    pub fn tracepoint(&self, name: &str) -> Option<u32> {
        self.tracepoint_type(name).map(|found| found.id)
    }

    fn tracepoint_type(&self, name: &str) -> Option<Type<'_>> {
        self.vmlinux()
            .named(&format!("btf_trace_{name}"))
            .find(|found| found.kind == kind::TYPEDEF)
    }

    /// Number of arguments of a tracepoint, without the one for the tracer's own data.
    #[must_use]
    pub fn tracepoint_arguments(&self, name: &str) -> Option<u32> {
        // typedef void (*btf_trace_NAME)(void *, ...)
        let pointer = self
            .vmlinux()
            .get(self.tracepoint_type(name)?.size_or_type)?;
        let prototype = self.vmlinux().get(pointer.size_or_type)?;
        (prototype.kind == kind::FUNC_PROTO)
            .then(|| prototype.parameters().checked_sub(1))
            .flatten()
    }

    /// Byte offset of a member, of a structure in vmlinux or else in a module that was read. `path`
    /// may go through named members, as `f_path.dentry`; unnamed structs and unions are searched by
    /// themselves.
    #[must_use]
    pub fn member_offset(&self, structure: &str, path: &str) -> Option<u32> {
        self.spaces().find_map(|(_, space)| {
            space.named(structure).find_map(|found| {
                let bits = path_bits(space, found, path)?;
                (bits % 8 == 0).then_some(bits / 8)
            })
        })
    }

    /// Bytes of a structure in vmlinux.
    #[must_use]
    pub fn structure_size(&self, structure: &str) -> Option<u32> {
        self.vmlinux()
            .named(structure)
            .find(|found| found.kind == kind::STRUCT)
            .map(|found| found.size_or_type)
    }

    /// Value of an enumerator, whatever enumeration it stands in.
    #[must_use]
    pub fn enumerator(&self, name: &str) -> Option<u32> {
        let vmlinux = self.vmlinux();
        vmlinux.enumerations().find_map(|found| {
            found
                .enumerators()
                .find(|&(number, _)| vmlinux.is_named(number, name))
                .map(|(_, value)| value)
        })
    }
}

fn path_bits(space: Space<'_>, structure: Type<'_>, path: &str) -> Option<u32> {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(a, b)| (a, Some(b)));
    let (bits, member) = member_bits(space, structure, first)?;
    match rest {
        None => Some(bits),
        Some(rest) => Some(bits + path_bits(space, member?, rest)?),
    }
}

/// Bit offset and type of a direct member, or of one inside an unnamed member.
fn member_bits<'a>(
    space: Space<'a>,
    structure: Type<'_>,
    name: &str,
) -> Option<(u32, Option<Type<'a>>)> {
    if !matches!(structure.kind, kind::STRUCT | kind::UNION) {
        return None;
    }
    structure.members().find_map(|member| {
        if space.is_named(member.name, name) {
            return Some((member.bits, unqualified(space, member.kind)));
        }
        if !space.is_named(member.name, "") {
            return None;
        }
        let inner = unqualified(space, member.kind)?;
        let (bits, found) = member_bits(space, inner, name)?;
        Some((member.bits + bits, found))
    })
}

/// What a type is besides constant and volatile, and by its own name.
fn unqualified(space: Space<'_>, id: u32) -> Option<Type<'_>> {
    let mut found = space.get(id)?;
    while let kind::CONST | kind::VOLATILE | kind::TYPEDEF = found.kind {
        found = space.get(found.size_or_type)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
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
        // 2, 3: an unnamed union inside of a structure, behind a typedef and const.
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
    fn what_is_no_btf_is_refused() {
        let good = vmlinux().bytes();
        for length in 0..good.len() {
            assert!(KernelTypes::from_bytes(good[..length].to_vec()).is_err());
        }
        // Whatever is wrong inside, nothing worse than not finding it comes of it.
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
}
