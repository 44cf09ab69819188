//! Constants of the probes: settings and layout of this trace, as the bytes that a program reads.

use std::os::fd::RawFd;

use bytemuck::bytes_of;
use dio_trace_ebpf::abi::{
    layout::{LAYOUT_GLOBAL, Layout},
    settings::{SETTINGS_GLOBAL, Settings},
};

/// Global variables of the object, by name, with the values that replace theirs.
pub(super) struct Globals<'a>(pub(super) [(&'static str, &'a [u8]); 3]);

impl<'a> Globals<'a> {
    pub(super) fn new(layout: &'a Layout, settings: &'a Settings, log_level: &'a u8) -> Self {
        Self([
            (LAYOUT_GLOBAL, bytes_of(layout)),
            (SETTINGS_GLOBAL, bytes_of(settings)),
            (aya_log::LEVEL, bytes_of(log_level)),
        ])
    }
}

/// The read-only map that holds all of them.
pub(super) struct Constants {
    /// Its descriptor, by which instructions name it.
    pub(super) map: RawFd,
    /// Its one value, which never changes.
    pub(super) bytes: Vec<u8>,
}
