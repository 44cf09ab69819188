//! Resolves every offset and enumerator that the probes use.

use dio_trace_ebpf::abi::layout::{ABSENT, BtfItem, Layout, Presence};

use crate::kernel::machine::{btf::KernelTypes, features::modules_have_types};

/// The running kernel's layout, and the required members that it lacks.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The offsets and numbers that the probes are given.
    pub layout: Layout,
    /// Members and enumerators that this kernel does not have, although the probes need them: such as
    /// `kiocb.ki_filp`. It is then unlike any kernel that is known.
    pub missing: Vec<String>,
}

impl Resolved {
    /// Looks up every field of [`Layout`].
    #[must_use]
    pub fn from_types(types: &KernelTypes) -> Self {
        let mut resolved = Self::by(|item| match item {
            BtfItem::Member(structure, alternatives) => alternatives
                .iter()
                .find_map(|path| types.member_offset(structure, path)),
            BtfItem::Enumerator(name) => types.enumerator(name),
        });
        resolved.complete_without_module_types(types);
        resolved
    }

    fn by(find: impl Fn(BtfItem) -> Option<u32>) -> Self {
        let mut missing = Vec::new();
        let layout = Layout::resolve(|presence, item| {
            find(item).unwrap_or_else(|| {
                if presence == Presence::Required {
                    missing.push(describe(item));
                }
                ABSENT
            })
        });
        Self { layout, missing }
    }

    /// Fills in a member of a module for kernels whose modules have no BTF (before 5.11). There overlayfs
    /// keeps the program's `struct kiocb *` after the one that it passes down (`struct ovl_aio_req`,
    /// `fs/overlayfs/file.c`, 5.6).
    fn complete_without_module_types(&mut self, types: &KernelTypes) {
        if let (false, ABSENT, Some(size)) = (
            modules_have_types(types),
            self.layout.ovl_aio_req_orig_iocb,
            types.structure_size("kiocb"),
        ) {
            self.layout.ovl_aio_req_orig_iocb = size;
        }
    }
}

fn describe(item: BtfItem) -> String {
    match item {
        BtfItem::Member(structure, alternatives) => {
            format!("{structure}.{}", alternatives.join(" or "))
        }
        BtfItem::Enumerator(name) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_required_members_are_missed() {
        let nothing = Resolved::by(|_| None);
        assert_eq!(nothing.layout, Layout::UNKNOWN);
        for name in ["kiocb.ki_filp", "iov_iter.iter_type or type", "ITER_IOVEC"] {
            assert!(
                nothing.missing.iter().any(|missing| missing == name),
                "{name}"
            );
        }
        for name in ["iov_iter.ubuf", "ITER_UBUF", "btrfs_fs_info.fs_devices"] {
            assert!(
                nothing.missing.iter().all(|missing| missing != name),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_found_is_in_the_layout() {
        let resolved = Resolved::by(|item| match item {
            BtfItem::Member("kiocb", ["ki_pos"]) => Some(8),
            BtfItem::Enumerator("ITER_UBUF") => Some(5),
            _ => Some(1),
        });
        assert!(resolved.missing.is_empty());
        let Layout {
            kiocb_ki_pos,
            iter_ubuf,
            ..
        } = resolved.layout;
        assert_eq!((kiocb_ki_pos, iter_ubuf), (8, 5));
    }
}
