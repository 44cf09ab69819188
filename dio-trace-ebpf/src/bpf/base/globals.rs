//! Constants that userspace sets before it loads the programs. They lie in `.rodata`, whose values the
//! verifier knows: a branch on them costs nothing, and the branch not taken is not even checked.

use dio_trace_ebpf::{
    abi::{
        ABI_VERSION as VERSION,
        layout::Layout,
        settings::{COMPLETION_SLOTS, Settings},
    },
    words::RuleSet,
};

#[unsafe(no_mangle)]
static LAYOUT: Layout = Layout::UNKNOWN;

#[unsafe(no_mangle)]
static SETTINGS: Settings = Settings {
    counter_rows: 0,
    completions: [0; COMPLETION_SLOTS],
    rule_set: 0,
    detail_aligned: 0,
    only_traced: 0,
    detail_rate: 0,
    stacks: 0,
    dio_flags_are_wait: 0,
    pairs: 0,
    slot_bits: 0,
    sees_fallback: 0,
    reserved: 0,
    own_pid: 0,
    has_loop: 0,
};

#[unsafe(no_mangle)]
static ABI_VERSION: u32 = VERSION;

/// Reads one field of [`Layout`], as the loader set it.
macro_rules! layout {
    ($field:ident) => {
        // SAFETY: reads a field of a live static; volatile, since the loader changes it.
        unsafe {
            core::ptr::read_volatile(&raw const (*$crate::bpf::base::globals::layout_ptr()).$field)
        }
    };
}

/// Whether this kernel has a member or enumerator.
macro_rules! has {
    ($field:ident) => {
        $crate::bpf::base::globals::layout!($field) != dio_trace_ebpf::abi::layout::ABSENT
    };
}

/// Reads one field of [`Settings`], as the loader set it.
macro_rules! setting {
    ($field:ident $([$index:expr])?) => {
        // SAFETY: reads a field of a live static; volatile, since the loader changes it.
        unsafe {
            core::ptr::read_volatile(
                &raw const (*$crate::bpf::base::globals::settings_ptr()).$field $([$index])?,
            )
        }
    };
}

pub(in crate::bpf) use {has, layout, setting};

/// The rule set in force.
#[inline(always)]
pub(in crate::bpf) fn rule_set() -> RuleSet {
    RuleSet::from_number(setting!(rule_set) as u8).unwrap_or(RuleSet::Unknown)
}

#[inline(always)]
pub(in crate::bpf) const fn layout_ptr() -> *const Layout {
    &raw const LAYOUT
}

#[inline(always)]
pub(in crate::bpf) const fn settings_ptr() -> *const Settings {
    &raw const SETTINGS
}
