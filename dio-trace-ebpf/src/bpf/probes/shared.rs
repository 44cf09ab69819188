//! Small programs that pass on to a large one, which all functions of one prototype share: the kernel
//! verifies a program again for each function that it is attached to.

use aya_ebpf::{
    EbpfContext,
    macros::{fentry, fexit},
    programs::{FEntryContext, FExitContext},
};
use dio_trace_ebpf::words::LossCause;

use crate::bpf::{
    base::pointer::{ByLoad, KernelPtr},
    facts::kiocb::is_direct,
    tables::{losses::lost, maps::SHARED, requests},
};

/// Runs the shared program in place of the rest of this one.
#[inline(always)]
fn pass_on<C: EbpfContext>(ctx: &C) {
    // SAFETY: the map holds a program of the same kind, for functions of the same prototype.
    unsafe { SHARED.tail_call(ctx, 0) };
    // Reached only if the map is empty, which it is not.
    lost(LossCause::ProbeMissed);
}

/// To any program, at an entry or a return.
#[fentry]
fn shared(ctx: FEntryContext) -> i32 {
    pass_on(&ctx);
    0
}

/// To `request_entry`, which ignores everything that is not direct.
#[fentry]
fn shared_request_entry(ctx: FEntryContext) -> i32 {
    if is_direct(KernelPtr::<ByLoad>::new(ctx.arg(0))) {
        pass_on(&ctx);
    }
    0
}

/// To `request_exit_2`. A filesystem may have cleared `IOCB_DIRECT` meanwhile.
#[fexit]
fn shared_request_exit(ctx: FExitContext) -> i32 {
    let kiocb = KernelPtr::<ByLoad>::new(ctx.arg(0));
    if is_direct(kiocb) || requests::find(kiocb.address()).is_some() {
        pass_on(&ctx);
    }
    0
}
