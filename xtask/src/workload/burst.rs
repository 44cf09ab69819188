//! A process that ends while its requests are in flight.

use super::{
    Call,
    aio::{Aio, Iocb},
    answer::{Answer, Placed},
    arena::Arena,
    order::{Order, current_thread},
    request::Piece,
    target::Target,
};

/// Submits `number` reads of 4096 bytes, prints them, and exits without waiting for any.
pub(super) fn submit_and_exit(target: &Target, number: usize) -> anyhow::Result<()> {
    let arena = Arena::new(false)?;
    let aio = Aio::new(number)?;
    let mut lines = String::new();
    for index in 0..number as u64 {
        let segment = arena.segment(Piece {
            delta: index * 8192,
            length: 4096,
        });
        let iovec = libc::iovec {
            iov_base: segment.address as *mut _,
            iov_len: 4096,
        };
        let order = Order {
            call: Call::Aio,
            descriptor: target.descriptor(),
            write: false,
            offset: index * 4096,
            segments: &[iovec],
        };
        if aio.submit(&Iocb::new(&order)) < 1 {
            anyhow::bail!("io_submit: {}", std::io::Error::last_os_error());
        }
        let answer = Answer {
            id: index,
            call: Call::Aio,
            interface: Call::Aio.interface(),
            operation: dio_trace_ebpf::words::Operation::Read,
            path: target.path().display().to_string(),
            offset: order.offset,
            length: 4096,
            segments: vec![Placed {
                address: segment.address,
                length: segment.length,
            }],
            result: None,
            pid: std::process::id(),
            tid: current_thread(),
            reported: None,
            data_ok: None,
            cached: None,
            shape: "in flight at exit".to_owned(),
        };
        lines.push_str(&serde_json::to_string(&answer)?);
        lines.push('\n');
    }
    print!("{lines}");
    Ok(())
}
