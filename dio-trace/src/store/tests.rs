//! The store over scripted traces: its sums, its bounds and its filters.

use super::*;
use crate::{
    filter::Filter,
    model::{Batch, Record, Verdict},
    source::{EventSource, script::Script},
};

fn batches(mut script: Script) -> Vec<Batch> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut batches = Vec::new();
        while let Some(batch) = script.next_batch().await.unwrap() {
            batches.push(batch);
        }
        batches
    })
}

fn store(batches: &[Batch]) -> Store {
    let mut store = Store::new(Script::night(0).environment().clone());
    for batch in batches {
        store.add(batch.clone());
    }
    store
}

fn tally<'a>(records: impl IntoIterator<Item = &'a Record>) -> Tally {
    let mut tally = Tally::default();
    for record in records {
        tally.add(record);
    }
    tally
}

fn all_records(batches: &[Batch]) -> impl Iterator<Item = &Record> {
    batches.iter().flat_map(|batch| &batch.records)
}

const GROUPINGS: [Grouping; 5] = [
    Grouping::Processes,
    Grouping::Tree,
    Grouping::Files,
    Grouping::Devices,
    Grouping::Reasons,
];

#[test]
fn every_grouping_adds_up_to_the_records_that_the_filter_matches() {
    let batches = batches(Script::night(20));
    let store = store(&batches);
    for line in [
        "",
        "verdict=rejected",
        "comm=qemu* verdict=accepted operation=read",
        "disk=nvme1n1 disk=8:0",
        "path=/var/lib/mysql/*",
        "pid=2210 pid=9001",
        "cgroup=*.service verdict=buffered verdict=aligned",
        "comm=nobody",
    ] {
        let filter = Filter::parse(line).unwrap();
        let expected = tally(all_records(&batches).filter(|record| filter.matches(record)));
        for grouping in GROUPINGS {
            let view = View {
                filter: filter.clone(),
                grouping,
                ..View::default()
            };
            let snapshot = store.snapshot(&view);
            assert_eq!(snapshot.selected.tally, expected, "{line} {grouping:?}");
            let mut sum = Tally::default();
            for (_, row) in snapshot.rows.iter().filter(|(depth, _)| *depth == 0) {
                sum.merge(&row.tally);
            }
            assert_eq!(sum, expected, "{line} {grouping:?}");
        }
    }
}

#[test]
fn the_default_order_puts_trouble_first() {
    let store = store(&batches(Script::night(20)));
    let snapshot = store.snapshot(&View::default());
    let comms: Vec<_> = snapshot
        .rows
        .iter()
        .filter_map(|(_, row)| match &row.process {
            Some(ProcessKey::One { comm, .. }) => Some(&**comm),
            _ => None,
        })
        .take(6)
        .collect();
    assert_eq!(
        comms,
        [
            "qemu-system-x86",
            "mariadbd",
            "scylla",
            "restic",
            "slapd",
            "fio"
        ]
    );
    let first = &snapshot.rows[0].1;
    assert_eq!(first.disk.as_deref(), Some("nvme1n1"));
    assert_eq!(first.main.map(|kind| kind.verdict), Some(Verdict::Rejected));
    assert!(first.rate > 400.0 && first.rate < 500.0, "{}", first.rate);
}

#[test]
fn drilling_down_ends_at_single_requests() {
    let store = store(&batches(Script::night(90)));
    let mut view = View {
        grouping: Grouping::Reasons,
        ..View::default()
    };
    let snapshot = store.snapshot(&view);
    let (_, row) = &snapshot.rows[0];
    let RowKey::Kind(kind) = row.key else {
        panic!("{:?}", row.key)
    };
    view.scope = Scope {
        process: row.process.clone(),
        kind: Some(kind),
        ..Scope::default()
    };
    view.grouping = Grouping::Requests;
    view.order = Order {
        column: Column::Time,
        descending: true,
    };
    let requests = store.snapshot(&view).requests;
    assert!(!requests.is_empty());
    assert!(requests.is_sorted_by(|a, b| a.time >= b.time));
    assert!(requests.iter().all(|record| view.scope.contains(record)));
    view.window = Window::LastMinute;
    assert!(store.snapshot(&view).requests.len() <= requests.len());
}

