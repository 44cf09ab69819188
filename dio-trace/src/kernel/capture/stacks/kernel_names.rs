//! Names of kernel functions.

use std::{
    collections::HashMap,
    fs,
    io::Read,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use crate::kernel::{
    capture::stacks::frame::{Names, address, looked_up, named},
    machine::kallsyms,
};

/// Frames that every stack begins with: our own program.
const OWN: [&str; 3] = ["bpf_prog_", "bpf_trampoline_", "bpf_get_stackid"];
/// Functions are shorter than this: an address further from a symbol is not in that function.
const LONGEST: u64 = 1 << 18;

/// The kernel's symbols, read when they are first needed and after modules have come or gone.
#[derive(Debug, Default)]
pub(in crate::kernel) struct KernelNames {
    modules: String,
    table: Table,
}

/// Functions by address.
#[derive(Debug, Default)]
struct Table {
    /// Sorted by address.
    functions: Vec<Function>,
    /// Names, one after the other.
    names: String,
    modules: Vec<Module>,
}

#[derive(Debug)]
struct Function {
    address: u64,
    name: Range<u32>,
    /// Index of its module; `NONE` for the kernel itself.
    module: u32,
}

#[derive(Debug)]
struct Module {
    /// Its name in brackets, as kallsyms has it.
    name: String,
    /// Its memory; `None` for what is not a module, such as `[bpf]`.
    memory: Option<Range<u64>>,
}

const NONE: u32 = u32::MAX;

impl KernelNames {
    /// Names of a stack, from the hooked function outwards; `None` where the kernel hides its
    /// symbols.
    pub(in crate::kernel) fn names(&mut self, frames: &[u64]) -> Option<Names> {
        let modules = fs::read_to_string("/proc/modules").unwrap_or_default();
        // Numbers of users change all the time; addresses do not.
        let modules: String = modules.lines().flat_map(place).collect();
        if self.table.functions.is_empty() || modules != self.modules {
            self.table = Table::read(kallsyms::open().ok()?, &modules);
            self.modules = modules;
        }
        (!self.table.functions.is_empty()).then(|| self.table.names(frames))
    }
}

/// Name, size and address in a line of `/proc/modules`, as a line of its own.
fn place(line: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace();
    let (name, size) = (words.next()?, words.next()?);
    let address = words.find(|word| word.starts_with("0x"))?;
    Some(format!("{name} {size} {address}\n"))
}

fn memory(line: &str) -> Option<(String, Range<u64>)> {
    let mut words = line.split(' ');
    let (name, size, start) = (words.next()?, words.next()?, words.next()?);
    let start = u64::from_str_radix(start.strip_prefix("0x")?, 16).ok()?;
    let size: u64 = size.parse().ok()?;
    Some((name.to_owned(), start..start.checked_add(size)?))
}

impl Table {
    fn read(symbols: impl Read, modules: &str) -> Self {
        let mut places: HashMap<String, Range<u64>> = modules.lines().filter_map(memory).collect();
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut table = Self::default();
        kallsyms::symbols_in(symbols, |symbol| {
            let address = symbol.address();
            if address == 0 || !symbol.is_function() {
                return ControlFlow::Continue(());
            }
            let module = symbol.module().map_or(NONE, |name| {
                *numbers.entry(name.to_owned()).or_insert_with(|| {
                    table.modules.push(Module {
                        memory: places.remove(name),
                        name: format!("[{name}]"),
                    });
                    table.modules.len() as u32 - 1
                })
            });
            let start = table.names.len() as u32;
            table.names.push_str(symbol.name());
            table.functions.push(Function {
                address,
                name: start..table.names.len() as u32,
                module,
            });
            ControlFlow::Continue(())
        });
        // Stable: of several names for one address the first stays first.
        table.functions.sort_by_key(|function| function.address);
        table.functions.dedup_by_key(|function| function.address);
        table
    }

    fn names(&self, frames: &[u64]) -> Names {
        let names: Vec<Arc<str>> = frames
            .iter()
            .enumerate()
            .map(|(index, &frame)| self.name(index, frame))
            .collect();
        let own = names
            .iter()
            .take_while(|name| OWN.iter().any(|start| name.starts_with(start)))
            .count();
        names[own..].into()
    }

    fn name(&self, index: usize, frame: u64) -> Arc<str> {
        let at = looked_up(index, frame);
        let function = self.function(at);
        function.map_or_else(
            || address(frame),
            |(function, module)| {
                let name = function.name.start as usize..function.name.end as usize;
                named(&self.names[name], frame - function.address, module)
            },
        )
    }

    fn function(&self, at: u64) -> Option<(&Function, &str)> {
        let after = self
            .functions
            .partition_point(|function| function.address <= at);
        let function = self.functions.get(after.checked_sub(1)?)?;
        if at - function.address >= LONGEST {
            return None;
        }
        if function.module == NONE {
            return Some((function, ""));
        }
        let module = self.modules.get(function.module as usize)?;
        // For an address in a module that is gone, the symbol before it may be found.
        let inside = module
            .memory
            .as_ref()
            .is_none_or(|memory| memory.contains(&at));
        inside.then_some((function, &module.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KALLSYMS: &str = "\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81000100 t vfs_write
ffffffff81000180 D some_data
ffffffff81000200 T ksys_write
ffffffffc0001000 t xfs_file_write_iter\t[xfs]
ffffffffc0009000 t bpf_prog_12ab_request_entry\t[bpf]
";
    const MODULES: &str = "xfs 8192 3 - Live 0xffffffffc0001000 (E)\n";

    fn table() -> Table {
        let modules: String = MODULES.lines().flat_map(place).collect();
        Table::read(KALLSYMS.as_bytes(), &modules)
    }

    #[test]
    fn frames_have_function_offset_and_module() {
        let names = table().names(&[
            0xffff_ffff_c000_9010,
            0xffff_ffff_c000_1005,
            0xffff_ffff_8100_0190,
            0xffff_ffff_8100_0200,
        ]);
        assert_eq!(
            names.iter().map(|name| &**name).collect::<Vec<_>>(),
            [
                "xfs_file_write_iter+0x5 [xfs]",
                "vfs_write+0x90",
                // A return address: the call was the last instruction of vfs_write.
                "vfs_write+0x100",
            ]
        );
    }

    #[test]
    fn what_lies_in_no_known_function_stays_an_address() {
        let names = table().names(&[0xffff_ffff_c000_5000, 0x1000, 0xffff_ffff_9000_0000]);
        assert_eq!(
            names.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["0xffffffffc0005000", "0x1000", "0xffffffff90000000"]
        );
    }

    #[test]
    fn hidden_symbols_are_none() {
        let hidden = "0000000000000000 T _text\n0000000000000000 t xfs_read [xfs]\n";
        assert!(Table::read(hidden.as_bytes(), "").functions.is_empty());
    }
}
