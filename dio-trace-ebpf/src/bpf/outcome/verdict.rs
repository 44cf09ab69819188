//! The verdict on a request that is done: at a glance where it is aligned, else by the rules.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    rules::{Outcome, Route, is_plain, judge},
    verifier::{forget, is_less, is_nonzero},
    words::{Operation, RuleSet, Verdict},
};

use crate::bpf::base::globals::setting;

/// A judgement in one word, which is also all that the verifier has to carry on.
#[derive(Clone, Copy)]
pub(in crate::bpf) struct Judged(u64);

impl Judged {
    /// [`Verdict`] number.
    #[inline(always)]
    pub(in crate::bpf) const fn verdict(self) -> u8 {
        self.0 as u8
    }

    /// [`Reasons`](dio_trace_ebpf::words::Reasons) bits.
    #[inline(always)]
    pub(in crate::bpf) const fn reasons(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// [`Flags`](dio_trace_ebpf::words::Flags) bits.
    #[inline(always)]
    pub(in crate::bpf) const fn flags(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// Judges a request that ended with `result` (bytes or negative errno).
#[inline(always)]
pub(in crate::bpf) fn verdict_on(request: &Request, result: i64) -> Judged {
    let judged = if is_plain_request(request, result) {
        Verdict::Aligned as u64
    } else {
        judged(request, result)
    };
    Judged(forget(judged, request.time))
}

/// Whether a request is aligned, as nearly all are, which takes a look.
#[inline(always)]
fn is_plain_request(request: &Request, result: i64) -> bool {
    const MARKS: u16 = state::COPIED | state::WHOLE_PAGE_DEVICE | state::FORCED_WAIT;
    let marked = u64::from(request.state & MARKS) | is_nonzero(u64::from(request.route)) ^ 1;
    is_plain(
        &request.geometry,
        &request.parties.limits,
        result,
        request.direct_bytes,
        marked,
    )
}

/// Not inlined: the verifier forgets how it came to the outcome when it leaves the function.
#[inline(never)]
fn judged(request: &Request, result: i64) -> u64 {
    let state = request.state;
    let unknown = request.time;
    // Each of these would be walked with each of the others.
    let known = |value: u64| forget(value, unknown) != 0;
    let has = |bit: u16| known(u64::from(state & bit));
    let read = is_nonzero(u64::from(request.operation ^ Operation::Write as u8));
    let done = result as u64;
    let short = is_less(done, request.geometry.length) & !(done >> 63);
    let before_end = is_less(
        request.geometry.offset.wrapping_add(done),
        request.file_size,
    );
    let forced_wait = is_nonzero(u64::from(state & state::FORCED_WAIT));
    let outcome = Outcome {
        result,
        direct_bytes: request.direct_bytes,
        route: Route::from_number(forget(u64::from(request.route), unknown) as u8),
        no_rule: has(state::NO_RULE),
        bios: request.bios,
        end_of_file: known(read & short & !before_end & 1),
        copied: has(state::COPIED),
        whole_page_device: has(state::WHOLE_PAGE_DEVICE),
        forced_wait: known(forced_wait & !read & 1),
        block_rule: has(state::BLOCK_RULE),
    };
    let rule_set = RuleSet::from_number(setting!(rule_set) as u8).unwrap_or(RuleSet::LogicalBlock);
    let judgement = judge(
        &request.geometry,
        &request.parties.limits,
        rule_set,
        &outcome,
    );
    forget(judgement.verdict as u64, unknown)
        | u64::from(judgement.reasons.0) << 8
        | u64::from(judgement.flags.0) << 16
}
