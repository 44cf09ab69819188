//! System calls that wait for the result.

use super::{
    Call,
    answer::Reported,
    order::{Order, Reply, current_thread, last_errno},
};

/// Issues `order` and waits for its result.
pub(super) fn issue(order: &Order<'_>) -> Reply {
    if order.call == Call::PreadThread {
        let addresses: Vec<(usize, usize)> = order
            .segments
            .iter()
            .map(|segment| (segment.iov_base as usize, segment.iov_len))
            .collect();
        let (descriptor, write, offset) = (order.descriptor, order.write, order.offset);
        return std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                let segments: Vec<libc::iovec> = addresses
                    .iter()
                    .map(|&(base, length)| libc::iovec {
                        iov_base: base as *mut _,
                        iov_len: length,
                    })
                    .collect();
                let segments = &segments;
                issue_here(&Order {
                    call: Call::Pread,
                    descriptor,
                    write,
                    offset,
                    segments,
                })
            });
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
    }
    issue_here(order)
}

fn issue_here(order: &Order<'_>) -> Reply {
    let (descriptor, offset) = (order.descriptor, order.offset as libc::off_t);
    let (vector, count) = (order.segments.as_ptr(), order.segments.len() as libc::c_int);
    let (base, length) = order
        .segments
        .first()
        .map_or((std::ptr::null_mut(), 0), |s| (s.iov_base, s.iov_len));
    if order.call.seeks() {
        // SAFETY: plain integers.
        unsafe { libc::lseek(descriptor, offset, libc::SEEK_SET) };
    }
    // SAFETY: the segments lie in the arena, which is mapped and which nothing else uses while
    // the call runs.
    let result = unsafe {
        match (order.call, order.write) {
            (Call::Read, false) => libc::read(descriptor, base, length),
            (Call::Read, true) => libc::write(descriptor, base, length),
            (Call::Readv, false) => libc::readv(descriptor, vector, count),
            (Call::Readv, true) => libc::writev(descriptor, vector, count),
            (Call::Preadv, false) => libc::preadv(descriptor, vector, count, offset),
            (Call::Preadv, true) => libc::pwritev(descriptor, vector, count, offset),
            (Call::Preadv2, false) => libc::preadv2(descriptor, vector, count, offset, 0),
            (Call::Preadv2, true) => libc::pwritev2(descriptor, vector, count, offset, 0),
            (_, false) => libc::pread(descriptor, base, length, offset),
            (_, true) => libc::pwrite(descriptor, base, length, offset),
        }
    };
    let result = if result < 0 {
        -last_errno()
    } else {
        result as i64
    };
    Reply {
        result,
        reported: Reported::Submission,
        tid: current_thread(),
    }
}
