//! The facts that are known at the end of a request, in the form that the rules take.

use crate::{
    abi::request::{Request, state},
    lifecycle::seen::seen_length,
    rules::{Outcome, OwnBlocks, is_plain},
    verifier::{is_less, is_nonzero, opaque},
    words::{Engine, Operation, RuleSet},
};

/// Whether a request is aligned, as nearly all are, by a short look.
#[inline(always)]
#[must_use]
pub fn is_plain_request(request: &Request, result: i64) -> bool {
    let no_engine = is_nonzero(u64::from(request.engine)) ^ 1;
    // Nothing was read from the disk: a hole. What has no rule has no bios either.
    let ruled = is_nonzero(u64::from(request.state & state::NO_RULE)) ^ 1;
    let no_bios = (is_nonzero(u64::from(request.bios)) ^ 1) & ruled;
    is_plain(
        &request.geometry,
        &request.origin.limits,
        is_write(request),
        result,
        request.direct_bytes,
        u64::from(request.state & state::MARKS) | no_engine | no_bios,
    )
}

/// The outcome of a request that ended with `result` (bytes or negative errno). The verifier must not
/// know the values in it: it would walk each of them with each of the others.
#[inline(always)]
#[must_use]
pub fn outcome(request: &Request, result: i64, rule_set: RuleSet) -> Outcome {
    let state = request.state;
    let unknown = request.time;
    let known = |value: u64| opaque(value, unknown) != 0;
    let has = |bit: u32| known(u64::from(state & bit));
    let write = is_write(request);
    let raw = is_nonzero(u64::from(state & state::RAW_DEVICE));
    let done = result as u64;
    let (offset, asked) = (request.geometry.offset, request.geometry.length);
    let short = is_less(done, asked) & !(done >> 63);
    let before_end = is_less(offset.wrapping_add(done), request.file_size);
    let cuts = (write ^ 1) | raw;
    let extends = write & is_less(request.file_size, offset.wrapping_add(asked));
    let forced_wait = is_nonzero(u64::from(state & state::FORCED_WAIT));
    let engine = Engine::from_number(opaque(u64::from(request.engine), unknown) as u8)
        .unwrap_or(Engine::None);
    Outcome {
        result,
        direct_bytes: request.direct_bytes,
        seen_length: seen_length(request, rule_set),
        cut_first: has(state::RAW_DEVICE),
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
        applied_dma: applied_dma(request, result, rule_set),
        checked_in_bios: is_checked_in_bios(request, rule_set),
        atomic: has(state::ATOMIC),
        atomic_units: request.atomic_units,
        odd_start: has(state::ODD_START),
    }
}

/// 1 for a write, else 0.
#[inline(always)]
fn is_write(request: &Request) -> u64 {
    is_nonzero(u64::from(request.operation ^ Operation::Write as u8)) ^ 1
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

/// The mask that was really applied to the memory of a request with this result, see
/// [`Outcome::applied_dma`].
#[inline(always)]
fn applied_dma(request: &Request, result: i64, rule_set: RuleSet) -> u32 {
    let own = request.origin.limits.dma_alignment;
    if !is_checked_in_bios(request, rule_set) {
        return own;
    }
    // If a device hands its bios down, the devices below decide; where they were not seen, they decided
    // all the same. What a target refuses breaks its device's mask, and what it takes may break it.
    let down = is_nonzero(u64::from(request.state & state::HANDS_DOWN));
    let target = is_nonzero(u64::from(request.state & state::TARGET_LOOKS));
    let failed = result.cast_unsigned() >> 63;
    let counts = target & failed | (target | down) ^ 1;
    request.applied_mask | own & (counts as u32 & 1).wrapping_neg()
}

/// Whether memory is checked in the bios of this request: under `dma-segment` only registered buffers
/// that go to a raw device, which `__blkdev_direct_IO_async` hands on as they are (`bio_iov_bvec_set`).
#[inline(always)]
fn is_checked_in_bios(request: &Request, rule_set: RuleSet) -> bool {
    const REGISTERED: u32 = state::PAGES | state::RAW_DEVICE;
    rule_set as u32 == RuleSet::DmaSegmentLate as u32
        || rule_set as u32 == RuleSet::DmaSegment as u32 && request.state & REGISTERED == REGISTERED
}
