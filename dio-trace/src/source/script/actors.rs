//! The programs of the script and their files.

use crate::{
    model::{Interface, RAW_DEVICE},
    source::script::environment::Disk,
};

/// A file of the script.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) filesystem: &'static str,
    pub(super) inode: u64,
    pub(super) disk: Disk,
}

const fn file(path: &'static str, filesystem: &'static str, inode: u64, disk: Disk) -> File {
    File {
        path,
        filesystem,
        inode,
        disk,
    }
}

pub(super) const IMAGE: File = file(
    "/var/lib/libvirt/images/web.raw",
    "xfs",
    7_340_119,
    Disk::Nvme4K,
);
pub(super) const REDO_LOG: File = file("/var/lib/mysql/ib_logfile0", "xfs", 131, Disk::Nvme4K);
pub(super) const TABLES: File = file("/var/lib/mysql/shop/orders.ibd", "xfs", 1_182, Disk::Nvme4K);
pub(super) const COMMIT_LOG: File = file(
    "/var/lib/scylla/commitlog/CommitLog-4-7.log",
    "xfs",
    902,
    Disk::Nvme4K,
);
pub(super) const BACKUP: File = file("/srv/backup/repo/data/9f/9f31", "btrfs", 40_961, Disk::Sata);
pub(super) const DIRECTORY: File = file("/var/lib/ldap/id2entry.bdb", "xfs", 5_511, Disk::Nvme512);
pub(super) const RAW: File = file("/dev/nvme0n1", RAW_DEVICE, 339, Disk::Nvme512);
pub(super) const WAL: File = file(
    "/var/lib/postgresql/17/main/pg_wal/000000010000000A",
    "xfs",
    88,
    Disk::Nvme512,
);
pub(super) const ODD_NAME: File = file(
    "/tmp/\u{1b}[2Jreport\u{202e}gpj.\n",
    "xfs",
    66,
    Disk::Nvme512,
);

/// A program of the script.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    /// Its process id.
    pub pid: u32,
    pub(super) uid: u32,
    pub(super) comm: &'static str,
    pub(super) thread: &'static str,
    pub(super) cgroup: &'static str,
    pub(super) interface: Interface,
    pub(super) part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Qemu,
    MariaDb,
    Scylla,
    Backup,
    Directory,
    Fio,
    Postgres,
    OddName,
}

const fn actor(
    pid: u32,
    uid: u32,
    comm: &'static str,
    thread: &'static str,
    cgroup: &'static str,
    interface: Interface,
    part: Part,
) -> Actor {
    Actor {
        pid,
        uid,
        comm,
        thread,
        cgroup,
        interface,
        part,
    }
}

impl Actor {
    /// All programs.
    pub const ALL: &'static [Self] = &[
        actor(
            4182,
            64_055,
            "qemu-system-x86",
            "IO iothread1",
            "/machine.slice/machine-qemu\\x2d3\\x2dweb.scope",
            Interface::IoUring,
            Part::Qemu,
        ),
        actor(
            2210,
            110,
            "mariadbd",
            "ib_log_writer",
            "/system.slice/mariadb.service",
            Interface::Sync,
            Part::MariaDb,
        ),
        actor(
            3307,
            112,
            "scylla",
            "reactor-3",
            "/scylla.slice/scylla-server.service",
            Interface::Aio,
            Part::Scylla,
        ),
        actor(
            7731,
            0,
            "restic",
            "restic",
            "/system.slice/backup.service",
            Interface::Sync,
            Part::Backup,
        ),
        actor(
            1044,
            114,
            "slapd",
            "slapd",
            "/system.slice/slapd.service",
            Interface::Sync,
            Part::Directory,
        ),
        actor(
            9001,
            0,
            "fio",
            "fio",
            "/user.slice/user-0.slice/session-4.scope",
            Interface::IoUring,
            Part::Fio,
        ),
        actor(
            1500,
            115,
            "postgres",
            "walwriter",
            "/system.slice/postgresql@17-main.service",
            Interface::Sync,
            Part::Postgres,
        ),
        actor(
            6666,
            1000,
            "od\u{1b}[31md\tname",
            "odd",
            "/user.slice/user-1000.slice",
            Interface::Sync,
            Part::OddName,
        ),
    ];

    /// Whether it issues only aligned requests.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        matches!(self.part, Part::Fio | Part::Postgres | Part::OddName)
    }
}
