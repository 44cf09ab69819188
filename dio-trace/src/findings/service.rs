//! The service or container that a control group belongs to.

use std::sync::Arc;

use crate::model::Record;

/// Length of the id by which container tools name a container, in digits.
const ID: usize = 12;

/// The innermost service, virtual machine or container of a control group's path. `None` for login
/// sessions: who was logged in is no part of a cause.
#[must_use]
pub fn service(cgroup: &str) -> Option<String> {
    cgroup.rsplit('/').find_map(|part| {
        if part.ends_with(".service") {
            return Some(part.to_owned());
        }
        let name = part.strip_suffix(".scope").unwrap_or(part);
        if name.starts_with("machine-") {
            return Some(name.to_owned());
        }
        let id = name.rsplit('-').next().unwrap_or(name);
        let is_id = id.len() == 64 && id.bytes().all(|one| one.is_ascii_hexdigit());
        is_id.then(|| format!("container {}", &id[..ID]))
    })
}

/// The service or container of a record's process.
#[must_use]
pub fn unit(record: &Record) -> Option<Arc<str>> {
    record.cgroup.as_deref().and_then(service).map(Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_machines_and_containers_have_names() {
        let id = "0123456789ab".repeat(5) + "cdef";
        for (cgroup, expected) in [
            (
                "/system.slice/system-postgresql.slice/postgresql@17-main.service",
                Some("postgresql@17-main.service"),
            ),
            (
                "/machine.slice/machine-qemu\\x2d3\\x2dweb.scope/libvirt/emulator",
                Some("machine-qemu\\x2d3\\x2dweb"),
            ),
            ("/user.slice/user-1000.slice/session-4.scope", None),
            ("/", None),
            (
                &format!("/system.slice/docker-{id}.scope"),
                Some("container 0123456789ab"),
            ),
            (&format!("/docker/{id}"), Some("container 0123456789ab")),
        ] {
            assert_eq!(service(cgroup).as_deref(), expected, "{cgroup}");
        }
    }
}
