//! A check of requests that come faster than details are kept: they are only counted, and their error is
//! counted with them.

use std::path::Path;

use super::bench::Bench;
use crate::{
    suite::outcome::Outcome,
    workload::{Call, Repeater, Shape},
};

/// Several times as many as details are kept of one process in a second.
const REQUESTS: u64 = 40_000;

/// Blocks that the disk is too coarse for.
const TOO_SMALL: Shape = Shape {
    call: Call::Pread,
    write: false,
    direct: true,
    segments: 1,
    length: 512,
    askew: 0,
};

/// Checks that every row, counted or not, has the error that the kernel returned.
pub(super) fn flooded(bench: &Bench<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let this = std::process::id().to_string();
    let mut running = bench.start("flood.dio", &["--pid", &this])?;
    running.wait_until_attached()?;
    let mut repeater = Repeater::new(Path::new(&bench.disk), TOO_SMALL)?;
    repeater.run(REQUESTS)?;
    running.signal(libc::SIGTERM);
    let (status, said) = (running.ended()?, running.said());
    let path = running.output.to_string_lossy();
    let (mut all, mut right, mut counted) = (0, 0, 0);
    for row in bench.setting.tracer.requests(&path)? {
        let count = row["count"].as_u64().unwrap_or(0);
        all += count;
        if row["result"].as_i64() == Some(repeater.result()) && row["verdict"] == "rejected" {
            right += count;
        }
        if row["tid"].is_null() {
            counted += count;
        }
    }
    outcome.check(
        "commands: the errors of requests that are only counted are counted with them",
        status.success() && counted != 0 && all == repeater.issued() && right == all,
        format!(
            "{} requests ended with {}; {right} of {all} recorded so, {counted} of them counted: {said}",
            repeater.issued(),
            repeater.result()
        ),
    );
    Ok(())
}
