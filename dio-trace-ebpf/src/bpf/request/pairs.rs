//! Programs that are attached twice, because the kernel may skip one.

use dio_trace_ebpf::abi::request::state;

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
