//! Results that mean "not without waiting": `io_uring` may issue such a request again.

const EAGAIN: i64 = 11;
const EOPNOTSUPP: i64 = 95;

/// Whether a submission's `result` says only that the request cannot be done without waiting. Raw
/// devices and some filesystems return `EOPNOTSUPP` (`io_write`, `io_uring/rw.c`).
#[inline(always)]
#[must_use]
pub const fn is_refusal_to_wait(result: i64) -> bool {
    result == -EAGAIN || result == -EOPNOTSUPP
}

/// Whether a completion's `result` lets `io_uring` issue the request again (`io_rw_should_reissue`):
/// unlike a submission's, only `EAGAIN` does. A polled request that the device cannot poll for ends in
/// `EOPNOTSUPP`.
#[inline(always)]
#[must_use]
pub const fn is_reissued_at_completion(result: i64) -> bool {
    result == -EAGAIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_is_final_more_often_than_a_submission() {
        for result in [-95, -22, -11, -5, 0, 11, 4096] {
            assert!(is_refusal_to_wait(result) || !is_reissued_at_completion(result));
        }
        assert!(is_refusal_to_wait(-95) && !is_reissued_at_completion(-95));
        assert!(is_refusal_to_wait(-11) && is_reissued_at_completion(-11));
        assert!(!is_refusal_to_wait(-22));
    }
}
