//! Numbers of devices, as the kernel and people write them.

use std::{fmt, str::FromStr};

/// The number of a block device, shown as `259:0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNumber {
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

impl DeviceNumber {
    /// Converts from the kernel's own `dev_t` (12 bits of major, 20 of minor;
    /// `include/linux/kdev_t.h`).
    #[must_use]
    pub const fn from_kernel(dev: u32) -> Self {
        Self {
            major: dev >> 20,
            minor: dev & 0xf_ffff,
        }
    }

    /// Converts to the kernel's own `dev_t`.
    #[must_use]
    pub const fn to_kernel(self) -> u32 {
        self.major << 20 | self.minor
    }

    /// Converts from userspace's `dev_t`, as returned by `stat`.
    #[must_use]
    pub fn from_stat(dev: u64) -> Self {
        Self {
            major: libc::major(dev),
            minor: libc::minor(dev),
        }
    }
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

impl FromStr for DeviceNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(major, minor)| {
            Some(Self {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        });
        parsed.ok_or_else(|| format!("{text:?} is not a device number: write it like 259:0"))
    }
}
