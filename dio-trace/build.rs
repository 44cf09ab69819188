//! Embeds the eBPF object. `DIO_TRACE_EBPF_OBJECT` names a ready one; `cargo xtask build` sets it.
//! Without it the binary still builds and reads recordings; an attempt to trace reports what is
//! missing. Most of the object is debug information from which its BTF was made. That is left out,
//! because everything embedded is read at each start.

use std::{env, fs, path::Path};

use object::{
    build::{
        self,
        elf::{Builder, SectionData},
    },
    elf::SHT_STRTAB,
};

const VARIABLE: &str = "DIO_TRACE_EBPF_OBJECT";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let embedded = Path::new(&directory).join("dio-trace-probes");
    let object = match env::var_os(VARIABLE) {
        Some(path) => {
            println!("cargo:rerun-if-changed={}", Path::new(&path).display());
            let object = fs::read(&path);
            let path = Path::new(&path).display();
            let object = object.map_err(|error| {
                format!("{VARIABLE} names {path}, which cannot be read: {error}")
            })?;
            without_debug_information(&object)
                .map_err(|error| format!("{VARIABLE} names {path}, which is no object: {error}"))?
        }
        None => Vec::new(),
    };
    fs::write(&embedded, object).map_err(|error| format!("{}: {error}", embedded.display()))
}

/// The object without DWARF. Its BTF stays, which has the line numbers for messages of the
/// verifier.
fn without_debug_information(object: &[u8]) -> Result<Vec<u8>, build::Error> {
    let mut builder = Builder::read(object)?;
    for section in &mut builder.sections {
        let name = section.name.as_slice();
        let name = name.strip_prefix(b".rel").unwrap_or(name);
        section.delete |= name.starts_with(b".debug_");
    }
    builder.delete_orphans();
    // LLVM keeps the names of sections and symbols in one string table, which the builder cannot.
    let names = builder.sections.add();
    names.name = ".shstrtab".into();
    names.sh_type = SHT_STRTAB;
    names.sh_addralign = 1;
    names.data = SectionData::SectionString;
    let mut stripped = Vec::new();
    builder.write(&mut stripped)?;
    Ok(stripped)
}
