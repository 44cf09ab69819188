//! Addresses of kernel functions, from the kernel itself or from `/proc/kallsyms`.

mod lookup;

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::Read,
};

use crate::kernel::machine::{btf::KernelTypes, symbols::lookup::Lookup};

/// Where the functions of interest are.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Symbols(HashMap<String, Symbol>);

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Symbol {
    /// Its address; 0 where the kernel hides addresses (`kernel.kptr_restrict`).
    pub address: u64,
    /// Module it lives in; `None` for vmlinux.
    pub module: Option<String>,
}

impl Symbols {
    /// Looks up `names`. What cannot be read finds nothing.
    #[must_use]
    pub(in crate::kernel) fn of_running_kernel(names: &HashSet<&str>, types: &KernelTypes) -> Self {
        if let Some(found) = Self::by_lookup(names, types) {
            return found;
        }
        match File::open("/proc/kallsyms") {
            Ok(file) => Self::from_text(file, names),
            Err(_) => Self::default(),
        }
    }

    /// One by one; `None` where the kernel does not allow that, or would not tell all.
    fn by_lookup(names: &HashSet<&str>, types: &KernelTypes) -> Option<Self> {
        let lookup = Lookup::new(types)?;
        let mut found = HashMap::new();
        for &name in names {
            let Some(address) = lookup.address(name).ok()? else {
                continue;
            };
            // In which module it is only its type tells, or else the file.
            let module = types.function(name)?.module;
            found.insert(name.to_owned(), Symbol { address, module });
        }
        Some(Self(found))
    }

    /// From the form of `/proc/kallsyms`, as far as it can be read. Its hundreds of thousands of lines
    /// are looked at where they lie, a block at a time.
    fn from_text(mut text: impl Read, names: &HashSet<&str>) -> Self {
        let mut found = HashMap::new();
        let mut block = vec![0; BLOCK];
        let mut filled = 0;
        loop {
            let read = text.read(&mut block[filled..]).unwrap_or(0);
            filled += read;
            // The last line may go on in the next block.
            let end = match block[..filled].iter().rposition(|&byte| byte == b'\n') {
                Some(last) if read != 0 => last + 1,
                None if read != 0 && filled < BLOCK => 0,
                _ => filled,
            };
            find(&block[..end], names, &mut found);
            if read == 0 {
                return Self(found);
            }
            block.copy_within(end..filled, 0);
            filled -= end;
        }
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

/// Bytes that are read at a time, and longest line that is understood.
const BLOCK: usize = 1 << 16;

/// Adds the functions among `names` that these lines tell of.
fn find(lines: &[u8], names: &HashSet<&str>, found: &mut HashMap<String, Symbol>) {
    for line in lines.split(|&byte| byte == b'\n') {
        let Some((address, kind, rest)) = columns(line) else {
            continue;
        };
        if !matches!(kind, b't' | b'T' | b'w' | b'W') {
            continue;
        }
        let end = rest.iter().position(u8::is_ascii_whitespace);
        let (name, module) = rest.split_at(end.unwrap_or(rest.len()));
        let Some(name) = str::from_utf8(name)
            .ok()
            .filter(|name| names.contains(name))
        else {
            continue;
        };
        let module = str::from_utf8(module).unwrap_or_default().trim();
        let module = (!module.is_empty()).then(|| module.trim_matches(['[', ']']).to_owned());
        let address = str::from_utf8(address).unwrap_or_default();
        let address = u64::from_str_radix(address, 16).unwrap_or(0);
        found
            .entry(name.to_owned())
            .or_insert(Symbol { address, module });
    }
}

/// Address, kind, and name with all behind it, of `ffffffff81000000 T name`.
fn columns(line: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let (address, rest) = line.split_at(space);
    match rest {
        [b' ', kind, b' ', rest @ ..] => Some((address, *kind, rest)),
        _ => None,
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

    /// As `/proc/kallsyms` gives them: never more than a page at a time, and in the middle of a line.
    struct Pieces<'a>(&'a [u8]);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(7);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn lines_may_go_on_in_the_next_block() {
        let mut text = "ffffffff81000000 T something_else\n".repeat(3 * BLOCK / 33);
        text.push_str("ffffffff81000010 T aio_complete_rw");
        let names = HashSet::from(["aio_complete_rw"]);
        for symbols in [
            Symbols::from_text(text.as_bytes(), &names),
            Symbols::from_text(Pieces(text.as_bytes()), &names),
        ] {
            assert_eq!(symbols.address("aio_complete_rw"), 0xffff_ffff_8100_0010);
        }
    }

    #[test]
    fn a_line_without_end_finds_nothing() {
        let text = "x".repeat(3 * BLOCK);
        let symbols = Symbols::from_text(text.as_bytes(), &HashSet::from(["x"]));
        assert_eq!(symbols.get("x"), None);
    }
}
