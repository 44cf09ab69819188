//! The verdict on a finished request: by a short look if it is aligned, otherwise by the rules.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    lifecycle::{is_plain_request, outcome},
    rules::judge,
    verifier::{is_nonzero, opaque},
    words::{Flag, Flags, Verdict},
};

use crate::bpf::base::globals::rule_set;

/// Bit of a request that follows a rejected one, above all its flags and not one of them.
const AFTER_REJECTION: u32 = 1 << 30;

/// A judgement in one word, so that the verifier has a single value to track.
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

    /// Whether such requests are sent one by one.
    #[inline(always)]
    pub(in crate::bpf) fn is_captured(self) -> bool {
        let fault =
            self.verdict() != Verdict::Aligned as u8 && self.flags() & Flag::WouldBlock.bit() == 0;
        fault || self.bits() & (Flags::CAPTURED.bits() | AFTER_REJECTION) != 0
    }

    /// [`Flags`](dio_trace_ebpf::words::Flags) bits.
    #[inline(always)]
    pub(in crate::bpf) const fn flags(self) -> u32 {
        self.bits() & !AFTER_REJECTION
    }

    #[inline(always)]
    const fn bits(self) -> u32 {
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
    Judged(opaque(judged, request.time))
}

/// Not inlined: the verifier forgets how it came to the outcome when it leaves the function.
#[inline(never)]
fn judged(request: &Request, result: i64) -> u64 {
    let judgement = judge(
        &request.geometry,
        &request.origin.limits,
        rule_set(),
        &outcome(request, result, rule_set()),
    );
    let after = is_nonzero(u64::from(request.state & state::AFTER_REJECTION)) as u32;
    let bits = judgement.flags.bits() | after.wrapping_neg() & AFTER_REJECTION;
    opaque(judgement.verdict as u64, request.time)
        | u64::from(judgement.reasons.bits()) << 8
        | u64::from(bits) << 16
}
