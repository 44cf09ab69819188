//! What a file, directory or device requires of direct I/O, and who says so.

mod alignment;
mod mount;
mod probe;
mod stack;
mod statx;
mod text;

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use anyhow::Context;
use serde::Serialize;

pub use alignment::Alignment;
pub use probe::Probed;
pub use stack::Layer;
pub use statx::Statx;
pub use text::text;

use crate::{
    kernel::{KernelTypes, block_device, rule_set},
    model::{DeviceNumber, RuleSet},
};

/// The findings about one path.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The path as given.
    pub path: String,
    /// `file`, `directory` or `device`.
    pub kind: &'static str,
    /// Type of the filesystem; `None` for a device.
    pub filesystem: Option<String>,
    /// Block size of the filesystem, bytes.
    pub filesystem_block_size: Option<u32>,
    /// The answer of `statx`.
    pub statx: Option<Statx>,
    /// The device, and below it those it is stacked on, with their limits.
    pub layers: Vec<Layer>,
    /// The rule set of this kernel; `None` where its type information is missing.
    pub rule_set: Option<RuleSet>,
    /// The results of real reads; `None` unless they were asked for.
    pub probed: Option<Probed>,
    /// Sentences about what of this disagrees, and what that means.
    pub disagreements: Vec<String>,
    /// Alignments to use in code; `None` where direct I/O is not possible, or no rule is known.
    pub use_in_code: Option<Alignment>,
}

impl Inspection {
    /// Inspects a path; with `probe` also by real direct reads.
    ///
    /// # Errors
    /// Where the path cannot be accessed.
    pub fn of(path: &Path, probe: bool) -> anyhow::Result<Self> {
        let metadata =
            fs::metadata(path).with_context(|| format!("cannot access {}", path.display()))?;
        let kind = metadata.file_type();
        let is_device = kind.is_block_device();
        let mount = if is_device {
            None
        } else {
            mount::of(path, &metadata)
        };
        let number = if is_device {
            Some(DeviceNumber::from_stat(metadata.rdev()))
        } else {
            mount.as_ref().and_then(|mount| mount.device)
        };
        let layers = number
            .and_then(block_device)
            .map(stack::layers)
            .unwrap_or_default();
        let mut inspection = Self {
            path: path.display().to_string(),
            kind: if is_device {
                "device"
            } else if kind.is_dir() {
                "directory"
            } else {
                "file"
            },
            filesystem: mount.as_ref().map(|mount| mount.filesystem.clone()),
            filesystem_block_size: if is_device {
                None
            } else {
                mount::block_size(path)
            },
            statx: if kind.is_dir() {
                None
            } else {
                statx::of(path).ok().flatten()
            },
            layers,
            rule_set: KernelTypes::of_running_kernel([])
                .ok()
                .map(|types| rule_set(&types).0),
            probed: None,
            disagreements: Vec::new(),
            use_in_code: None,
        };
        if probe && !kind.is_dir() {
            inspection.probed = Some(probe::probe(path)?);
        }
        inspection.use_in_code = inspection.alignment();
        inspection.disagreements = inspection.disagree();
        Ok(inspection)
    }

    /// The strictest of all known requirements.
    fn alignment(&self) -> Option<Alignment> {
        let statx = self.statx.unwrap_or_default();
        let refused = statx.supported && statx.memory == Some(0);
        if refused || (self.layers.is_empty() && statx.memory.is_none()) {
            return None;
        }
        let limits = || self.layers.iter().map(|layer| layer.device.limits);
        let logical = limits()
            .map(|limits| limits.logical_block_size)
            .max()
            .unwrap_or(1);
        let dma = limits()
            .map(|limits| limits.dma_alignment.saturating_add(1))
            .max()
            .unwrap_or(1);
        let by_rules = match self.rule_set {
            Some(RuleSet::LogicalBlock) | None => logical,
            Some(_) => dma,
        };
        let memory = statx.memory.unwrap_or(1).max(by_rules);
        let block = statx.offset.unwrap_or(1).max(logical);
        let filesystem = self
            .filesystem_block_size
            .filter(|size| size.is_power_of_two());
        let safe = memory
            .max(block)
            .max(4096)
            .max(filesystem.unwrap_or(1).min(65_536));
        Some(Alignment {
            memory,
            block,
            safe,
        })
    }

    fn disagree(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let (Some(statx), Some(top)) = (self.statx, self.layers.first()) {
            found.extend(statx.disagreements(&top.device));
        }
        found.extend(stack::disagreements(&self.layers));
        if let (Some(probed), Some(alignment)) = (&self.probed, self.use_in_code) {
            found.extend(probed.disagreements(alignment));
        }
        found
    }
}
