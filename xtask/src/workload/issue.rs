//! Issues one request through the interface that it names, and checks the data afterwards.

use std::io;

use dio_trace_ebpf::rules::Segment;

use super::{
    Call,
    aio::Aio,
    answer::{Answer, Placed},
    arena::Arena,
    order::{Order, Reply},
    request::Request,
    ring::Ring,
    sync,
    target::{Target, scramble},
};

/// All interfaces, each set up when it is first used.
pub(super) struct Issuers {
    arena: Arena,
    aio: Option<Aio>,
    rings: Vec<(Call, Ring)>,
    missing: Vec<(Call, String)>,
}

impl Issuers {
    pub(super) fn new(huge: bool) -> io::Result<Self> {
        Ok(Self {
            arena: Arena::new(huge)?,
            aio: None,
            rings: Vec::new(),
            missing: Vec::new(),
        })
    }

    /// Issues `request`; `None` where this kernel does not have its call, or not at this offset.
    pub(super) fn issue(
        &mut self,
        id: u64,
        target: &mut Target,
        request: &Request,
    ) -> anyhow::Result<Option<Answer>> {
        if self.missing.iter().any(|(call, _)| *call == request.call) {
            return Ok(None);
        }
        if request.call.seeks() && !target.has_position(request.offset) {
            return Ok(None);
        }
        let mut data = Vec::new();
        if request.is_write() {
            data.resize(request.length() as usize, 0);
            scramble(&mut data, id + 2);
        }
        self.arena.lay_out(&request.pieces, &data);
        let segments: Vec<Segment> = request
            .pieces
            .iter()
            .map(|&piece| self.arena.segment(piece))
            .collect();
        let iovecs: Vec<libc::iovec> = segments
            .iter()
            .map(|segment| libc::iovec {
                iov_base: segment.address as *mut libc::c_void,
                iov_len: segment.length as usize,
            })
            .collect();
        let order = Order {
            call: request.call,
            descriptor: target.descriptor(),
            write: request.is_write(),
            offset: request.offset,
            segments: &iovecs,
        };
        target.forget();
        let reply = match self.order(&order) {
            Ok(reply) => reply,
            Err(error) => {
                self.missing.push((request.call, error.to_string()));
                return Ok(None);
            }
        };
        let cached = match usize::try_from(reply.result) {
            Ok(done) if done != 0 && !request.is_write() => target.is_cached(request.offset, done),
            _ => None,
        };
        let data_ok = self.check(target, request, &data, reply.result)?;
        Ok(Some(Answer {
            id,
            call: request.call,
            interface: request.call.interface(),
            operation: request.operation,
            path: target.path().display().to_string(),
            offset: request.offset,
            length: request.length(),
            segments: segments
                .iter()
                .map(|segment| Placed {
                    address: segment.address,
                    length: segment.length,
                })
                .collect(),
            result: Some(reply.result),
            pid: std::process::id(),
            tid: reply.tid,
            reported: Some(reply.reported),
            data_ok,
            cached,
            shape: request.shape.clone(),
        }))
    }

    /// Calls that this kernel does not have, each with the kernel's error.
    pub(super) fn missing(&self) -> impl Iterator<Item = String> + '_ {
        self.missing
            .iter()
            .map(|(call, why)| format!("{call}: {why}"))
    }

    fn order(&mut self, order: &Order<'_>) -> io::Result<Reply> {
        match order.call {
            Call::Aio | Call::AioVectored | Call::AioReaper => {
                if self.aio.is_none() {
                    self.aio = Some(Aio::new(8)?);
                }
                match &mut self.aio {
                    Some(aio) => aio.issue(order),
                    None => Err(io::ErrorKind::Unsupported.into()),
                }
            }
            Call::Ring
            | Call::RingVectored
            | Call::RingFixed
            | Call::RingPolled
            | Call::RingWorker
            | Call::RingLinked => {
                let known = self.rings.iter().position(|(call, _)| *call == order.call);
                let index = match known {
                    Some(index) => index,
                    None => {
                        let ring = Ring::new(order.call, order.descriptor, self.arena.iovec())?;
                        self.rings.push((order.call, ring));
                        self.rings.len() - 1
                    }
                };
                self.rings[index].1.issue(order)
            }
            _ => Ok(sync::issue(order)),
        }
    }

    fn check(
        &mut self,
        target: &mut Target,
        request: &Request,
        data: &[u8],
        result: i64,
    ) -> io::Result<Option<bool>> {
        let done = usize::try_from(result).ok();
        if request.is_write() {
            let written = target.check_written(request.offset, data, done)?;
            let intact = self.arena.gather(&request.pieces, data.len()) == data
                && self.arena.surroundings_intact(&request.pieces);
            return Ok(written.map(|written| written && intact));
        }
        let done = done.unwrap_or(0);
        let found = self.arena.gather(&request.pieces, done);
        let right = target
            .expected(request.offset, done)
            .map(|expected| expected == found);
        let intact = self.arena.surroundings_intact(&request.pieces);
        Ok(if done == 0 {
            Some(intact)
        } else {
            right.map(|right| right && intact)
        })
    }
}
