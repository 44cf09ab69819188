//! The names of errors, such as `EINVAL`.

use std::borrow::Cow;

/// The meaning of an error that is not about alignment; `None` where the error alone says nothing.
#[must_use]
pub fn errno_meaning(result: i64) -> Option<&'static str> {
    let errno = i32::try_from(result.unsigned_abs()).unwrap_or(i32::MAX);
    Some(match errno {
        libc::EIO => {
            "the data could not be read or written; the kernel's log (dmesg) has the details of the \
             device or the filesystem. This is not about alignment"
        }
        libc::EAGAIN => "it would have had to wait, or a resource was temporarily short",
        libc::EFAULT => {
            "memory that cannot be pinned: it is not mapped, was unmapped meanwhile, or belongs to a device"
        }
        libc::ENOSPC => "no space is left on the filesystem, or the device ends there",
        libc::EDQUOT => "the quota is used up",
        libc::EFBIG => "it reaches past the largest possible file size",
        libc::ENOMEM => "the kernel had no memory for it",
        libc::EINTR | libc::ECANCELED => "it was interrupted or cancelled",
        libc::EOPNOTSUPP => {
            "something that it asked for is not supported there: polling where the device has no \
             poll queues, not waiting, or an atomic write"
        }
        libc::EPERM => "the file or device does not allow it",
        libc::EROFS => "the filesystem is read-only",
        libc::EREMOTEIO | libc::ETIMEDOUT | libc::ENOLINK | libc::EBADE => {
            "the device, or the path to it, failed"
        }
        libc::ENODATA | libc::EILSEQ => "the device reports that the data is damaged",
        _ => return None,
    })
}

/// Errors that direct I/O returns, by name.
const NAMES: &[(i32, &str)] = &[
    (libc::EINVAL, "EINVAL"),
    (libc::EIO, "EIO"),
    (libc::EAGAIN, "EAGAIN"),
    (libc::EFAULT, "EFAULT"),
    (libc::ENOSPC, "ENOSPC"),
    (libc::EDQUOT, "EDQUOT"),
    (libc::EFBIG, "EFBIG"),
    (libc::EINTR, "EINTR"),
    (libc::ENOMEM, "ENOMEM"),
    (libc::EBUSY, "EBUSY"),
    (libc::EOPNOTSUPP, "EOPNOTSUPP"),
    (libc::EPERM, "EPERM"),
    (libc::EROFS, "EROFS"),
    (libc::EREMOTEIO, "EREMOTEIO"),
    (libc::ETIMEDOUT, "ETIMEDOUT"),
    (libc::ENODATA, "ENODATA"),
    (libc::ENOLINK, "ENOLINK"),
    (libc::EBADE, "EBADE"),
    (libc::EILSEQ, "EILSEQ"),
    (libc::ECANCELED, "ECANCELED"),
];

/// The name of the errno that `result` is the negative of, such as `EINVAL`; its number where direct
/// I/O does not return it.
#[must_use]
pub fn errno_name(result: i64) -> Cow<'static, str> {
    let errno = i32::try_from(result.unsigned_abs()).unwrap_or(i32::MAX);
    let known = NAMES.iter().find(|(number, _)| *number == errno);
    known.map_or_else(
        || Cow::Owned(format!("errno {errno}")),
        |(_, name)| Cow::Borrowed(*name),
    )
}

/// The errno with this name, positive.
#[must_use]
pub fn errno_number(name: &str) -> Option<i64> {
    let known = NAMES.iter().find(|(_, known)| *known == name);
    known.map(|(number, _)| i64::from(*number))
}
