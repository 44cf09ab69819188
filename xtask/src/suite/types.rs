//! Compares dio-trace's own reader of BTF with btf-rs, for every name that dio-trace looks up.

use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result};
use btf_rs::{Btf, BtfType, Struct, Type};
use serde_json::{Value, json};

use super::outcome::Outcome;

/// Compares the answers in doctor's `types` with those of btf-rs.
pub(super) fn check(types: &Value, outcome: &mut Outcome) {
    let compared =
        Types::read(Path::new("/sys/kernel/btf"), types).map(|other| other.compare(types));
    let (passed, detail) = match compared {
        Ok(Compared { names, differences }) if names > 0 && differences.is_empty() => {
            (true, format!("{names} names"))
        }
        Ok(Compared { names: 0, .. }) => (false, "doctor names none".to_owned()),
        Ok(Compared { differences, .. }) => (false, differences.join("; ")),
        Err(error) => (false, format!("{error:#}")),
    };
    outcome.check("two readers of BTF agree on every name", passed, detail);
}

/// The kernel's types as btf-rs reads them.
struct Types {
    /// vmlinux, then modules by name, in the order in which they are searched. What a module finds are
    /// also the types of vmlinux.
    spaces: Vec<(Option<String>, Btf)>,
    enumerators: HashMap<String, u32>,
}

struct Compared {
    names: usize,
    differences: Vec<String>,
}

impl Types {
    fn read(directory: &Path, types: &Value) -> Result<Self> {
        let vmlinux = Btf::from_file(directory.join("vmlinux")).context("vmlinux has no BTF")?;
        let modules = types["modules"].as_array().context("doctor has no types")?;
        let modules: Vec<_> = modules
            .iter()
            .filter_map(Value::as_str)
            .map(|name| {
                let btf = Btf::from_split_file(directory.join(name), &vmlinux);
                Ok((Some(name.to_owned()), btf.with_context(|| name.to_owned())?))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            enumerators: enumerators(&vmlinux),
            spaces: [(None, vmlinux)].into_iter().chain(modules).collect(),
        })
    }

    fn compare(&self, types: &Value) -> Compared {
        let mut compared = Compared {
            names: 0,
            differences: Vec::new(),
        };
        let mut each = |key: &str, other: &dyn Fn(&str) -> Value| {
            for (name, ours) in types[key].as_object().into_iter().flatten() {
                let theirs = other(name);
                compared.names += 1;
                if *ours != theirs {
                    let difference = format!("{name}: {ours}, by btf-rs {theirs}");
                    compared.differences.push(difference);
                }
            }
        };
        each("members", &|name| json!(self.member(name)));
        each("enumerators", &|name| json!(self.enumerators.get(name)));
        each("functions", &|name| json!(self.function(name)));
        each("tracepoints", &|name| json!(self.tracepoint(name)));
        compared
    }

    /// Byte offset of `structure.member`.
    fn member(&self, name: &str) -> Option<u32> {
        let (structure, path) = name.split_once('.')?;
        self.spaces.iter().find_map(|(_, btf)| {
            let types = btf.resolve_types_by_name(structure).ok()?;
            types.iter().find_map(|found| match found {
                Type::Struct(found) | Type::Union(found) => {
                    let bits = bits(btf, found, path)?;
                    (bits % 8 == 0).then_some(bits / 8)
                }
                _ => None,
            })
        })
    }

    fn function(&self, name: &str) -> Option<Value> {
        self.spaces.iter().find_map(|(module, btf)| {
            btf.resolve_ids_by_name(name)
                .ok()?
                .into_iter()
                .find_map(|id| {
                    let Type::Func(function) = btf.resolve_type_by_id(id).ok()? else {
                        return None;
                    };
                    let prototype = function.get_type_id()?;
                    let Type::FuncProto(found) = btf.resolve_type_by_id(prototype).ok()? else {
                        return None;
                    };
                    let of_module = btf.base().resolve_type_by_id(prototype).is_err();
                    Some(json!({
                        "id": id,
                        "module": module,
                        "prototype": {
                            "id": prototype,
                            "module": module.as_ref().filter(|_| of_module),
                            "arguments": found.parameters.len(),
                        },
                    }))
                })
        })
    }

    fn tracepoint(&self, name: &str) -> Option<Value> {
        let (_, vmlinux) = self.spaces.first()?;
        let ids = vmlinux
            .resolve_ids_by_name(&format!("btf_trace_{name}"))
            .ok()?;
        ids.into_iter().find_map(|id| {
            let Type::Typedef(found) = vmlinux.resolve_type_by_id(id).ok()? else {
                return None;
            };
            let Ok(Type::Ptr(pointer)) = vmlinux.resolve_chained_type(&found) else {
                return None;
            };
            let Ok(Type::FuncProto(prototype)) = vmlinux.resolve_chained_type(&pointer) else {
                return None;
            };
            Some(json!({ "id": id, "arguments": prototype.parameters.len() - 1 }))
        })
    }
}

/// Names and values of all enumerations of 32 bits; the first of a name counts.
fn enumerators(btf: &Btf) -> HashMap<String, u32> {
    let mut found = HashMap::new();
    let (first, last) = btf.base().type_id_range();
    for id in first..=last {
        let Ok(Type::Enum(kind)) = btf.resolve_type_by_id(id) else {
            continue;
        };
        for member in &kind.members {
            if let Ok(name) = btf.resolve_name(member) {
                found.entry(name).or_insert(member.val());
            }
        }
    }
    found
}

/// Bits from the start of a structure to a member.
fn bits(btf: &Btf, structure: &Struct, path: &str) -> Option<u32> {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    structure.members.iter().find_map(|member| {
        let name = btf.resolve_name(member).unwrap_or_default();
        let inner = match rest {
            None if name == first => return Some(member.bit_offset()),
            Some(rest) if name == first => bits(btf, &aggregate(btf, member)?, rest)?,
            _ if name.is_empty() => bits(btf, &aggregate(btf, member)?, path)?,
            _ => return None,
        };
        Some(member.bit_offset() + inner)
    })
}

/// The structure or union that a member is.
fn aggregate(btf: &Btf, member: &dyn BtfType) -> Option<Struct> {
    let mut found = btf.resolve_chained_type(member).ok()?;
    loop {
        found = match found {
            Type::Struct(found) | Type::Union(found) => return Some(found),
            Type::Typedef(next) => btf.resolve_chained_type(&next).ok()?,
            Type::Const(next) => btf.resolve_chained_type(&next).ok()?,
            Type::Volatile(next) => btf.resolve_chained_type(&next).ok()?,
            _ => return None,
        };
    }
}
