//! `io_uring`, in each of the ways in which it can issue a request.

use std::io;

use io_uring::{IoUring, opcode, squeue, types};

use super::{
    Call,
    answer::Reported,
    order::{Order, Reply, current_thread},
};

/// `user_data` of the operation before a linked request.
const FRONT: u64 = 1;
const REQUEST: u64 = 2;
/// Time for which the polling kernel thread stays awake, milliseconds.
const POLL_IDLE: u32 = 200;

/// A ring for one kind of call.
pub(super) struct Ring {
    ring: IoUring,
}

impl Ring {
    /// Sets up a ring for `call` on `descriptor`, with `memory` registered where the call needs
    /// that.
    pub(super) fn new(call: Call, descriptor: i32, memory: libc::iovec) -> io::Result<Self> {
        let mut builder = IoUring::builder();
        if call == Call::RingPolled {
            builder.setup_sqpoll(POLL_IDLE);
        }
        let ring: IoUring = builder.build(8)?;
        if call == Call::RingFixed {
            // SAFETY: the arena is mapped as long as the process runs.
            unsafe { ring.submitter().register_buffers(&[memory])? };
        }
        // Up to 5.10 a polled ring accepts only registered files.
        ring.submitter().register_files(&[descriptor])?;
        Ok(Self { ring })
    }

    /// Issues `order` and waits for its completion.
    pub(super) fn issue(&mut self, order: &Order<'_>) -> io::Result<Reply> {
        let entry = entry(order);
        let tid = current_thread();
        let mut expected = 1;
        {
            let mut queue = self.ring.submission();
            if order.call == Call::RingLinked {
                let front = opcode::Nop::new()
                    .build()
                    .user_data(FRONT)
                    .flags(squeue::Flags::IO_LINK);
                // SAFETY: an operation without memory.
                unsafe { queue.push(&front) }.map_err(io::Error::other)?;
                expected += 1;
            }
            // SAFETY: segments and arena live until the completion is taken below.
            unsafe { queue.push(&entry) }.map_err(io::Error::other)?;
        }
        let mut result = None;
        while expected > 0 {
            match self.ring.submit_and_wait(1) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            for completion in self.ring.completion() {
                expected -= 1;
                if completion.user_data() == REQUEST {
                    result = Some(i64::from(completion.result()));
                }
            }
        }
        let result = result.ok_or_else(|| io::Error::other("a completion is missing"))?;
        Ok(Reply {
            result,
            reported: Reported::Completion,
            tid,
        })
    }
}

fn entry(order: &Order<'_>) -> squeue::Entry {
    let file = types::Fixed(0);
    let first = order.segments.first();
    let base = first.map_or(std::ptr::null_mut(), |segment| {
        segment.iov_base.cast::<u8>()
    });
    let length = first.map_or(0, |segment| segment.iov_len as u32);
    let (vector, count) = (order.segments.as_ptr(), order.segments.len() as u32);
    let offset = order.offset;
    let entry = match (order.call, order.write) {
        (Call::RingVectored, false) => opcode::Readv::new(file, vector, count)
            .offset(offset)
            .build(),
        (Call::RingVectored, true) => opcode::Writev::new(file, vector, count)
            .offset(offset)
            .build(),
        (Call::RingFixed, false) => opcode::ReadFixed::new(file, base, length, 0)
            .offset(offset)
            .build(),
        (Call::RingFixed, true) => opcode::WriteFixed::new(file, base, length, 0)
            .offset(offset)
            .build(),
        (_, false) => opcode::Read::new(file, base, length).offset(offset).build(),
        (_, true) => opcode::Write::new(file, base, length)
            .offset(offset)
            .build(),
    };
    let entry = entry.user_data(REQUEST);
    if order.call == Call::RingWorker {
        entry.flags(squeue::Flags::ASYNC)
    } else {
        entry
    }
}
