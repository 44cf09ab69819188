//! The verdict on a request that is done: at a glance where it is aligned, else by the rules.

use dio_trace_ebpf::{
    abi::request::{Request, state},
    rules::{Outcome, OwnBlocks, is_plain, judge},
    verifier::{is_less, is_nonzero, opaque},
    words::{Engine, Flags, Operation, RuleSet, Verdict},
};

use crate::bpf::{base::globals::setting, facts::bios};

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

    /// Whether such requests are sent one by one.
    #[inline(always)]
    pub(in crate::bpf) fn is_captured(self) -> bool {
        let fault =
            self.verdict() != Verdict::Aligned as u8 && self.flags() & Flags::WOULD_BLOCK.0 == 0;
        fault || self.flags() & Flags::CAPTURED.0 != 0
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
    Judged(opaque(judged, request.time))
}

/// Whether a request is aligned, as nearly all are, which takes a look.
#[inline(always)]
fn is_plain_request(request: &Request, result: i64) -> bool {
    /// What may have a flag or another verdict.
    const MARKS: u32 = state::COPIED
        | state::WHOLE_PAGE_DEVICE
        | state::FORCED_WAIT
        | state::ATOMIC
        | state::WHOLE_BLOCKS
        | state::FELL_BACK
        | state::ODD_START;
    let no_engine = is_nonzero(u64::from(request.engine)) ^ 1;
    // Nothing was read from the disk: a hole. What has no rule has no bios either.
    let ruled = is_nonzero(u64::from(request.state & state::NO_RULE)) ^ 1;
    let no_bios = (is_nonzero(u64::from(request.bios)) ^ 1) & ruled;
    let cut = request.asked ^ request.geometry.length;
    is_plain(
        &request.geometry,
        &request.origin.limits,
        is_write(request),
        result,
        request.direct_bytes,
        u64::from(request.state & MARKS) | no_engine | no_bios | cut,
    )
}

/// 1 for a write, else 0.
#[inline(always)]
fn is_write(request: &Request) -> u64 {
    is_nonzero(u64::from(request.operation ^ Operation::Write as u8)) ^ 1
}

/// Not inlined: the verifier forgets how it came to the outcome when it leaves the function.
#[inline(never)]
fn judged(request: &Request, result: i64) -> u64 {
    let state = request.state;
    let unknown = request.time;
    // Each of these would be walked with each of the others.
    let known = |value: u64| opaque(value, unknown) != 0;
    let has = |bit: u32| known(u64::from(state & bit));
    let write = is_write(request);
    let raw = is_nonzero(u64::from(state & state::RAW_DEVICE));
    let done = result as u64;
    let (offset, asked) = (request.geometry.offset, request.asked);
    let short = is_less(done, asked) & !(done >> 63);
    let before_end = is_less(offset.wrapping_add(done), request.file_size);
    let cuts = (write ^ 1) | raw;
    let extends = write & is_less(request.file_size, offset.wrapping_add(asked));
    let forced_wait = is_nonzero(u64::from(state & state::FORCED_WAIT));
    let engine = Engine::from_number(opaque(u64::from(request.engine), unknown) as u8)
        .unwrap_or(Engine::None);
    let rule_set = RuleSet::from_number(setting!(rule_set) as u8).unwrap_or(RuleSet::Unknown);
    let outcome = Outcome {
        result,
        direct_bytes: request.direct_bytes,
        asked,
        seen_length: seen_length(request, write),
        engine,
        no_rule: has(state::NO_RULE),
        bios: request.bios,
        is_write: known(write),
        end_of_file: known(cuts & short & !before_end & 1),
        copied: has(state::COPIED),
        whole_page_device: has(state::WHOLE_PAGE_DEVICE),
        forced_wait: known(forced_wait & write),
        extends: known(extends & 1),
        nowait: has(state::NOWAIT),
        own_blocks: own_blocks(state, unknown, write),
        whole_blocks_only: has(state::WHOLE_BLOCKS),
        applied_dma: applied_dma(request),
        atomic: has(state::ATOMIC),
        atomic_units: request.atomic_units,
        odd_start: has(state::ODD_START),
    };
    let judgement = judge(
        &request.geometry,
        &request.origin.limits,
        rule_set,
        &outcome,
    );
    opaque(judgement.verdict as u64, unknown)
        | u64::from(judgement.reasons.0) << 8
        | u64::from(judgement.flags.0) << 16
}

/// The bytes that the kernel looks at: from 6.18 on, iomap cuts a read behind the last block of a file
/// before it looks at memory.
#[inline(always)]
fn seen_length(request: &Request, write: u64) -> u64 {
    let length = request.geometry.length;
    let cuts = setting!(rule_set) >= RuleSet::DmaSegmentLate as u32
        && request.engine == Engine::Iomap as u8
        && write == 0;
    if !cuts {
        return length;
    }
    let block = u64::from(request.origin.limits.filesystem_block_size.wrapping_sub(1));
    let end = request.file_size.wrapping_add(block) & !block;
    let left = end.wrapping_sub(request.geometry.offset);
    // Past the end it is negative, and nothing is looked at.
    if left < length { left } else { length }
}

#[inline(always)]
fn own_blocks(state: u32, unknown: u64, write: u64) -> OwnBlocks {
    let always = u64::from(state & state::BLOCK_RULE);
    let memory = u64::from(state & state::OWN_MEMORY);
    let place = u64::from(state & state::OWN_PLACE) & write.wrapping_neg();
    if opaque(always, unknown) != 0 {
        OwnBlocks::Always
    } else if opaque(memory, unknown) != 0 {
        OwnBlocks::Memory
    } else if opaque(place, unknown) != 0 {
        OwnBlocks::Place
    } else {
        OwnBlocks::None
    }
}

/// The mask that was really applied to memory, see [`Outcome::applied_dma`].
#[inline(always)]
fn applied_dma(request: &Request) -> u32 {
    let own = request.origin.limits.dma_alignment;
    if !bios::are_looked_at() {
        return own;
    }
    // Of a device that hands its bios down, those below have the word; where they were not seen, they
    // had it all the same.
    let down = is_nonzero(u64::from(request.state & state::HANDS_DOWN)) as u32;
    request.applied_mask | own & down.wrapping_sub(1)
}
