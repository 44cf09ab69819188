//! Resolves every offset and enumerator that the probes use.

use dio_trace_ebpf::abi::layout::{ABSENT, Layout, Origin};

use crate::kernel::machine::{btf::KernelTypes, features::modules_have_types};

/// The running kernel's layout, and what it lacks.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What the probes are given.
    pub layout: Layout,
    /// Members and enumerators that this kernel does not have, as `io_kiocb.task`.
    pub missing: Vec<(&'static str, String)>,
}

impl Resolved {
    /// Looks up every field of [`Layout`].
    #[must_use]
    pub fn from_types(types: &KernelTypes) -> Self {
        let mut missing = Vec::new();
        let layout = Layout::resolve(|field, origin| {
            let found = match origin {
                Origin::Member(structure, alternatives) => alternatives
                    .iter()
                    .find_map(|path| types.member_offset(structure, path)),
                Origin::Enumerator(name) => types.enumerator(name),
            };
            found.unwrap_or_else(|| {
                missing.push((field, describe(origin)));
                ABSENT
            })
        });
        let mut resolved = Self { layout, missing };
        resolved.complete_without_module_types(types);
        resolved
    }

    /// Modules have BTF of their own from 5.11. Up to then overlayfs keeps the program's
    /// `struct kiocb *` behind the one that it passes on (`struct ovl_aio_req`,
    /// fs/overlayfs/file.c, 5.6).
    fn complete_without_module_types(&mut self, types: &KernelTypes) {
        if let (false, ABSENT, Some(size)) = (
            modules_have_types(types),
            self.layout.ovl_aio_req_orig_iocb,
            types.structure_size("kiocb"),
        ) {
            self.layout.ovl_aio_req_orig_iocb = size;
            self.missing
                .retain(|(field, _)| *field != "ovl_aio_req_orig_iocb");
        }
    }

    /// Of the missing, those without which nothing can be traced: their absence means that this
    /// kernel is unlike any that is known.
    #[must_use]
    pub fn essential_missing(&self) -> Vec<&str> {
        self.missing
            .iter()
            .filter(|(field, _)| !CAN_BE_ABSENT.contains(field))
            .map(|(_, name)| name.as_str())
            .collect()
    }
}

/// Members that some supported kernel does not have; the probes do without.
const CAN_BE_ABSENT: &[&str] = &[
    // 5.10 keeps direction and kind in one word.
    "iov_iter_data_source",
    // From 6.0.
    "iov_iter_ubuf",
    "iter_ubuf",
    // Moved to queue_limits with 6.0.10; one of the two is there.
    "request_queue_dma_alignment",
    "queue_limits_dma_alignment",
    // Named by number up to 5.11, by device since.
    "bio_bi_bdev",
    "bio_bi_disk",
    // io_uring may be configured out; `task` was renamed.
    "io_kiocb_flags",
    "io_kiocb_task",
    "req_f_nowait_bit",
    // From 6.5.
    "backing_file_user_path_dentry",
    "backing_file_user_path_mnt",
    // overlayfs, by kernel and where its module is loaded.
    "backing_aio_orig_iocb",
    "ovl_aio_req_orig_iocb",
    // Only where the btrfs module is loaded and has BTF; the device was renamed.
    "btrfs_fs_info_fs_devices",
    "btrfs_fs_devices_latest_bdev",
    "btrfs_fs_devices_latest_dev",
    "btrfs_device_bdev",
    // Without them clones and metadata are counted as bios of the request.
    "bio_cloned",
    "req_meta_bit",
];

fn describe(origin: Origin) -> String {
    match origin {
        Origin::Member(structure, alternatives) => {
            format!("{structure}.{}", alternatives.join(" or "))
        }
        Origin::Enumerator(name) => name.to_owned(),
    }
}
