//! Addresses of kernel functions, from the kernel itself or from `/proc/kallsyms`.

mod lookup;

use std::{
    collections::{HashMap, HashSet},
    io::Read,
    ops::ControlFlow,
};

use crate::kernel::machine::{btf::KernelTypes, kallsyms, symbols::lookup::Lookup};

/// Where the functions of interest are.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Symbols(HashMap<String, Symbol>);

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Symbol {
    /// Its address; 0 where the kernel hides addresses (`kernel.kptr_restrict`).
    pub address: u64,
    /// The module that it is in; `None` for vmlinux.
    pub module: Option<String>,
}

impl Symbols {
    /// Looks up `names`. What cannot be read finds nothing.
    #[must_use]
    pub(in crate::kernel) fn of_running_kernel(names: &HashSet<&str>, types: &KernelTypes) -> Self {
        if let Some(found) = Self::by_lookup(names, types) {
            return found;
        }
        kallsyms::open().map_or_else(|_| Self::default(), |file| Self::from_text(file, names))
    }

    /// Asks for one name after the other; `None` where the kernel does not allow that, or does not answer
    /// everything.
    fn by_lookup(names: &HashSet<&str>, types: &KernelTypes) -> Option<Self> {
        let lookup = Lookup::new(types)?;
        let mut found = HashMap::new();
        for &name in names {
            let Some(address) = lookup.address(name).ok()? else {
                continue;
            };
            // Only its type, or else the file, says which module it is in.
            let module = types.function(name)?.module;
            found.insert(name.to_owned(), Symbol { address, module });
        }
        Some(Self(found))
    }

    /// From all symbols of the kernel, as text.
    fn from_text(text: impl Read, names: &HashSet<&str>) -> Self {
        let mut found = HashMap::new();
        kallsyms::symbols_in(text, |symbol| {
            if symbol.is_function() && names.contains(symbol.name()) {
                let name = symbol.name().to_owned();
                found.entry(name).or_insert_with(|| Symbol {
                    address: symbol.address(),
                    module: symbol.module().map(str::to_owned),
                });
            }
            ControlFlow::Continue(())
        });
        Self(found)
    }

    /// One function, where it exists.
    #[must_use]
    pub(in crate::kernel) fn get(&self, name: &str) -> Option<&Symbol> {
        self.0.get(name)
    }

    /// Address of a function, 0 where unknown.
    #[must_use]
    pub(in crate::kernel) fn address(&self, name: &str) -> u64 {
        self.get(name).map_or(0, |symbol| symbol.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_functions_in_vmlinux_and_modules() {
        let text = "ffffffff81000000 T aio_complete_rw\n\
                    0000000000000000 d aio_complete_rw_data\n\
                    ffffffffc0000010 t xfs_file_write_iter\t[xfs]\n\
                    bad line\n";
        let names = HashSet::from(["aio_complete_rw", "xfs_file_write_iter"]);
        let symbols = Symbols::from_text(text.as_bytes(), &names);
        assert_eq!(symbols.address("aio_complete_rw"), 0xffff_ffff_8100_0000);
        assert_eq!(
            symbols
                .get("xfs_file_write_iter")
                .unwrap()
                .module
                .as_deref(),
            Some("xfs")
        );
        assert_eq!(symbols.get("aio_complete_rw_data"), None);
    }
}
