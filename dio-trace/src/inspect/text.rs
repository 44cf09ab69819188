//! An inspection as text.

use std::fmt::Write;

use crate::{diagnose::kernels, inspect::Inspection, model::printable};

/// The lines about one path.
#[must_use]
pub fn text(inspection: &Inspection) -> String {
    let mut text = String::new();
    let mut add = |line: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", printable(line));
    };
    let filesystem = inspection.filesystem.as_deref();
    let on = filesystem.map_or_else(String::new, |filesystem| format!(" on {filesystem}"));
    add(&format!("{}: {}{on}", inspection.path, inspection.kind));
    add(&format!("  {}", advice(inspection)));
    add(&format!("  statx       {}", statx(inspection)));
    if let Some(size) = inspection.filesystem_block_size {
        add(&format!(
            "  filesystem  blocks of {size} bytes; smaller or misaligned writes may be serialised"
        ));
    }
    for layer in &inspection.layers {
        let limits = &layer.device.limits;
        let boundary = match limits.virt_boundary_mask {
            0 => "no virtual boundary".to_owned(),
            mask => format!("virtual boundary {}", u64::from(mask) + 1),
        };
        add(&format!(
            "  {}  {:indent$}{} ({}): logical block {}, physical block {}, dma alignment {}, \
             {boundary}",
            if layer.depth == 0 {
                "device    "
            } else {
                "  on      "
            },
            "",
            layer.device.disk,
            layer.device.device,
            limits.logical_block_size,
            limits.physical_block_size,
            u64::from(limits.dma_alignment) + 1,
            indent = 2 * layer.depth.saturating_sub(1) as usize,
        ));
    }
    if inspection.layers.is_empty() {
        add("  device      none in sysfs");
    }
    if let Some(rule_set) = inspection.rule_set {
        add(&format!(
            "  kernel      rules {rule_set} (kernels {})",
            kernels(rule_set)
        ));
    }
    if let Some(probed) = &inspection.probed {
        let value =
            |value: Option<u32>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        add(&format!(
            "  real reads  smallest accepted: buffer alignment {}, length {}, offset {}",
            value(probed.memory),
            value(probed.length),
            value(probed.offset)
        ));
        if let Some(note) = &probed.note {
            add(&format!("              {note}"));
        }
    }
    for disagreement in &inspection.disagreements {
        add(&format!("  note        {disagreement}"));
    }
    text
}

fn advice(inspection: &Inspection) -> String {
    let Some(alignment) = inspection.use_in_code else {
        return if inspection.layers.is_empty() {
            "no block device is known below it, so dio-trace knows no alignment rule".to_owned()
        } else {
            "direct I/O is not possible on this file".to_owned()
        };
    };
    format!(
        "use in code: buffers at multiples of {}, offsets and lengths in multiples of {} bytes; {} \
         for all is safe on every kernel",
        alignment.memory, alignment.block, alignment.safe
    )
}

fn statx(inspection: &Inspection) -> String {
    match inspection.statx {
        _ if inspection.kind == "directory" => {
            "works on files: name one in this directory".to_owned()
        }
        Some(statx) if statx.supported => {
            let read = statx
                .read_offset
                .map_or_else(String::new, |read| format!(", for reads {read}"));
            format!(
                "buffers {}, offsets and lengths {}{read}",
                statx.memory.unwrap_or(0),
                statx.offset.unwrap_or(0)
            )
        }
        _ => "no answer (STATX_DIOALIGN needs kernel 6.1 and a filesystem that supports it)"
            .to_owned(),
    }
}
