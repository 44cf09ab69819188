//! Programs that are attached twice, since the kernel may skip one: what the first of a pair has seen,
//! the second must not see again.

use dio_trace_ebpf::abi::request::{Request, state};

use crate::bpf::base::{globals::setting, kind::ProgramKind};

/// [`state::PAIR_DUE`], where this program is one of a pair.
#[inline(always)]
pub(in crate::bpf) fn pair_due<P: ProgramKind>() -> u32 {
    if P::BTF && setting!(pairs) != 0 {
        state::PAIR_DUE
    } else {
        0
    }
}

/// Whether the other program of the pair has seen this call already.
#[inline(always)]
pub(in crate::bpf) fn is_seen(request: &mut Request) -> bool {
    let due = request.state & state::PAIR_DUE != 0;
    request.state &= !state::PAIR_DUE;
    due
}
