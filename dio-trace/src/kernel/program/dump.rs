//! Writes programs as text after each step of the optimiser, for those who work on it.

use std::{fs, path::PathBuf};

use aya_obj::generated::bpf_line_info;

use crate::kernel::sys::{code::Code, listing::listing};

/// Directory that `DIO_TRACE_DUMP_PROGRAMS` names.
pub(super) struct Dump {
    directory: PathBuf,
    strings: Vec<u8>,
}

impl Dump {
    /// `None` where no dump is wanted. Strings of source lines are in `btf`.
    pub(super) fn wanted(btf: Option<&[u8]>) -> Option<Self> {
        let directory = std::env::var_os("DIO_TRACE_DUMP_PROGRAMS")?;
        Some(Self {
            directory: directory.into(),
            strings: btf.and_then(strings).unwrap_or_default().to_vec(),
        })
    }

    /// Writes `NAME.STEP` into the directory.
    pub(super) fn write(&self, name: &str, step: &str, code: &Code) {
        let path = self.directory.join(format!("{name}.{step}"));
        let text = listing(code, |line| self.source(line));
        if let Err(error) = fs::write(&path, text) {
            eprintln!("cannot write {}: {error}", path.display());
        }
    }

    /// Text, file and number of a source line; `None` where the compiler did not have the source.
    fn source(&self, line: &bpf_line_info) -> Option<String> {
        let string = |at: u32| {
            let bytes = self
                .strings
                .get(at as usize..)?
                .split(|&byte| byte == 0)
                .next()?;
            Some(String::from_utf8_lossy(bytes).trim().to_owned())
        };
        let (text, file) = (string(line.line_off)?, string(line.file_name_off)?);
        // The upper 22 bits; the others are the column (include/uapi/linux/bpf.h).
        let number = line.line_col >> 10;
        (!text.is_empty()).then(|| format!("{text}  ({file}:{number})"))
    }
}

/// The section of strings (`struct btf_header`, include/uapi/linux/btf.h).
fn strings(btf: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| {
        let bytes: [u8; 4] = btf.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_ne_bytes(bytes)).ok()
    };
    let (header, offset, length) = (word(4)?, word(16)?, word(20)?);
    btf.get(header + offset..header + offset + length)
}
