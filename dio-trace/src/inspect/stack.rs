//! A device and the devices that it is stacked on.

use serde::Serialize;

use crate::{kernel::block_device_named, model::Device};

/// Number of levels that are followed; real stacks have three or four.
const DEPTH: u32 = 16;

/// One device in a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// 0 for the device itself, 1 for those it is stacked on, and so on.
    pub depth: u32,
    /// The device with its limits.
    #[serde(flatten)]
    pub device: Device,
}

/// The device, followed by all devices below it.
pub(super) fn layers(device: Device) -> Vec<Layer> {
    let mut layers = Vec::new();
    add(&mut layers, device, 0);
    layers
}

fn add(layers: &mut Vec<Layer>, device: Device, depth: u32) {
    let members = device.members.clone();
    layers.push(Layer { depth, device });
    if depth < DEPTH {
        for member in members
            .iter()
            .filter_map(|member| block_device_named(member))
        {
            add(layers, member, depth + 1);
        }
    }
}

/// Sentences about limits in which a device differs from one below it.
pub(super) fn disagreements(layers: &[Layer]) -> Vec<String> {
    let Some((top, members)) = layers.split_first() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for member in members {
        let (upper, lower) = (&top.device.limits, &member.device.limits);
        let (name, below) = (&top.device.disk, &member.device.disk);
        if lower.logical_block_size > upper.logical_block_size {
            found.push(format!(
                "{below} has larger logical blocks ({}) than {name} above it ({})",
                lower.logical_block_size, upper.logical_block_size
            ));
        }
        if lower.dma_alignment > upper.dma_alignment {
            found.push(format!(
                "{below} requires more dma alignment ({}) than {name} above it ({}): errors may \
                 arrive late, at completion",
                u64::from(lower.dma_alignment) + 1,
                u64::from(upper.dma_alignment) + 1
            ));
        } else if lower.dma_alignment < upper.dma_alignment {
            found.push(format!(
                "{name} requires a dma alignment of {}, {below} below it one of {}: kernels 6.18 \
                 to 7.1 apply only the lower device's",
                u64::from(upper.dma_alignment) + 1,
                u64::from(lower.dma_alignment) + 1
            ));
        }
    }
    found.dedup();
    found
}
