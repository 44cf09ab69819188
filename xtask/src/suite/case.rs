//! One request of the truth test, with everything that is known about it.

use dio_trace_ebpf::words::Interface;

use super::{predict::Prediction, row::Row};
use crate::workload::answer::Answer;

/// A request, the prediction, and the row of the recording.
pub(super) struct Case<'a> {
    pub(super) place: &'static str,
    pub(super) answer: &'a Answer,
    pub(super) prediction: Prediction,
    /// Whether it lies in an unwritten part.
    pub(super) in_hole: bool,
    pub(super) row: Result<&'a Row, String>,
}

impl Case<'_> {
    pub(super) fn is_predicted(&self) -> bool {
        self.answer
            .result
            .is_none_or(|result| self.prediction.holds(result) || self.may_be_told_to_retry(result))
    }

    /// Whether -EAGAIN is possible. For a request of more than 256 segments `io_uring` submits bios
    /// without waiting. If the queue accepts only some of them, an interrupt reports -EAGAIN to the
    /// program (`__blkdev_direct_IO`, `io_rw_should_reissue`). That has nothing to do with
    /// alignment and cannot be predicted.
    fn may_be_told_to_retry(&self, result: i64) -> bool {
        const EAGAIN: i64 = 11;
        let segments = self.answer.segments.len();
        result == -EAGAIN && segments > 256 && self.answer.interface == Interface::IoUring
    }

    /// Whether a read was served by the page cache although predicted as direct, or the other way
    /// round.
    pub(super) fn went_the_wrong_way(&self) -> bool {
        match self.prediction {
            // tmpfs serves a hole without a page in the cache.
            Prediction::Buffered => self.answer.cached == Some(false) && !self.in_hole,
            Prediction::Direct { .. } => self.answer.cached == Some(true),
            Prediction::Done | Prediction::Unknown | Prediction::Rejected(_) => false,
        }
    }

    /// A readable description.
    pub(super) fn describe(&self) -> String {
        let answer = self.answer;
        format!(
            "{} {} {} {:?} offset {} length {} result {:?} data_ok {:?}",
            self.place,
            answer.call,
            answer.operation,
            answer.shape,
            answer.offset,
            answer.length,
            answer.result,
            answer.data_ok
        )
    }
}
