//! The `dio-trace` command.
use dio_trace::{kernel::{Capture, Probes}, model::Batch};
fn main() -> anyhow::Result<()> {
    let t=std::time::Instant::now();
    let probes = Probes::attach(&dio_trace::kernel::Options::default())?;
    eprintln!("attached in {:?}", t.elapsed());
    for a in &probes.attachments { eprintln!("{:28} {:8} {:?} {:?}", a.function, a.module, a.method, a.note); }
    let mut c = Capture::new(probes)?;
    let mut args = std::env::args().skip(1);
    if let Some(cmd) = args.next() { std::process::Command::new(cmd).args(args).status()?; }
    let mut b = Batch::default();
    c.drain(&mut b)?;
    for r in &b.records {
        print!("{} {} {:?} {:?} {:?} {:?} n={} {} {:?} {:?} {:?} lim={:?} {} {} {}", r.comm, r.pid, r.disk.as_deref(), r.filesystem.as_deref(), r.path.as_deref(), r.cgroup.as_deref(), r.count, r.bytes, r.operation, r.interface, r.device.map(|d|d.to_string()), r.limits, r.verdict, r.reasons.words().collect::<Vec<_>>().join(","), r.flags.words().collect::<Vec<_>>().join(","));
        if let Some(q)=&r.request { print!(" off={} len={} segs={:?} res={} direct={} lat={} bios={} splits={} port={:?}", q.geometry.offset,q.geometry.length,q.segments,q.result,q.direct_bytes,q.latency,q.bios,q.splits,q.rule_sets); }
        println!();
    }
    println!("losses {:?}", b.losses);
    Ok(())
}
