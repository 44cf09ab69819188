//! The kernel's type information: vmlinux and, where needed, its modules.
//!
//! The reader is our own because libraries (btf-rs, aya-obj) make an object of each of the kernel's
//! 150,000 types first: that took a third of a second of the time to attach, and most of its memory,
//! for some hundred names. The guests' suite compares its answers with those of btf-rs for every name
//! that plan and layout look up.

#[cfg(test)]
mod tests;
mod types;

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};
use serde::Serialize;

use self::types::{Space, Type, Types, kind};

const DIRECTORY: &str = "/sys/kernel/btf";

/// Types and functions of the running kernel.
pub struct KernelTypes {
    vmlinux: Types,
    /// Names and types, in the order of the request for them.
    modules: Vec<(String, Types)>,
}

/// A function as BTF describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Function {
    /// Its id, which a tracing program names as its target.
    pub id: u32,
    /// The module that it is in; `None` for vmlinux.
    pub module: Option<String>,
    /// Its arguments and their types.
    pub prototype: Prototype,
}

/// A function's prototype, which other functions may share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Prototype {
    /// Its id.
    pub id: u32,
    /// The module that describes it, if only functions of that module have it; `None` for vmlinux.
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
    /// Where the bytes are not BTF.
    pub fn from_bytes(vmlinux: Vec<u8>) -> Result<Self> {
        let vmlinux = Types::new(vmlinux, None).map_err(|why| anyhow!("this is not BTF: {why}"))?;
        Ok(Self {
            vmlinux,
            modules: Vec::new(),
        })
    }

    /// Names of the modules that were read, in the order in which they are searched.
    pub(in crate::kernel) fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().map(|(name, _)| name.as_str())
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

    /// The id of a tracepoint's `btf_trace_*` type.
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

    /// Byte offset of a member of a structure, which is in vmlinux or else in a module that was read.
    /// `path` may lead through named members, such as `f_path.dentry`; unnamed structs and unions are
    /// searched without being named.
    #[must_use]
    pub fn member_offset(&self, structure: &str, path: &str) -> Option<u32> {
        self.spaces().find_map(|(_, space)| {
            space.named(structure).find_map(|found| {
                let bits = path_bits(space, found, path)?;
                (bits % 8 == 0).then_some(bits / 8)
            })
        })
    }

    /// Size of a structure in vmlinux, bytes.
    #[must_use]
    pub fn structure_size(&self, structure: &str) -> Option<u32> {
        self.vmlinux()
            .named(structure)
            .find(|found| found.kind == kind::STRUCT)
            .map(|found| found.size_or_type)
    }

    /// Value of an enumerator of any enumeration in vmlinux.
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

/// A type without qualifiers and typedefs.
fn unqualified(space: Space<'_>, id: u32) -> Option<Type<'_>> {
    let mut found = space.get(id)?;
    while let kind::CONST | kind::VOLATILE | kind::TYPEDEF = found.kind {
        found = space.get(found.size_or_type)?;
    }
    Some(found)
}
