//! Repeats one request as fast as possible, and measures the time.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    path::Path,
};

use super::{
    Call, Piece,
    aio::Aio,
    arena::Arena,
    clock::monotonic,
    order::{Order, last_errno},
    ring::Ring,
};

/// Range of the offsets, bytes; or the length of one request where that is more.
const SPAN: u64 = 1 << 20;

/// The request that is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// A call that takes as many buffers as there are segments.
    pub(crate) call: Call,
    pub(crate) write: bool,
    /// Whether the target is opened with `O_DIRECT`.
    pub(crate) direct: bool,
    pub(crate) segments: u64,
    /// Bytes of each segment.
    pub(crate) length: u64,
    /// Bytes by which the last segment's address misses a multiple of 4096.
    pub(crate) askew: u64,
}

/// A request ready to be repeated.
pub(crate) struct Repeater {
    shape: Shape,
    target: File,
    segments: Vec<libc::iovec>,
    /// Memory of the segments.
    _arena: Arena,
    aio: Option<Aio>,
    ring: Option<Ring>,
    result: i64,
    issued: u64,
}

impl Repeater {
    /// Opens `target` and issues the request once.
    ///
    /// # Errors
    /// When the target cannot be opened, or this kernel does not offer the call.
    pub(crate) fn new(target: &Path, shape: Shape) -> io::Result<Self> {
        let flags = if shape.direct { libc::O_DIRECT } else { 0 };
        let target = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(target)?;
        let arena = Arena::new(false)?;
        let segments: Vec<libc::iovec> = (0..shape.segments)
            .map(|index| {
                let last = index + 1 == shape.segments;
                // Two pages apart, so that no segments touch.
                let segment = arena.segment(Piece {
                    delta: index * 8192 + if last { shape.askew } else { 0 },
                    length: shape.length,
                });
                libc::iovec {
                    iov_base: segment.address as *mut libc::c_void,
                    iov_len: segment.length as usize,
                }
            })
            .collect();
        let descriptor = target.as_raw_fd();
        let aio = matches!(shape.call, Call::Aio | Call::AioVectored)
            .then(|| Aio::new(8))
            .transpose()?;
        let ring = matches!(shape.call, Call::Ring | Call::RingVectored)
            .then(|| Ring::new(shape.call, descriptor, arena.iovec()))
            .transpose()?;
        let mut repeater = Self {
            shape,
            target,
            segments,
            _arena: arena,
            aio,
            ring,
            result: 0,
            issued: 0,
        };
        repeater.result = repeater.issue(0)?;
        repeater.issued = 1;
        Ok(repeater)
    }

    /// Issues the request `number` times, and returns the nanoseconds of all of them together.
    ///
    /// # Errors
    /// When one has another result than the first.
    pub(crate) fn run(&mut self, number: u64) -> io::Result<u64> {
        let length = self.shape.segments * self.shape.length;
        let places = (SPAN / length).max(1);
        let mut others = 0u64;
        let started = monotonic();
        for index in 0..number {
            let result = self.issue(index % places * length)?;
            others += u64::from(result != self.result);
        }
        let elapsed = monotonic() - started;
        self.issued += number;
        if others != 0 {
            let expected = self.result;
            return Err(io::Error::other(format!(
                "{others} of {number} requests did not end with {expected}, as the first did"
            )));
        }
        Ok(elapsed)
    }

    /// Result of every request: bytes, or a negative errno.
    pub(crate) const fn result(&self) -> i64 {
        self.result
    }

    /// Requests issued so far.
    pub(crate) const fn issued(&self) -> u64 {
        self.issued
    }

    fn issue(&mut self, offset: u64) -> io::Result<i64> {
        let order = Order {
            call: self.shape.call,
            descriptor: self.target.as_raw_fd(),
            write: self.shape.write,
            offset,
            segments: &self.segments,
        };
        if let Some(ring) = &mut self.ring {
            return ring.issue(&order).map(|reply| reply.result);
        }
        if let Some(aio) = &self.aio {
            return aio.issue(&order).map(|reply| reply.result);
        }
        Ok(transfer(&order))
    }
}

/// Issues the request by a single system call.
fn transfer(order: &Order<'_>) -> i64 {
    let (descriptor, offset) = (order.descriptor, order.offset as libc::off_t);
    let (vector, count) = (order.segments.as_ptr(), order.segments.len() as libc::c_int);
    // SAFETY: the segments lie in the arena, which is mapped and which nothing else uses while
    // the call runs; there is at least one.
    let result = unsafe {
        let first = *vector;
        match (count, order.write) {
            (1, false) => libc::pread(descriptor, first.iov_base, first.iov_len, offset),
            (1, true) => libc::pwrite(descriptor, first.iov_base, first.iov_len, offset),
            (_, false) => libc::preadv(descriptor, vector, count, offset),
            (_, true) => libc::pwritev(descriptor, vector, count, offset),
        }
    };
    if result < 0 {
        -last_errno()
    } else {
        result as i64
    }
}
