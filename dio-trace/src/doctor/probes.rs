//! The probes in groups: what each group gives or loses, how its hooks are attached, and each cause
//! once.

use crate::{doctor::page::Page, model::Attachment};

/// Hooks that give the same, or are not attached and lose the same.
struct Group<'a> {
    is_attached: bool,
    /// Their gain if they are attached, or the loss if they are not.
    effect: &'a str,
    ways: Vec<Hooks<'a>>,
}

/// Hooks of a group that are attached by the same method, for the same cause.
struct Hooks<'a> {
    method: &'a str,
    /// Number of the cause, from 1.
    cause: Option<usize>,
    names: Vec<String>,
}

/// Writes all groups in the order of their first hooks, and below them each cause.
pub(super) fn write(page: &mut Page, attachments: &[Attachment]) {
    let mut causes: Vec<&str> = Vec::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for attachment in attachments {
        let cause = attachment
            .note
            .as_deref()
            .map(|note| 1 + position_or_new(&mut causes, |known| *known == note, || note));
        add(&mut groups, attachment, cause);
    }
    for group in &groups {
        let (mark, verb) = match group.is_attached {
            true => ("ok  ", ""),
            false => ("--  ", "lost: "),
        };
        page.wrapped(&format!("  {mark} "), &format!("{verb}{}", group.effect));
        for hooks in &group.ways {
            let cause = hooks.cause.map(|cause| format!(" ({cause})"));
            let lead = format!("       {}{}: ", hooks.method, cause.unwrap_or_default());
            page.wrapped(&lead, &hooks.names.join(", "));
        }
    }
    for (number, cause) in causes.iter().enumerate() {
        page.wrapped(&format!("  ({}) ", number + 1), cause);
    }
}

fn add<'a>(groups: &mut Vec<Group<'a>>, attachment: &'a Attachment, cause: Option<usize>) {
    let is_attached = attachment.method.is_some();
    let effect = match is_attached {
        true => attachment.gives.as_str(),
        false => attachment.lost.as_str(),
    };
    let method = attachment.method.as_deref().unwrap_or("not attached");
    let group = position_or_new(
        groups,
        |group| group.is_attached == is_attached && group.effect == effect,
        || Group {
            is_attached,
            effect,
            ways: Vec::new(),
        },
    );
    let ways = &mut groups[group].ways;
    let hooks = position_or_new(
        ways,
        |hooks| hooks.method == method && hooks.cause == cause,
        || Hooks {
            method,
            cause,
            names: Vec::new(),
        },
    );
    ways[hooks].names.push(name(attachment));
}

/// Index of the first item that is the same, or of a new one at the end.
fn position_or_new<T>(
    items: &mut Vec<T>,
    is_same: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> usize {
    items.iter().position(is_same).unwrap_or_else(|| {
        items.push(new());
        items.len() - 1
    })
}

/// As kprobe events name it: `[MODULE:]FUNCTION`.
fn name(attachment: &Attachment) -> String {
    match attachment.module.as_str() {
        "vmlinux" => attachment.function.clone(),
        module => format!("{module}:{}", attachment.function),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(function: &str, method: Option<&str>, note: Option<&str>) -> Attachment {
        let module = function.split_once('_').map_or("vmlinux", |split| split.0);
        Attachment {
            function: function.to_owned(),
            module: module.to_owned(),
            gives: "whole requests, early rejections, fallback to the page cache".to_owned(),
            method: method.map(str::to_owned),
            note: note.map(str::to_owned),
            failures: Vec::new(),
            lost: method.map_or("early rejections", |_| "").to_owned(),
        }
    }

    #[test]
    fn one_cause_is_said_once_and_lines_fit() {
        const NO_BTF: Option<&str> = Some("fexit and fentry: its module has no BTF");
        const BOTH: Option<&str> = Some("kprobe/kretprobe");
        let attachments = [
            attachment("blkdev", Some("fentry/fexit"), None),
            attachment("xfs_file_write_iter", BOTH, NO_BTF),
            attachment("ext4_file_read_iter", BOTH, NO_BTF),
            attachment(
                "btrfs_file_read_iter",
                None,
                Some("kprobe: not in this kernel"),
            ),
            attachment("ext4_file_write_iter", BOTH, NO_BTF),
        ];
        let mut page = Page::default();
        write(&mut page, &attachments);
        let text = page.finish();
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "  ok   whole requests, early rejections, fallback to the page cache",
                "       fentry/fexit: blkdev",
                "       kprobe/kretprobe (1): xfs:xfs_file_write_iter, ext4:ext4_file_read_iter,",
                "                             ext4:ext4_file_write_iter",
                "  --   lost: early rejections",
                "       not attached (2): btrfs:btrfs_file_read_iter",
                "  (1) fexit and fentry: its module has no BTF",
                "  (2) kprobe: not in this kernel",
            ]
        );
    }
}
