//! Names of errors.

use std::borrow::Cow;

/// The name of the errno that `result` is the negative of, as `EINVAL`; its number where direct
/// I/O does not return it.
#[must_use]
pub fn errno_name(result: i64) -> Cow<'static, str> {
    let errno = i32::try_from(result.unsigned_abs()).unwrap_or(i32::MAX);
    Cow::Borrowed(match errno {
        libc::EINVAL => "EINVAL",
        libc::EIO => "EIO",
        libc::EAGAIN => "EAGAIN",
        libc::EFAULT => "EFAULT",
        libc::ENOSPC => "ENOSPC",
        libc::EDQUOT => "EDQUOT",
        libc::EFBIG => "EFBIG",
        libc::EINTR => "EINTR",
        libc::ENOMEM => "ENOMEM",
        libc::EBUSY => "EBUSY",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        libc::EPERM => "EPERM",
        libc::EROFS => "EROFS",
        libc::EREMOTEIO => "EREMOTEIO",
        libc::ETIMEDOUT => "ETIMEDOUT",
        libc::ENODATA => "ENODATA",
        libc::ENOLINK => "ENOLINK",
        libc::EBADE => "EBADE",
        libc::EILSEQ => "EILSEQ",
        libc::ECANCELED => "ECANCELED",
        _ => return Cow::Owned(format!("errno {errno}")),
    })
}
