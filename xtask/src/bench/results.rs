//! The results of one run of the benchmark, as the JSON file contains them.

use serde::{Deserialize, Serialize};

/// All results on one kernel, in guest instructions unless stated otherwise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Results {
    /// Kernel release, as `uname -r` prints it.
    pub(super) kernel: String,
    /// Name and version, such as `bpftrace v0.17.0`; absent where it is not installed.
    pub(super) bpftrace: Option<String>,
    pub(super) cases: Vec<Row>,
    pub(super) figures: Vec<Figure>,
    /// The cost of each of dio-trace's programs in some of the cases.
    pub(super) programs: Vec<Program>,
}

impl Results {
    /// Adds a figure.
    pub(super) fn figure(&mut self, name: &str, value: f64, unit: Unit, target: Option<f64>) {
        self.figures.push(Figure {
            name: name.to_owned(),
            value,
            unit,
            target,
        });
    }
}

/// One request, repeated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    /// Result of the request: bytes, or a negative errno.
    pub(super) result: i64,
    /// Instructions of a request with nothing attached.
    pub(super) untraced: Spread,
    /// Instructions added by programs that do nothing, at the functions that dio-trace hooks.
    pub(super) floor: Option<Cost>,
    /// Instructions added by dio-trace.
    pub(super) dio_trace: Option<Cost>,
    /// Instructions added by bpftrace with one pair of probes.
    pub(super) bpftrace: Option<Cost>,
    /// Most instructions that dio-trace should add, userspace included where a record is delivered.
    pub(super) target: Option<f64>,
}

/// Instructions of one request, over all rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Spread {
    /// The median; the mean where records are delivered, because waking userspace belongs to the
    /// cost.
    pub(super) typical: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The cost that an observer adds to one request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Cost {
    /// Instructions added to the issuing thread, probes included: the difference to untraced.
    pub(super) added: f64,
    /// All instructions of that thread, over all rounds.
    pub(super) spread: Spread,
    /// Instructions of the observer's own process, until the record is written; absent where none
    /// is sent.
    pub(super) userspace: Option<f64>,
}

impl Cost {
    /// All added instructions together.
    pub(super) fn total(&self) -> f64 {
        self.added + self.userspace.unwrap_or(0.0)
    }
}

/// One number that does not belong to a request. Lower is better for all of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: Unit,
    pub(super) target: Option<f64>,
}

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    Instructions,
    /// Seconds of guest time, 10^9 instructions each.
    Seconds,
    Mebibytes,
    /// Occurrences for each request.
    Times,
    /// Share of all requests.
    Percent,
}

/// The part of one program in the cost of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Program {
    pub(super) case: String,
    /// Its place, such as `entry of iomap_dio_rw`.
    pub(super) place: String,
    /// eBPF instructions that the verifier processed when it was loaded.
    pub(super) verified: u32,
    /// Number of runs for each request.
    pub(super) runs: f64,
    /// Instructions for each request, as the kernel counts them (`kernel.bpf_stats_enabled`):
    /// without the cost of calling the program.
    pub(super) instructions: f64,
}
