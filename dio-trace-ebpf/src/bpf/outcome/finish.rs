//! Judges a finished request, and sends or counts it.

use aya_log_ebpf::debug;
use dio_trace_ebpf::{
    abi::{
        counters::{CounterKey, counted_errno},
        request::{Request, state},
    },
    verifier::opaque,
    words::{LossCause, Verdict},
};

use crate::bpf::{
    base::{globals::setting, kind::ProgramKind},
    facts::cause,
    outcome::{
        count::{count, count_again},
        send,
        verdict::verdict_on,
    },
    tables::losses::lost,
};

/// Judges a request that ended with `result` (bytes or negative errno), and sends or counts it.
///
/// Not inlined: every probe that can see an end shares this code.
#[inline(never)]
pub(in crate::bpf) fn finish<P: ProgramKind>(request: &Request, result: i64) -> u32 {
    let unknown = request.time;
    let judged = verdict_on(request, result);
    let state = request.state;
    debug!(
        (),
        "end tid {} result {} direct {} engine {} state {:x} verdict {} reasons {:x} flags {:x}",
        request.origin.tid,
        result,
        request.direct_bytes,
        request.engine,
        state,
        judged.verdict(),
        judged.reasons(),
        judged.flags()
    );
    if state & state::UNREADABLE != 0 {
        lost(LossCause::MemoryUnreadable);
    }
    if state & state::TRUNCATED != 0 {
        lost(LossCause::SegmentsTruncated);
    }
    let cause = if judged.verdict() == Verdict::Buffered as u8 {
        cause::of(request, u32::from(judged.reasons()))
    } else {
        0
    };
    let cause = opaque(u64::from(cause), unknown) as u8;
    let mut key = CounterKey {
        cgroup: request.origin.cgroup,
        file: request.origin.id,
        comm: request.origin.comm,
        pid: request.origin.pid,
        uid: request.origin.uid,
        operation: request.operation,
        interface: request.interface,
        verdict: judged.verdict(),
        reasons: judged.reasons(),
        flags: judged.flags() as u16,
        engine: request.engine,
        // What failed was not buffered, and has no cause.
        cause_or_errno: cause | counted_errno(result),
    };
    let bytes = request.geometry.length;
    let send = setting!(detail_aligned) != 0 || judged.is_captured();
    let send = opaque(u64::from(send), unknown) != 0;
    let counted = !send && count_again(&key, request.origin.number, bytes);
    if opaque(u64::from(counted), unknown) != 0 {
        return 0;
    }
    // In one place for both: the file must be known before the event or row that names it.
    send::file::<P>(&request.origin.id, request.file);
    // Hidden once more: the verifier of 5.10 walks on from here with the one value that it came with
    // first, takes the other way for the same, and removes what it has not walked.
    let send = opaque(u64::from(send), unknown) != 0;
    if send && send::detail(request, judged, cause, result) {
        return 0;
    }
    count::<P>(&mut key, bytes);
    0
}
