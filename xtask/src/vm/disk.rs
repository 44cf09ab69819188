//! The disks of a guest.

use std::{collections::HashMap, str::FromStr};

/// A disk of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    /// The guest's driver for it.
    pub(crate) driver: Driver,
    /// In bytes.
    pub(crate) logical_block_size: u32,
    /// In bytes.
    pub(crate) size: u64,
}

/// A driver for disks. They differ in `dma_alignment`: 3 for `nvme`, otherwise 511.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    Nvme,
    VirtioBlk,
    VirtioScsi,
}

impl Driver {
    fn name(self) -> &'static str {
        match self {
            Self::Nvme => "nvme",
            Self::VirtioBlk => "virtio-blk",
            Self::VirtioScsi => "virtio-scsi",
        }
    }
}

const GIB: u64 = 1 << 30;

/// One disk for each driver, with both block sizes where that matters.
pub(crate) fn default_set() -> Vec<Disk> {
    [
        (Driver::Nvme, 512),
        (Driver::Nvme, 4096),
        (Driver::VirtioBlk, 512),
        (Driver::VirtioBlk, 4096),
        (Driver::VirtioScsi, 512),
    ]
    .map(|(driver, logical_block_size)| Disk {
        driver,
        logical_block_size,
        size: GIB,
    })
    .to_vec()
}

/// A name for each disk, which is also its serial number: at most 20 bytes, the limit of `nvme` and
/// virtio.
pub(crate) fn names(disks: &[Disk]) -> Vec<String> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    disks
        .iter()
        .map(|disk| {
            let name = format!("{}-{}", disk.driver.name(), disk.logical_block_size);
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            if *count == 1 {
                name
            } else {
                format!("{name}-{count}")
            }
        })
        .collect()
}

impl FromStr for Disk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let driver = match parts.next().unwrap_or_default() {
            "nvme" => Driver::Nvme,
            "virtio-blk" => Driver::VirtioBlk,
            "virtio-scsi" => Driver::VirtioScsi,
            other => {
                return Err(format!(
                    "no driver {other:?}: nvme, virtio-blk or virtio-scsi"
                ));
            }
        };
        let logical_block_size: u32 = match parts.next() {
            None => 512,
            Some(number) => number
                .parse()
                .map_err(|_| format!("{number:?} is not a block size in bytes"))?,
        };
        if !logical_block_size.is_power_of_two() || !(512..=32768).contains(&logical_block_size) {
            return Err(format!(
                "block size {logical_block_size}: a power of two from 512 to 32768"
            ));
        }
        let size = parts.next().map_or(Ok(GIB), bytes)?;
        match parts.next() {
            None => Ok(Self {
                driver,
                logical_block_size,
                size,
            }),
            Some(rest) => Err(format!(
                "{rest:?} is one part too many: write DRIVER[:LBS[:SIZE]]"
            )),
        }
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => GIB,
        other => return Err(format!("unit {other:?}: K, M or G")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text:?} is not a size"))?;
    number
        .checked_mul(unit)
        .filter(|size| *size > 0)
        .ok_or_else(|| format!("{text:?} is not a size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_disk() {
        let disk = Disk {
            driver: Driver::VirtioBlk,
            logical_block_size: 4096,
            size: 512 << 20,
        };
        assert_eq!("virtio-blk:4096:512M".parse(), Ok(disk));
        assert_eq!(
            "nvme".parse(),
            Ok(Disk {
                driver: Driver::Nvme,
                logical_block_size: 512,
                size: GIB
            })
        );
        for wrong in [
            "ide",
            "nvme:500",
            "nvme:512:x",
            "nvme:512:1T",
            "nvme:512:1G:x",
            "nvme:512:0",
        ] {
            assert!(wrong.parse::<Disk>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn equal_disks_have_different_names() {
        let disk: Disk = Disk {
            driver: Driver::VirtioScsi,
            logical_block_size: 4096,
            size: GIB,
        };
        assert_eq!(
            names(&[disk.clone(), disk]),
            ["virtio-scsi-4096", "virtio-scsi-4096-2"]
        );
    }
}
