//! The end of a request: its verdict, and whether it is sent or counted.

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_log_ebpf::debug;
use dio_trace_ebpf::{
    abi::{
        counters::CounterKey,
        request::{Request, state},
    },
    rules::{Outcome, Route, judge},
    words::{Flags, LossCause, Operation, RuleSet, Verdict},
};

use super::{
    counters::{count, lost},
    emit,
    globals::setting,
};

/// Judges a request that ended with `result` (bytes or negative errno), and sends or counts it.
///
/// Not inlined: every probe that can see an end shares this code.
#[inline(never)]
pub(super) fn finish(request: &Request, result: i64) -> u32 {
    // SAFETY: takes no arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    let state = request.state;
    let end = request.geometry.offset.wrapping_add(result as u64);
    let outcome = Outcome {
        result,
        direct_bytes: request.direct_bytes,
        route: Route::from_number(request.route),
        no_rule: state & state::NO_RULE != 0,
        bios: request.bios,
        end_of_file: request.operation == Operation::Read as u8
            && result >= 0
            && (result as u64) < request.geometry.length
            && end >= request.file_size,
        copied: state & state::COPIED != 0,
        whole_page_device: state & state::WHOLE_PAGE_DEVICE != 0,
        forced_wait: request.operation == Operation::Write as u8 && state & state::FORCED_WAIT != 0,
        block_rule: state & state::BLOCK_RULE != 0,
    };
    let rule_set = RuleSet::from_number(setting!(rule_set) as u8).unwrap_or(RuleSet::LogicalBlock);
    let judgement = judge(&request.geometry, &request.limits, rule_set, &outcome);
    debug!(
        (),
        "end tid {} result {} direct {} route {} state {:x} verdict {} reasons {:x} flags {:x}",
        request.tid,
        result,
        request.direct_bytes,
        request.route,
        state,
        judgement.verdict as u8,
        judgement.reasons.0,
        judgement.flags.0
    );
    if state & state::UNREADABLE != 0 {
        lost(LossCause::MemoryUnreadable);
    }
    if state & state::TRUNCATED != 0 {
        lost(LossCause::SegmentsTruncated);
    }
    let ordinary = matches!(judgement.verdict, Verdict::Aligned)
        && judgement.flags.0 & !Flags::END_OF_FILE.0 == 0;
    if !ordinary || setting!(detail_aligned) != 0 {
        emit::file(&request.id, request.file);
        if emit::detail(request, &judgement, result, now) {
            return 0;
        }
    }
    let mut key = CounterKey {
        cgroup: request.cgroup,
        file: request.id,
        comm: request.comm,
        pid: request.pid,
        uid: request.uid,
        operation: request.operation,
        interface: request.interface,
        verdict: judgement.verdict as u8,
        reasons: judgement.reasons.0 as u8,
        flags: judgement.flags.0,
    };
    if count(&mut key, request.geometry.length) {
        emit::file(&request.id, request.file);
    }
    0
}
