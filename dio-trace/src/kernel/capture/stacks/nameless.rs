//! Frames without a symbol: the binary and the address in it, as `addr2line -e BINARY` takes it.

use std::{fs::File, io::Read, path::Path, sync::Arc};

use object::{
    Endianness,
    elf::{FileHeader64, PT_LOAD},
    read::elf::{FileHeader, ProgramHeader},
};

use crate::kernel::{
    capture::stacks::frame::{address, named},
    machine::process::Code,
};

/// Number of bytes at the start of a binary that are read: its program headers follow its first header.
const HEADERS: u64 = 4096;

/// A frame of a process that executes `code`: `binary+0x1234`.
pub(super) fn nameless(pid: u32, code: &[Code], frame: u64) -> Arc<str> {
    let Some(code) = code.iter().find(|code| code.range.contains(&frame)) else {
        return address(frame);
    };
    let from_start = frame - code.range.start;
    if !code.file.starts_with('/') {
        let name = if code.file.is_empty() {
            "[anonymous]"
        } else {
            &code.file
        };
        return named(name, from_start, "");
    }
    let binary = Path::new(&code.file).file_name().unwrap_or_default();
    let place = code.offset.saturating_add(from_start);
    // Where its headers cannot be read, the place in the file has to do: it is the same in most binaries.
    let address = linked(pid, code, place).unwrap_or(place);
    named(&binary.to_string_lossy(), address, "")
}

/// The address for which the code at this place of the file was linked.
fn linked(pid: u32, code: &Code, place: u64) -> Option<u64> {
    let range = &code.range;
    let mapped = format!("/proc/{pid}/map_files/{:x}-{:x}", range.start, range.end);
    let named = format!("/proc/{pid}/root{}", code.file);
    let file = File::open(mapped).or_else(|_| File::open(named)).ok()?;
    let mut bytes = Vec::new();
    file.take(HEADERS).read_to_end(&mut bytes).ok()?;
    linked_in(&bytes, place)
}

fn linked_in(bytes: &[u8], place: u64) -> Option<u64> {
    let header = FileHeader64::<Endianness>::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, bytes).ok()?;
    segments.iter().find_map(|segment| {
        let (start, size) = (segment.p_offset(endian), segment.p_filesz(endian));
        let is_inside = segment.p_type(endian) == PT_LOAD && place.checked_sub(start)? < size;
        is_inside.then(|| segment.p_vaddr(endian).wrapping_add(place - start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::machine::process::code;

    #[inline(never)]
    fn here() -> u64 {
        here as *const () as u64
    }

    #[test]
    fn it_names_the_binary_and_the_address_in_it() {
        let (pid, code) = (std::process::id(), code(std::process::id()));
        let name = nameless(pid, &code, here());
        let (binary, number) = name.rsplit_once("+0x").unwrap();
        assert!(binary.starts_with("dio_trace-"), "{name}");
        let address = u64::from_str_radix(number, 16).unwrap();
        // The binary is loaded at a multiple of the page size from where it was linked.
        assert_eq!(address % 4096, here() % 4096, "{name}");
        assert!(address < 1 << 40, "{name}: not an address of this process");
    }

    #[test]
    fn memory_without_a_file_has_a_name() {
        let at = |range, file: &str| Code {
            range,
            offset: 0,
            file: file.to_owned(),
        };
        let code = [at(0x1000..0x2000, ""), at(0x5000..0x6000, "[vdso]")];
        let name = |frame| nameless(0, &code, frame);
        assert_eq!(&*name(0x1010), "[anonymous]+0x10");
        assert_eq!(&*name(0x5009), "[vdso]+0x9");
        assert_eq!(&*name(0x9000), "0x9000", "no code: a damaged stack");
    }

    #[test]
    fn what_is_no_binary_is_no_error() {
        for bytes in [&b""[..], b"#!/bin/sh", &[0x7f; 64]] {
            assert_eq!(linked_in(bytes, 0), None);
        }
    }
}
