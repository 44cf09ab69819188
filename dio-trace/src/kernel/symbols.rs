//! Addresses of kernel functions, from `/proc/kallsyms`.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{BufRead, BufReader},
};

/// Where the functions of interest are.
#[derive(Debug, Default)]
pub(super) struct Symbols(HashMap<String, Symbol>);

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    /// Its address; 0 where the kernel hides addresses (`kernel.kptr_restrict`).
    pub address: u64,
    /// Module it lives in; `None` for vmlinux.
    pub module: Option<String>,
}

impl Symbols {
    /// Looks up `names`. An unreadable file finds nothing.
    #[must_use]
    pub(super) fn of_running_kernel(names: &HashSet<&str>) -> Self {
        let Ok(file) = File::open("/proc/kallsyms") else {
            return Self::default();
        };
        let lines = BufReader::with_capacity(1 << 16, file)
            .lines()
            .map_while(Result::ok);
        Self::from_lines(lines, names)
    }

    fn from_lines(lines: impl Iterator<Item = String>, names: &HashSet<&str>) -> Self {
        let mut found = HashMap::new();
        for line in lines {
            let mut words = line.split_ascii_whitespace();
            let (Some(address), Some(kind), Some(name)) =
                (words.next(), words.next(), words.next())
            else {
                continue;
            };
            if !matches!(kind, "t" | "T" | "w" | "W") || !names.contains(name) {
                continue;
            }
            let module = words
                .next()
                .map(|word| word.trim_matches(['[', ']']).to_owned());
            let address = u64::from_str_radix(address, 16).unwrap_or(0);
            found
                .entry(name.to_owned())
                .or_insert(Symbol { address, module });
        }
        Self(found)
    }

    /// One function, where it exists.
    #[must_use]
    pub(super) fn get(&self, name: &str) -> Option<&Symbol> {
        self.0.get(name)
    }

    /// Address of a function, 0 where unknown.
    #[must_use]
    pub(super) fn address(&self, name: &str) -> u64 {
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
        let symbols = Symbols::from_lines(text.lines().map(str::to_owned), &names);
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
