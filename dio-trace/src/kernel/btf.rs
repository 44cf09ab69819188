//! The kernel's type information: vmlinux and, where needed, its modules.

use std::{cell::OnceCell, collections::HashMap, fs, path::Path};

use anyhow::{Context, Result};
use btf_rs::{Btf, BtfType, Type};

const DIRECTORY: &str = "/sys/kernel/btf";

/// Types and functions of the running kernel.
pub struct KernelTypes {
    vmlinux: Btf,
    modules: HashMap<String, Btf>,
    enumerators: OnceCell<HashMap<String, u32>>,
}

/// A function as BTF describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its id, which a tracing program names as its target.
    pub id: u32,
    /// Module it lives in; `None` for vmlinux.
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
        // At once: btf-rs reads a file type by type, with a system call or two for each.
        let read = || Btf::from_bytes(&fs::read(&path)?).map_err(anyhow::Error::from);
        let vmlinux = read().with_context(|| {
            format!(
                "cannot read the kernel's type information, {}",
                path.display()
            )
        })?;
        let mut types = Self::new(vmlinux);
        for module in modules {
            let path = Path::new(DIRECTORY).join(module);
            // A module without usable BTF only loses the preferred way to attach.
            if let Ok(bytes) = fs::read(&path)
                && let Ok(split) = Btf::from_split_bytes(&bytes, &types.vmlinux)
            {
                types.modules.insert(module.to_owned(), split);
            }
        }
        Ok(types)
    }

    /// From raw BTF, as in `/sys/kernel/btf/vmlinux`.
    ///
    /// # Errors
    /// Where the bytes are no BTF.
    pub fn from_bytes(vmlinux: &[u8]) -> Result<Self> {
        Ok(Self::new(
            Btf::from_bytes(vmlinux).context("this is not BTF")?,
        ))
    }

    fn new(vmlinux: Btf) -> Self {
        Self {
            vmlinux,
            modules: HashMap::new(),
            enumerators: OnceCell::new(),
        }
    }

    /// A function by name, in vmlinux or else in a module that was read.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<Function> {
        let in_vmlinux = std::iter::once((None, &self.vmlinux));
        let in_modules = self
            .modules
            .iter()
            .map(|(module, btf)| (Some(module.clone()), btf));
        in_vmlinux.chain(in_modules).find_map(|(module, btf)| {
            let ids = btf.resolve_ids_by_name(name).ok()?;
            ids.into_iter().find_map(|id| {
                let Type::Func(function) = btf.resolve_type_by_id(id).ok()? else {
                    return None;
                };
                let Type::FuncProto(prototype) = btf.resolve_chained_type(&function).ok()? else {
                    return None;
                };
                let arguments = u32::try_from(prototype.parameters.len()).ok()?;
                Some(Function {
                    id,
                    module: module.clone(),
                    arguments,
                })
            })
        })
    }

    /// Id of a tracepoint's `btf_trace_*` type.
    #[must_use]
    pub fn tracepoint(&self, name: &str) -> Option<u32> {
        let ids = self
            .vmlinux
            .resolve_ids_by_name(&format!("btf_trace_{name}"))
            .ok()?;
        ids.into_iter()
            .find(|&id| matches!(self.vmlinux.resolve_type_by_id(id), Ok(Type::Typedef(_))))
    }

    /// Number of arguments of a tracepoint, without the one for the tracer's own data.
    #[must_use]
    pub fn tracepoint_arguments(&self, name: &str) -> Option<u32> {
        let id = self.tracepoint(name)?;
        let mut kind = self.vmlinux.resolve_type_by_id(id).ok()?;
        loop {
            kind = match &kind {
                Type::FuncProto(prototype) => {
                    return u32::try_from(prototype.parameters.len())
                        .ok()?
                        .checked_sub(1);
                }
                other => self
                    .vmlinux
                    .resolve_chained_type(other.as_btf_type()?)
                    .ok()?,
            };
        }
    }

    /// Byte offset of a member, of a structure in vmlinux or else in a module that was read. `path`
    /// may go through named members, as `f_path.dentry`; unnamed structs and unions are searched by
    /// themselves.
    #[must_use]
    pub fn member_offset(&self, structure: &str, path: &str) -> Option<u32> {
        std::iter::once(&self.vmlinux)
            .chain(self.modules.values())
            .find_map(|btf| {
                let types = btf.resolve_types_by_name(structure).ok()?;
                types.iter().find_map(|kind| {
                    let bits = path_bits(btf, kind, path)?;
                    (bits % 8 == 0).then_some(bits / 8)
                })
            })
    }

    /// Bytes of a structure in vmlinux.
    #[must_use]
    pub fn structure_size(&self, structure: &str) -> Option<u32> {
        let types = self.vmlinux.resolve_types_by_name(structure).ok()?;
        types.iter().find_map(|kind| match kind {
            Type::Struct(found) => u32::try_from(found.size()).ok(),
            _ => None,
        })
    }

    /// Value of an enumerator, whatever enumeration it stands in.
    #[must_use]
    pub fn enumerator(&self, name: &str) -> Option<u32> {
        // BTF has no index of enumerators: read all of them once.
        let all = self.enumerators.get_or_init(|| {
            let mut all = HashMap::new();
            let (first, last) = self.vmlinux.base().type_id_range();
            for id in first..=last {
                let Ok(Type::Enum(enumeration)) = self.vmlinux.resolve_type_by_id(id) else {
                    continue;
                };
                for member in &enumeration.members {
                    if let Ok(name) = self.vmlinux.resolve_name(member as &dyn BtfType) {
                        all.entry(name).or_insert_with(|| member.val());
                    }
                }
            }
            all
        });
        all.get(name).copied()
    }
}

fn path_bits(btf: &Btf, kind: &Type, path: &str) -> Option<u32> {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(a, b)| (a, Some(b)));
    let (bits, member) = member_bits(btf, kind, first)?;
    match rest {
        None => Some(bits),
        Some(rest) => Some(bits + path_bits(btf, &member, rest)?),
    }
}

/// Bit offset and type of a direct member, or of one inside an unnamed member.
fn member_bits(btf: &Btf, kind: &Type, name: &str) -> Option<(u32, Type)> {
    let (Type::Struct(structure) | Type::Union(structure)) = kind else {
        return None;
    };
    structure.members.iter().find_map(|member| {
        let member_name = btf.resolve_name(member).unwrap_or_default();
        if member_name != name && !member_name.is_empty() {
            return None;
        }
        let mut inner = btf.resolve_chained_type(member).ok()?;
        while let Type::Const(_) | Type::Volatile(_) | Type::Typedef(_) = &inner {
            inner = btf.resolve_chained_type(inner.as_btf_type()?).ok()?;
        }
        if member_name == name {
            return Some((member.bit_offset(), inner));
        }
        let (bits, found) = member_bits(btf, &inner, name)?;
        Some((member.bit_offset() + bits, found))
    })
}
