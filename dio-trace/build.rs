//! Embeds the eBPF object. `DIO_TRACE_EBPF_OBJECT` names a ready one; `cargo xtask build` sets it.
//! Without it the binary builds all the same, reads recordings, and says on tracing what is missing.

use std::{env, fs, path::Path};

const VARIABLE: &str = "DIO_TRACE_EBPF_OBJECT";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let directory = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let embedded = Path::new(&directory).join("dio-trace-probes");
    let object = match env::var_os(VARIABLE) {
        Some(path) => {
            println!("cargo:rerun-if-changed={}", Path::new(&path).display());
            fs::read(&path).map_err(|error| {
                format!(
                    "{VARIABLE} names {}, which cannot be read: {error}",
                    Path::new(&path).display()
                )
            })?
        }
        None => Vec::new(),
    };
    fs::write(&embedded, object).map_err(|error| format!("{}: {error}", embedded.display()))
}
