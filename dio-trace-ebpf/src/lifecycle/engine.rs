//! Direct I/O engines: what their flags mean for a request, and what their return adds to it.

use crate::{
    abi::request::{Request, state},
    words::{Interface, Operation},
};

/// Flags of `iomap_dio_rw` (include/linux/iomap.h, from 5.15, 6.19 and 7.0): macros, so not in BTF.
const IOMAP_DIO_FORCE_WAIT: u32 = 1 << 0;
const IOMAP_DIO_FSBLOCK_ALIGNED: u32 = 1 << 3;
const IOMAP_DIO_BOUNCE: u32 = 1 << 4;
const ENOTBLK: i64 = 15;

/// The fifth argument of `iomap_dio_rw`; 0 for engines that have no such flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineFlags {
    /// The argument.
    pub argument: u32,
    /// Whether it is a mere `bool wait_for_completion`
    /// ([`Settings::dio_flags_are_wait`](crate::abi::settings::Settings::dio_flags_are_wait)).
    pub are_wait: bool,
}

impl EngineFlags {
    /// [`state`] bits that the flags stand for when this request enters the engine.
    #[inline(always)]
    #[must_use]
    pub fn marks(self, request: &Request) -> u32 {
        let forced = if !self.are_wait {
            self.argument & IOMAP_DIO_FORCE_WAIT != 0
        } else if request.interface == Interface::Sync as u8 {
            // Every synchronous request waits. XFS locks the file for part of a block
            // (`xfs_file_dio_aio_write`, up to 5.14); so does ext4.
            let block = request.origin.limits.filesystem_block_size.wrapping_sub(1);
            (request.geometry.offset as u32 | request.geometry.length as u32) & block != 0
        } else {
            self.argument & 0xff != 0
        };
        let forced = if forced { state::FORCED_WAIT } else { 0 };
        forced | self.treatment()
    }

    /// Those of these bits that say what the engine does with memory and blocks.
    #[inline(always)]
    #[must_use]
    pub fn treatment(self) -> u32 {
        if self.are_wait {
            return 0;
        }
        let has = |flag: u32, mark: u32| if self.argument & flag != 0 { mark } else { 0 };
        has(IOMAP_DIO_BOUNCE, state::COPIED) | has(IOMAP_DIO_FSBLOCK_ALIGNED, state::WHOLE_BLOCKS)
    }
}

/// An engine inside a filesystem or a device returns. Its result counts from the request's start.
#[inline(always)]
pub fn leave_engine(request: &mut Request, result: i64) {
    request.state &= !state::IN_ENGINE;
    if result == -ENOTBLK && request.operation == Operation::Write as u8 {
        // `kiocb_invalidate_pages` returns it. What a filesystem cannot do directly ends in 0 bytes, or
        // in fewer than asked for (`__iomap_dio_rw`).
        request.state |= state::CACHE_BUSY;
    }
    if result > 0 {
        has_done(request, result as u64);
    }
}

/// This many bytes are done directly, from the request's start. Probes may say so more than once.
#[inline(always)]
pub const fn has_done(request: &mut Request, bytes: u64) {
    if bytes > request.direct_bytes {
        request.direct_bytes = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(interface: Interface, length: u64) -> Request {
        let mut request: Request = bytemuck::zeroed();
        request.interface = interface as u8;
        request.geometry.length = length;
        request.origin.limits.filesystem_block_size = 4096;
        request
    }

    #[test]
    fn a_word_of_flags_is_read_bit_by_bit() {
        let flags = |argument| EngineFlags {
            argument,
            are_wait: false,
        };
        let part = request(Interface::Sync, 512);
        assert_eq!(flags(0).marks(&part), 0);
        assert_eq!(flags(1 << 0).marks(&part), state::FORCED_WAIT);
        assert_eq!(flags(1 << 1).marks(&part), 0);
        assert_eq!(flags(1 << 3).marks(&part), state::WHOLE_BLOCKS);
        assert_eq!(flags(1 << 4).marks(&part), state::COPIED);
        assert_eq!(flags(1 << 0).treatment(), 0);
    }

    #[test]
    fn a_boolean_forces_only_what_would_not_wait_anyway() {
        let wait = |argument| EngineFlags {
            argument,
            are_wait: true,
        };
        let waits = |flags: EngineFlags, request| flags.marks(&request) == state::FORCED_WAIT;
        assert!(waits(wait(1), request(Interface::Aio, 4096)));
        assert!(!waits(wait(0), request(Interface::Aio, 512)));
        // The bytes above a `bool` argument are not set by the caller.
        assert!(!waits(wait(0x100), request(Interface::Aio, 512)));
        assert!(!waits(wait(1), request(Interface::Sync, 4096)));
        assert!(waits(wait(1), request(Interface::Sync, 512)));
        assert_eq!(wait(0xff).treatment(), 0);
    }

    #[test]
    fn bytes_done_are_the_most_that_any_probe_has_seen() {
        let mut request = request(Interface::Sync, 8192);
        request.state = state::IN_ENGINE | state::DIRECT;
        has_done(&mut request, 4096);
        leave_engine(&mut request, 512);
        assert_eq!(request.direct_bytes, 4096);
        leave_engine(&mut request, 8192);
        assert_eq!(request.direct_bytes, 8192);
        assert_eq!(request.state, state::DIRECT);
    }

    #[test]
    fn an_engine_that_cannot_drop_pages_does_nothing() {
        let mut request = request(Interface::Sync, 8192);
        request.operation = Operation::Write as u8;
        leave_engine(&mut request, -ENOTBLK);
        assert_eq!(
            (request.direct_bytes, request.state),
            (0, state::CACHE_BUSY)
        );
        leave_engine(&mut request, -22);
        assert_eq!(request.direct_bytes, 0);
    }
}
