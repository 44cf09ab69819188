//! Call stacks of the thread that submits a request.

use aya_ebpf::{bindings::BPF_F_USER_STACK, programs::tracing::StackIdContext};
use dio_trace_ebpf::{abi::request::Request, words::LossCause};

use crate::bpf::{
    base::globals::setting,
    tables::{losses::lost, maps::STACKS},
};

/// `EFAULT`: there is no stack. Kernel threads have none in userspace; that is not a loss.
const NO_STACK: i32 = -14;

/// Value of [`Request::user_stack`] and [`Request::kernel_stack`] where there is none.
const NONE: i32 = -1;

/// Records both stacks if they are wanted.
#[inline(always)]
pub(in crate::bpf) fn take<C: StackIdContext>(ctx: &C, request: &mut Request) {
    if setting!(stacks) == 0 {
        request.user_stack = NONE;
        request.kernel_stack = NONE;
        return;
    }
    request.user_stack = id(ctx, BPF_F_USER_STACK);
    request.kernel_stack = id(ctx, 0);
}

/// Id of a stack. Without `BPF_F_REUSE_STACKID`: an id that userspace has resolved keeps its meaning, and
/// of two stacks with the same id the later one is lost.
#[inline(always)]
fn id<C: StackIdContext>(ctx: &C, side: u32) -> i32 {
    match ctx.get_stackid(&STACKS, u64::from(side)) {
        Ok(id) => id as i32,
        Err(NO_STACK) => NONE,
        Err(_) => {
            lost(LossCause::StackUnavailable);
            NONE
        }
    }
}
