//! libaio, by its system calls: the C library has no wrappers for them, and no crate for them is kept.

use std::{io, ptr};

use super::{
    Call,
    answer::Reported,
    order::{Order, Reply, current_thread, last_errno},
};

/// `struct iocb` (`include/uapi/linux/aio_abi.h`), little-endian layout.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Iocb {
    data: u64,
    key: u32,
    rw_flags: u32,
    opcode: u16,
    priority: i16,
    descriptor: u32,
    buffer: u64,
    bytes: u64,
    offset: i64,
    reserved: u64,
    flags: u32,
    result_descriptor: u32,
}

/// `struct io_event`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct IoEvent {
    data: u64,
    object: u64,
    result: i64,
    result2: i64,
}

const PREAD: u16 = 0;
const PWRITE: u16 = 1;
const PREADV: u16 = 7;
const PWRITEV: u16 = 8;

/// A context for asynchronous requests.
pub(super) struct Aio {
    context: libc::c_ulong,
}

impl Aio {
    pub(super) fn new(depth: usize) -> io::Result<Self> {
        let mut context: libc::c_ulong = 0;
        // SAFETY: the kernel writes the context's number into `context`.
        if unsafe { libc::syscall(libc::SYS_io_setup, depth, &raw mut context) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { context })
    }

    /// Issues `order` and waits for its event, in this thread or in another one.
    pub(super) fn issue(&self, order: &Order<'_>) -> io::Result<Reply> {
        let iocb = Iocb::new(order);
        let tid = current_thread();
        if self.submit(&iocb) < 1 {
            let result = -last_errno();
            return Ok(Reply {
                result,
                reported: Reported::Submission,
                tid,
            });
        }
        let event = if order.call == Call::AioReaper {
            std::thread::scope(|scope| {
                let reaper = scope.spawn(|| self.wait());
                reaper
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })?
        } else {
            self.wait()?
        };
        Ok(Reply {
            result: event.result,
            reported: Reported::Completion,
            tid,
        })
    }

    /// Submits one request without waiting. Returns the number of accepted requests, or a negative
    /// number.
    pub(super) fn submit(&self, iocb: &Iocb) -> i64 {
        let list = [ptr::from_ref(iocb)];
        // SAFETY: the list and the control block live through the call, after which the kernel
        // has copied them; the memory named in the block is the arena's.
        unsafe { libc::syscall(libc::SYS_io_submit, self.context, 1, list.as_ptr()) }
    }

    fn wait(&self) -> io::Result<IoEvent> {
        let mut event = IoEvent::default();
        loop {
            // SAFETY: room for one event; no timeout.
            let got = unsafe {
                libc::syscall(
                    libc::SYS_io_getevents,
                    self.context,
                    1,
                    1,
                    &raw mut event,
                    ptr::null::<libc::timespec>(),
                )
            };
            match got {
                1 => return Ok(event),
                0 => {}
                _ if last_errno() == i64::from(libc::EINTR) => {}
                _ => return Err(io::Error::last_os_error()),
            }
        }
    }
}

impl Iocb {
    /// The control block for `order`. It points at the order's segments.
    pub(super) fn new(order: &Order<'_>) -> Self {
        let vectored = order.call == Call::AioVectored;
        let first = order.segments.first();
        let (buffer, bytes) = if vectored {
            (order.segments.as_ptr() as u64, order.segments.len() as u64)
        } else {
            first.map_or((0, 0), |segment| {
                (segment.iov_base as u64, segment.iov_len as u64)
            })
        };
        Self {
            opcode: match (vectored, order.write) {
                (false, false) => PREAD,
                (false, true) => PWRITE,
                (true, false) => PREADV,
                (true, true) => PWRITEV,
            },
            descriptor: order.descriptor as u32,
            buffer,
            bytes,
            offset: order.offset as i64,
            ..Self::default()
        }
    }
}
