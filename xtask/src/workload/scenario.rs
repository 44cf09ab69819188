//! Small imitations of programs that are known for misaligned direct I/O.

use clap::ValueEnum;
use dio_trace_ebpf::words::Operation;

use super::{Call, Piece, request::Request};

/// A behaviour with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// A virtual machine monitor that assumes 512-byte blocks: it probes, then passes its guest's
    /// requests on unchanged
    QemuOn4k,
    /// A program that tries out block sizes until one is accepted, and then does everything right
    Probe,
    /// A program that tries larger and larger reads, none of which is accepted, and goes on elsewhere
    Tries,
    /// A database log written in blocks of 512 bytes
    Log512,
    /// A copy tool whose reads and writes are aligned to the device but not to pages
    Fallback,
    /// A program that reads into a buffer at an odd address
    OddBuffer,
    /// A descriptor opened with `O_DIRECT` by mistake: appends of 32 bytes
    Tiny,
    /// A program that does everything right
    Aligned,
    /// One request of each kind that the tests name
    Showcase,
}

const PAGE: u64 = 4096;

/// Prints the names with their descriptions.
pub(super) fn list() {
    for name in Name::value_variants() {
        if let Some(value) = name.to_possible_value() {
            let help = value
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            println!("{:14} {help}", value.get_name());
        }
    }
}

impl Name {
    /// The requests of a scenario, in order.
    pub(super) fn requests(self) -> Vec<Request> {
        use Operation::{Read, Write};
        let mut plan = Plan(Vec::new());
        match self {
            Self::QemuOn4k => {
                // Tries block sizes first, then buffer alignments (block/file-posix.c).
                for length in [1, 512, 1024, 2048, 4096] {
                    plan.add("probe length", Call::Pread, Read, 0, &[(0, length)]);
                }
                for delta in [1, 512, 1024, 2048, 4096] {
                    plan.add("probe buffer", Call::Pread, Read, 0, &[(delta, 4096)]);
                }
                for block in 0..8 {
                    let offset = block * PAGE;
                    plan.add("guest page", Call::Preadv, Read, offset, &[(512, 4096)]);
                    plan.add(
                        "guest sectors",
                        Call::Preadv,
                        Read,
                        offset,
                        &[(0, 512), (8192, 3584)],
                    );
                    plan.add(
                        "guest sector",
                        Call::Preadv,
                        Read,
                        offset + 512,
                        &[(0, 512)],
                    );
                    plan.add("guest write", Call::Ring, Write, offset, &[(0, 4096)]);
                }
            }
            Self::Probe => {
                for length in [1, 512, 1024, 2048, 4096] {
                    plan.add("probe length", Call::Pread, Read, 0, &[(0, length)]);
                }
                for block in 0..8 {
                    plan.add("aligned", Call::Pread, Read, block * PAGE, &[(0, 4096)]);
                }
            }
            Self::Tries => {
                for length in [512, 1024, 2048] {
                    plan.add("try", Call::Pread, Read, 0, &[(0, length)]);
                }
                plan.add("aligned", Call::Pread, Read, 2 * PAGE, &[(0, 4096)]);
            }
            Self::Log512 => {
                for block in 0..32 {
                    plan.add("log block", Call::Pread, Write, block * 512, &[(0, 512)]);
                }
            }
            Self::Fallback => {
                for block in 0..16 {
                    let offset = block * PAGE;
                    plan.add("read", Call::Aio, Read, offset, &[(512, 4096)]);
                    plan.add("write", Call::Aio, Write, offset, &[(0, 4096)]);
                }
            }
            Self::OddBuffer => {
                for block in 0..16 {
                    plan.add("odd address", Call::Read, Read, block * PAGE, &[(1, 4096)]);
                    plan.add(
                        "odd address, small",
                        Call::Read,
                        Read,
                        block * PAGE,
                        &[(1, 512)],
                    );
                }
            }
            Self::Tiny => {
                for line in 0..64 {
                    plan.add("line", Call::Read, Write, line * 32, &[(0, 32)]);
                }
            }
            Self::Aligned => {
                for block in 0..64 {
                    let operation = if block % 4 == 0 { Write } else { Read };
                    plan.add("aligned", Call::Ring, operation, block * PAGE, &[(0, 4096)]);
                }
            }
            Self::Showcase => {
                plan.add("4096 at +512", Call::Pread, Read, 0, &[(512, 4096)]);
                plan.add(
                    "512 and 3584",
                    Call::Readv,
                    Read,
                    PAGE,
                    &[(0, 512), (8192, 3584)],
                );
                plan.add("page-local +1", Call::Pread, Read, 2 * PAGE, &[(1, 512)]);
                plan.add(
                    "page-local +512",
                    Call::Pread,
                    Read,
                    2 * PAGE,
                    &[(512, 512)],
                );
                plan.add("aio, odd length", Call::Aio, Read, 3 * PAGE, &[(0, 100)]);
                plan.add("aio, odd address", Call::Aio, Read, 4 * PAGE, &[(1, 4096)]);
                plan.add(
                    "write 4096 at +512",
                    Call::Pread,
                    Write,
                    5 * PAGE,
                    &[(512, 4096)],
                );
                plan.add("write 512", Call::Pread, Write, 6 * PAGE, &[(0, 512)]);
                plan.add("write aligned", Call::Pread, Write, 7 * PAGE, &[(0, 4096)]);
                plan.add("read aligned", Call::Pread, Read, 7 * PAGE, &[(0, 4096)]);
            }
        }
        plan.0
    }
}

struct Plan(Vec<Request>);

impl Plan {
    fn add(
        &mut self,
        shape: &str,
        call: Call,
        operation: Operation,
        offset: u64,
        pieces: &[(u64, u64)],
    ) {
        self.0.push(Request {
            call,
            operation,
            offset,
            pieces: pieces
                .iter()
                .map(|&(delta, length)| Piece { delta, length })
                .collect(),
            shape: shape.to_owned(),
        });
    }
}
