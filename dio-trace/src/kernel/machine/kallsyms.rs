//! The one reader of `/proc/kallsyms`, the kernel's symbols as text.
//!
//! Its hundreds of thousands of lines are looked at where they lie, a block at a time, and a column
//! is parsed only when it is asked for. blazesym, which names the frames of programs, could read this
//! file too, but does not report which module a symbol belongs to (0.2.7).

use std::{
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
};

/// Bytes that are read at a time, and longest line that is understood.
const BLOCK: usize = 1 << 16;
/// Symbols that [`are_hidden`] looks at. Per-CPU symbols come first, and are at 0 on x86.
const SAMPLE: usize = 50_000;

/// One symbol: a line such as `ffffffffc0000010 t xfs_file_write_iter [xfs]`.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Symbol<'a> {
    address: &'a [u8],
    /// Kind of symbol, as nm(1) has it.
    kind: u8,
    /// Name, and module.
    rest: &'a [u8],
}

impl<'a> Symbol<'a> {
    /// `None` where a line has not all columns.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let space = line.iter().position(|&byte| byte == b' ')?;
        let (address, rest) = line.split_at(space);
        let [b' ', kind, b' ', rest @ ..] = rest else {
            return None;
        };
        let kind = *kind;
        Some(Self {
            address,
            kind,
            rest,
        })
    }

    /// Whether it is code, not data.
    pub(in crate::kernel) const fn is_function(&self) -> bool {
        matches!(self.kind, b't' | b'T' | b'w' | b'W')
    }

    /// Its address; 0 where the kernel hides addresses (`kernel.kptr_restrict`).
    pub(in crate::kernel) fn address(&self) -> u64 {
        u64::from_str_radix(text(self.address), 16).unwrap_or(0)
    }

    /// Its name; empty where that is not text, which the kernel never writes.
    pub(in crate::kernel) fn name(&self) -> &'a str {
        text(self.split().0)
    }

    /// Name of the module it is in, or of what else has symbols (`bpf`); `None` for vmlinux.
    pub(in crate::kernel) fn module(&self) -> Option<&'a str> {
        let module = self.split().1.trim_ascii();
        let name = module.strip_prefix(b"[")?.strip_suffix(b"]")?;
        Some(text(name)).filter(|name| !name.is_empty())
    }

    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let end = self.rest.iter().position(u8::is_ascii_whitespace);
        self.rest.split_at(end.unwrap_or(self.rest.len()))
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// Opens the file.
///
/// # Errors
/// Where /proc is not mounted, or the kernel was built without symbols.
pub(in crate::kernel) fn open() -> io::Result<File> {
    File::open("/proc/kallsyms")
}

/// Shows every symbol in a text of that form to `see`, as far as it can be read, until that breaks
/// off.
pub(in crate::kernel) fn symbols_in(
    mut text: impl Read,
    mut see: impl FnMut(Symbol<'_>) -> ControlFlow<()>,
) {
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
        let lines = block[..end].split(|&byte| byte == b'\n');
        for symbol in lines.filter_map(Symbol::parse) {
            if see(symbol).is_break() {
                return;
            }
        }
        if read == 0 {
            return;
        }
        block.copy_within(end..filled, 0);
        filled -= end;
    }
}

/// Whether the kernel shows this process every address as 0.
pub(in crate::kernel) fn are_hidden() -> bool {
    open().is_ok_and(are_hidden_in)
}

fn are_hidden_in(text: impl Read) -> bool {
    let (mut seen, mut shown) = (0, false);
    symbols_in(text, |symbol| {
        seen += 1;
        shown |= symbol.address() != 0;
        if shown || seen >= SAMPLE {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    seen != 0 && !shown
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (u64, bool, String, Option<String>);

    fn rows(text: impl Read) -> Vec<Row> {
        let mut rows = Vec::new();
        symbols_in(text, |symbol| {
            rows.push((
                symbol.address(),
                symbol.is_function(),
                symbol.name().to_owned(),
                symbol.module().map(str::to_owned),
            ));
            ControlFlow::Continue(())
        });
        rows
    }

    fn row(address: u64, is_function: bool, name: &str, module: Option<&str>) -> Row {
        let module = module.map(str::to_owned);
        (address, is_function, name.to_owned(), module)
    }

    #[test]
    fn lines_are_understood() {
        let text = "ffffffff81000000 T aio_complete_rw\n\
                    0000000000000000 d aio_complete_rw_data\n\
                    ffffffffc0000010 t xfs_file_write_iter\t[xfs]\n";
        let expected = [
            row(0xffff_ffff_8100_0000, true, "aio_complete_rw", None),
            row(0, false, "aio_complete_rw_data", None),
            row(
                0xffff_ffff_c000_0010,
                true,
                "xfs_file_write_iter",
                Some("xfs"),
            ),
        ];
        assert_eq!(rows(text.as_bytes()), expected);
    }

    #[test]
    fn what_is_no_symbol_is_passed_over() {
        let text: &[u8] = b"bad line\n\n \nffffffff81000000\nffffffff81000000 T\n\
                            wrong T number\n\xff\xff T \xfe [\xfd]\nffffffff81000010 T a [b\n\
                            ffffffff81000020 t good\t[xfs]\0\n";
        let expected = [
            row(0, true, "number", None),
            row(0, true, "", None),
            row(0xffff_ffff_8100_0010, true, "a", None),
            row(0xffff_ffff_8100_0020, true, "good", None),
        ];
        assert_eq!(rows(text), expected);
    }

    /// As `/proc/kallsyms` gives them: never more than a page at a time, and in the middle of a line.
    struct Pieces<'a>(&'a [u8]);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(7);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn lines_may_go_on_in_the_next_block() {
        let count = 3 * BLOCK / 33;
        let mut text = "ffffffff81000000 T something_else\n".repeat(count);
        text.push_str("ffffffff81000010 T aio_complete_rw");
        for rows in [rows(text.as_bytes()), rows(Pieces(text.as_bytes()))] {
            assert_eq!(rows.len(), count + 1);
            let last = row(0xffff_ffff_8100_0010, true, "aio_complete_rw", None);
            assert_eq!(rows[count], last);
        }
    }

    #[test]
    fn a_line_without_end_is_no_symbol() {
        assert_eq!(rows("x".repeat(3 * BLOCK).as_bytes()), []);
    }

    #[test]
    fn reading_stops_when_asked_to() {
        let mut seen = 0;
        symbols_in("1 T a\n2 T b\n".as_bytes(), |_| {
            seen += 1;
            ControlFlow::Break(())
        });
        assert_eq!(seen, 1);
    }

    #[test]
    fn addresses_are_hidden_where_all_are_0() {
        let hidden = "0000000000000000 T _text\n0000000000000000 t xfs_read [xfs]\n";
        assert!(are_hidden_in(hidden.as_bytes()));
        let shown = format!("{hidden}ffffffff81000000 T late\n");
        assert!(!are_hidden_in(shown.as_bytes()));
        assert!(!are_hidden_in("".as_bytes()), "an empty file says nothing");
    }
}
