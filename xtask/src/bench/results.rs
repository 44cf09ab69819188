//! What a run of the benchmark found, as it stands in the JSON file.

use serde::{Deserialize, Serialize};

/// Everything found on one kernel. Guest instructions throughout, where nothing else is said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Results {
    /// As `uname -r` prints it.
    pub(super) kernel: String,
    /// `bpftrace v0.17.0`; absent where it is not installed.
    pub(super) bpftrace: Option<String>,
    pub(super) cases: Vec<Row>,
    pub(super) figures: Vec<Figure>,
    /// What each of dio-trace's programs costs in some of the cases.
    pub(super) programs: Vec<Program>,
}

impl Results {
    /// Adds one.
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
    /// Bytes, or negative errno.
    pub(super) result: i64,
    /// A request with nothing attached.
    pub(super) untraced: Spread,
    /// What programs that do nothing add, at the functions that dio-trace hooks.
    pub(super) floor: Option<Cost>,
    /// What dio-trace adds.
    pub(super) dio_trace: Option<Cost>,
    /// What bpftrace adds, with one pair of probes.
    pub(super) bpftrace: Option<Cost>,
    /// What dio-trace should add at most, userspace included where a record is delivered.
    pub(super) target: Option<f64>,
}

/// Instructions of one request, over all rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Spread {
    /// The median; where records are delivered the mean, as waking userspace up belongs to the cost.
    pub(super) typical: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// What an observer adds to one request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Cost {
    /// In the thread that asks, probes included: difference to untraced.
    pub(super) added: f64,
    /// In that thread, over all rounds.
    pub(super) spread: Spread,
    /// In the observer's own process, until the record is written; absent where none is sent.
    pub(super) userspace: Option<f64>,
}

impl Cost {
    /// All that is added, wherever.
    pub(super) fn total(&self) -> f64 {
        self.added + self.userspace.unwrap_or(0.0)
    }
}

/// One number that is no request's. Less is better in all of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: Unit,
    pub(super) target: Option<f64>,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    Instructions,
    /// Of guest time, 10^9 instructions each.
    Seconds,
    Mebibytes,
    /// For each request.
    Times,
    /// Of all requests.
    Percent,
}

/// One program's part in a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Program {
    pub(super) case: String,
    /// Where it is attached: `entry of iomap_dio_rw`.
    pub(super) place: String,
    /// eBPF instructions that the verifier looked at when it was loaded.
    pub(super) verified: u32,
    /// Runs for each request.
    pub(super) runs: f64,
    /// For each request, as the kernel counts them (`kernel.bpf_stats_enabled`), which is without
    /// what calling the program takes.
    pub(super) instructions: f64,
}
