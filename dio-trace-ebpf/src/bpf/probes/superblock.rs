//! The end of a filesystem's superblock, after which nothing known about its files is true any more.

use aya_ebpf::{
    macros::{fentry, kprobe},
    programs::{FEntryContext, ProbeContext},
};

use crate::bpf::{
    base::pointer::{ByHelper, ByLoad, KernelPtr},
    facts::superblocks,
};

/// `generic_shutdown_super(struct super_block *)`.
#[fentry]
fn superblock_end(ctx: FEntryContext) -> i32 {
    superblocks::end(KernelPtr::<ByLoad>::new(ctx.arg(0)));
    0
}

#[kprobe]
fn superblock_end_kprobe(ctx: ProbeContext) -> u32 {
    if let Some(super_block) = ctx.arg(0) {
        superblocks::end(KernelPtr::<ByHelper>::new(super_block));
    }
    0
}
