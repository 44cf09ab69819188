//! Every name that plan and layout look up in the kernel's types, with the answer: to see why a kernel
//! is unlike others, and to compare the answers with those of another reader of BTF.

use std::collections::BTreeMap;

use dio_trace_ebpf::abi::layout::{BtfItem, Layout};
use serde::Serialize;

use crate::kernel::{
    attach::{hooked, modules},
    machine::btf::{Function, KernelTypes},
};

/// Names and answers; an answer is `None` where the kernel has no such thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TypesFound {
    /// Modules whose types were read, in the order in which they are searched.
    pub modules: Vec<String>,
    /// Offsets of members in bytes, by `structure.member`.
    pub members: BTreeMap<String, Option<u32>>,
    /// Values of enumerators.
    pub enumerators: BTreeMap<String, Option<u32>>,
    /// Functions that are hooked.
    pub functions: BTreeMap<String, Option<Function>>,
    /// Tracepoints that are hooked.
    pub tracepoints: BTreeMap<String, Option<Tracepoint>>,
}

/// A tracepoint as BTF describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tracepoint {
    /// Id of its `btf_trace_*` type.
    pub id: u32,
    /// Number of its arguments, without the one for the tracer's own data.
    pub arguments: Option<u32>,
}

impl TypesFound {
    /// Asks the running kernel; `None` where it has no types.
    #[must_use]
    pub fn of_running_kernel() -> Option<Self> {
        let types = KernelTypes::of_running_kernel(modules()).ok()?;
        Some(Self::of(&types))
    }

    fn of(types: &KernelTypes) -> Self {
        let mut found = Self {
            modules: types.modules().map(str::to_owned).collect(),
            ..Self::default()
        };
        Layout::resolve(|_, item| {
            match item {
                BtfItem::Member(structure, alternatives) => {
                    found.members.extend(alternatives.iter().map(|path| {
                        let offset = types.member_offset(structure, path);
                        (format!("{structure}.{path}"), offset)
                    }));
                }
                BtfItem::Enumerator(name) => {
                    let value = types.enumerator(name);
                    found.enumerators.insert(name.to_owned(), value);
                }
            }
            0
        });
        for name in hooked() {
            let tracepoint = types.tracepoint(name).map(|id| Tracepoint {
                id,
                arguments: types.tracepoint_arguments(name),
            });
            let function = types.function(name);
            found.functions.insert(name.to_owned(), function);
            found.tracepoints.insert(name.to_owned(), tracepoint);
        }
        found
    }
}
