//! Confirms a real fix, with the real programs before and after it.
//!
//! Kernels from 6.0 on take memory that is aligned to 512 bytes on a disk with blocks of 4096. QEMU up to
//! 7.1 found that out by trying, and took it for the alignment of lengths too: a guest's request of 512
//! bytes became one of 512 and 3584, which the kernel rejects. 7.2 pads such requests in memory of its own.
//! Both try out alignments when they open the image, which is no fault.

use super::{
    disks,
    outcome::Outcome,
    place::kernel_series,
    probing::{faults, is_probing, record},
    setting::Setting,
    shell,
    verify::exit_code,
};
use crate::setup::{FIXED_ON, QEMU_IO};

/// Requests of each size and direction.
const REQUESTS: u64 = 10;

/// Makes a filesystem with an image that has no holes, where the older program finds it below its root.
const MAKE: &str = r#"
    mkdir -p "$ROOT/mnt" "$ROOT/dev"
    mount --bind /dev "$ROOT/dev"
    wipefs -qa "$DISK"
    mkfs.xfs -qfK "$DISK"
    mount -t xfs "$DISK" "$ROOT/mnt"
    head -c 1M /dev/zero > "$ROOT/mnt/image"
    sync
"#;
const UNMAKE: &str = r#"umount "$ROOT/mnt"; umount "$ROOT/dev""#;

/// Runs the older and the newer program, and compares what they did.
pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> anyhow::Result<()> {
    if kernel_series()? != (FIXED_ON.major, FIXED_ON.minor) {
        return Ok(());
    }
    let Some(root) = &setting.older_qemu else {
        let reason = "QEMU 5.2 of Debian 11 is not there: `cargo xtask setup` says why";
        outcome.skip("fixed-qemu", reason);
        return Ok(());
    };
    // A cache below /tmp is hidden by the guest's own.
    if !root.join(QEMU_IO).is_file() {
        let reason = format!("{} is not visible in this guest", root.display());
        outcome.skip("fixed-qemu", &reason);
        return Ok(());
    }
    let Some(disk) = disks::VIRTIO_4096.find() else {
        outcome.skip(
            "fixed-qemu",
            "this guest has no virtio disk with 4096-byte blocks",
        );
        return Ok(());
    };
    let root = root.to_string_lossy();
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let variables = [("ROOT", &*root), ("DISK", &disk), ("PATH", path)];
    shell::script(MAKE, &variables)?;
    let done = checks(setting, outcome, &root);
    shell::script(UNMAKE, &variables)?;
    done
}

fn checks(setting: &Setting, outcome: &mut Outcome, root: &str) -> anyhow::Result<()> {
    let before = program(&format!("chroot {root} /{QEMU_IO}"), "/mnt/image");
    let after = program("qemu-io", &format!("{root}/mnt/image"));
    let old = setting.work.join("older-qemu.dio");
    let new = setting.work.join("newer-qemu.dio");
    record(setting, &old, &before)?;
    record(setting, &new, &after)?;

    let (old, new) = (old.to_string_lossy(), new.to_string_lossy());
    let faults = faults(&setting.tracer.requests(&old)?);
    outcome.check(
        "fixed-qemu: every request of 512 bytes of the older one is rejected",
        faults == 2 * REQUESTS,
        format!("{faults} faults of {}", 2 * REQUESTS),
    );
    probes(setting, outcome, &new)?;
    for (name, files, expected, word) in [
        ("a fix is confirmed", [&old, &new], 0, "FIXED"),
        ("its reverse is worse", [&new, &old], 1, "WORSE"),
    ] {
        let (code, text) = setting.tracer.run(&["compare", files[0], files[1]])?;
        outcome.check(
            format!("fixed-qemu: compare: {name}"),
            code == Some(expected) && text.contains(word),
            format!("{code:?}: {}", text.trim().replace('\n', "; ")),
        );
    }
    for (name, script, expected) in [("older", &before, 1), ("newer", &after, 0)] {
        let name = ["fixed-qemu", &format!("the {name} one")];
        exit_code(setting, outcome, name, script, expected)?;
    }
    Ok(())
}

/// A shell command that opens the image, reads and writes.
fn program(qemu_io: &str, image: &str) -> String {
    let mut command = format!("{qemu_io} -f raw -t none");
    for number in 0..REQUESTS {
        for size in [512, 4096] {
            let offset = number * 8192;
            command += &format!(" -c 'read {offset} {size}' -c 'write {offset} {size}'");
        }
    }
    // The reads and writes that fail are what is looked for.
    format!("{command} {image} > /dev/null 2>&1 || true")
}

/// Checks that all that is misaligned is one rejected and one accepted attempt for each look at the image.
fn probes(setting: &Setting, outcome: &mut Outcome, recording: &str) -> anyhow::Result<()> {
    let mut rows = setting.tracer.requests(recording)?;
    rows.retain(|row| row["verdict"] != "aligned");
    let count = |verdict: &str| {
        let probing = rows.iter().filter(|row| is_probing(row));
        probing.filter(|row| row["verdict"] == verdict).count()
    };
    let (rejected, accepted) = (count("rejected"), count("accepted"));
    outcome.check(
        "fixed-qemu: the newer one is misaligned only while it probes",
        rejected != 0 && rejected == accepted && rejected + accepted == rows.len(),
        format!(
            "{} misaligned requests, of these probing: {rejected} rejected, {accepted} accepted",
            rows.len()
        ),
    );
    Ok(())
}