#[test]
fn the_last_minute_forgets() {
    let mut batches = batches(Script::night(10));
    let quiet = Batch {
        time: Timestamp(batches[9].time.0 + 80_000_000_000),
        ..Batch::default()
    };
    batches.push(quiet);
    let store = store(&batches);
    let view = View {
        window: Window::LastMinute,
        ..View::default()
    };
    let snapshot = store.snapshot(&view);
    assert!(snapshot.rows.is_empty());
    assert_eq!(snapshot.selected.tally, Tally::default());
    assert_eq!(snapshot.total, tally(all_records(&batches)));
}

#[test]
fn a_reset_keeps_losses() {
    let mut store = store(&batches(Script::night(45)));
    store.reset();
    let snapshot = store.snapshot(&View::default());
    assert!(snapshot.rows.is_empty() && snapshot.total == Tally::default());
    assert!(!snapshot.losses.is_empty());
    assert!(snapshot.log.len() > 1);
}

#[test]
fn any_number_of_processes_and_files_fits_and_adds_up() {
    let mut store = Store::new(Script::night(0).environment().clone());
    let template = Script::night(2);
    let template = batches(template)[1].records[0].clone();
    let mut expected = 0;
    for tick in 0..5_i64 {
        let records = (0..16_000_u32).map(|n| Record {
            pid: n + 16_000 * u32::try_from(tick).unwrap(),
            inode: Some(u64::from(n)),
            ..template.clone()
        });
        let records: Vec<_> = records.collect();
        expected += records.len() as u64;
        store.add(Batch {
            time: Timestamp(tick * 1_000_000_000),
            records,
            losses: Vec::new(),
        });
        assert!(store.cells() <= CELLS_MAX + 1, "{}", store.cells());
    }
    // One process with more files than are distinguished.
    let records = (0..10_000_u64)
        .map(|n| Record {
            inode: Some(n),
            pid: 1,
            ..template.clone()
        })
        .collect::<Vec<_>>();
    expected += records.len() as u64;
    store.add(Batch {
        time: Timestamp(7_000_000_000),
        records,
        losses: Vec::new(),
    });
    for grouping in GROUPINGS {
        let snapshot = store.snapshot(&View {
            grouping,
            ..View::default()
        });
        assert_eq!(
            snapshot.selected.tally.total().count,
            expected,
            "{grouping:?}"
        );
        assert!(snapshot.folded > 0);
    }
    let view = View {
        grouping: Grouping::Processes,
        ..View::default()
    };
    let rows = store.snapshot(&view).rows;
    assert!(
        rows.iter()
            .any(|(_, row)| row.key == RowKey::Process(ProcessKey::Others))
    );
}

/// Active processes would be back at once: folding them makes no room.
#[test]
fn a_process_that_goes_on_is_not_folded_for_those_that_ended_in_trouble() {
    let mut store = Store::new(Script::night(0).environment().clone());
    let started = store.time.0;
    let batches = batches(Script::night(20));
    let find = |verdict| {
        let found = all_records(&batches).find(|record| record.verdict == verdict);
        found.unwrap().clone()
    };
    let (fault, good) = (find(Verdict::Rejected), find(Verdict::Aligned));
    let goes_on = Record { pid: 77, ..good };
    let most = u32::try_from(CELLS_MAX).unwrap() - 50;
    for (second, pids) in [
        (100, 1_000..1_000 + most),
        (150, 0..0),
        (200, 500_000..500_100),
    ] {
        let faults = pids.map(|pid| Record {
            pid,
            ..fault.clone()
        });
        store.add(Batch {
            time: Timestamp(started + second * 1_000_000_000),
            records: [goes_on.clone()].into_iter().chain(faults).collect(),
            losses: Vec::new(),
        });
    }
    let snapshot = store.snapshot(&View {
        grouping: Grouping::Processes,
        ..View::default()
    });
    assert!(snapshot.folded > 0);
    let own = ProcessKey::of(&goes_on);
    let row = snapshot
        .rows
        .iter()
        .find(|(_, row)| row.key == RowKey::Process(own.clone()));
    let tally = &row.expect("it has its row").1.tally;
    assert_eq!(tally.total().count, 3 * goes_on.count);
}
