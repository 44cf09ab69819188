//! The kernel series that the tests run on.

use std::{fmt, str::FromStr};

/// A kernel series, such as `6.12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    /// 6 in 6.12.
    pub(crate) major: u32,
    /// 12 in 6.12.
    pub(crate) minor: u32,
}

/// All tested series: one for each way in which kernels check direct I/O, and both ends of the
/// supported range.
pub(crate) const ALL: [Series; 7] = [
    Series {
        major: 5,
        minor: 10,
    },
    Series { major: 6, minor: 1 },
    Series {
        major: 6,
        minor: 12,
    },
    Series {
        major: 6,
        minor: 17,
    },
    Series {
        major: 6,
        minor: 18,
    },
    Series { major: 7, minor: 2 },
    Series { major: 7, minor: 3 },
];

impl fmt::Display for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.parse::<u32>().ok();
        text.split_once('.')
            .and_then(|(major, minor)| {
                Some(Self {
                    major: number(major)?,
                    minor: number(minor)?,
                })
            })
            .ok_or_else(|| format!("{text:?} is not a kernel series: write it like 6.12"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        for series in ALL {
            assert_eq!(series.to_string().parse(), Ok(series));
        }
        assert!("6".parse::<Series>().is_err());
        assert!("6.12.3".parse::<Series>().is_err());
    }
}
