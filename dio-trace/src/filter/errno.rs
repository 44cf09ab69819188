//! An error by its name or number.

use std::{fmt, str::FromStr};

use crate::diagnose::{errno_name, errno_number};

/// An errno, positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i64);

impl FromStr for Errno {
    type Err = String;

    /// A name such as `EINVAL`, in any case, or a number.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse::<i64>().ok().map(i64::abs);
        number
            .filter(|number| (1..=4095).contains(number))
            .or_else(|| errno_number(&text.to_uppercase()))
            .map(Self)
            .ok_or_else(|| {
                format!("{text:?} is not an error of direct I/O: write a name such as EINVAL, or its number")
            })
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&errno_name(-self.0).replace("errno ", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read_and_written_back() {
        for text in ["EINVAL", "einval", "22", "-22"] {
            let errno: Errno = text.parse().unwrap();
            assert_eq!((errno.0, errno.to_string().as_str()), (22, "EINVAL"));
        }
        assert_eq!("4095".parse::<Errno>().unwrap().to_string(), "4095");
        assert!("ENONSENSE".parse::<Errno>().is_err());
        assert!("0".parse::<Errno>().is_err());
    }
}
