//! What is wrong is said once, however many files, processes and rows it is spread over.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::{path::Path, process::Command};

use dio_trace::{
    compare::{Basis, Change, Comparison},
    filter::Filter,
    model::{Batch, Operation, Record, Timestamp},
    report::{Collector, Detail, Look, Summary, findings, page},
};

fn summary(records: impl IntoIterator<Item = Record>) -> Summary {
    let mut collector = Collector::new(common::environment());
    collector.add(&Batch {
        time: Timestamp(common::START + 1_000_000_000),
        records: records.into_iter().collect(),
        losses: Vec::new(),
    });
    collector.finish()
}

/// A misaligned write of this program to a file of its own.
fn fault(program: &'static str, path: &str) -> Record {
    let who = common::Who {
        comm: program,
        ..common::MYSQL
    };
    let parts = [(0x7f22_0000_0000, 512)];
    let mut record = common::request(who, common::START, Operation::Write, 512, &parts);
    record.path = Some(path.into());
    record
}

fn text(summary: &Summary, detail: Detail) -> String {
    let look = Look {
        width: Some(100),
        colour: false,
    };
    page(summary, &Filter::default(), "trace.dio", detail).text(look)
}

fn postgres(arguments: &[&str]) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dio-trace"));
    // Below its directory the recording has the same name on every machine, and lines break alike.
    command.current_dir(data).arg(arguments[0]);
    command.arg("postgres-on-btrfs.dio").args(&arguments[1..]);
    let output = command.env("COLUMNS", "100").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A real database (`PostgreSQL`) with direct I/O on btrfs, of whose requests a third went through the page cache.
#[test]
fn a_real_database_has_one_cause_and_the_headline_names_it() {
    let text = postgres(&["report"]);
    assert!(text.starts_with("3,847 buffered of 10,615 direct requests (36.2%), by postgres"));
    let first: Vec<&str> = text.lines().take(30).collect();
    assert!(
        first.iter().any(|line| line.starts_with("   change  ")),
        "{text}"
    );
    assert!(
        first.iter().any(|line| line.contains("chattr +C")),
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&postgres(&["report", "--format", "json"])).unwrap();
    let findings = json["findings"].as_array().unwrap();
    assert!((1..=3).contains(&findings.len()), "{findings:?}");
    assert_eq!(findings[0]["count"], 3847);
    let headline = json["headline"].as_str().unwrap();
    assert!(
        text.replace("\n", " ").starts_with(headline),
        "wrapped, and the same"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_report_for_a_ticket_says_the_same() {
    insta::assert_snapshot!(postgres(&["report", "--format", "markdown"]));
    let html = postgres(&["report", "--format", "html"]);
    for forbidden in ["<script", "http:", "https:", "src=", "url("] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("<svg"), "the picture of a request");
    insta::assert_snapshot!(html);
}

#[test]
fn a_hundred_thousand_files_of_one_program_are_one_finding() {
    let records = (0..100_000).map(|number| fault("backup", &format!("/data/{number}/file")));
    let summary = summary(records);
    let findings = findings(&summary);
    let [only] = &findings[..] else {
        panic!("{} findings", findings.len());
    };
    assert_eq!(only.volume.count, 100_000);
    assert_eq!(only.of, 100_000);
    assert_eq!(only.files.count(), 100_000);
    assert_eq!(only.files.directory.path(), "/data/");
    assert!(text(&summary, Detail::default()).contains("100,000 in /data/: "));
}

#[test]
fn ten_programs_with_ten_faults_are_ten_findings_on_one_screen() {
    const PROGRAMS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let records = PROGRAMS.into_iter().flat_map(|program| {
        (0..3).map(move |number| fault(program, &format!("/srv/{program}/{number}")))
    });
    let summary = summary(records);
    assert_eq!(findings(&summary).len(), 10);
    let text = text(&summary, Detail::default());
    for program in PROGRAMS {
        assert!(text.contains(&format!(". {program} ")), "{text}");
    }
    assert!(text.lines().count() <= 50, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn requests_that_were_only_counted_join_those_whose_error_is_known() {
    let mut counted = fault("mysqld", "/a");
    (counted.count, counted.request) = (1_000, None);
    let summary = summary([fault("mysqld", "/a"), counted]);
    let findings = findings(&summary);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].volume.count, 1_001);
    assert_eq!(findings[0].key.errno, 22);
}

#[test]
fn a_path_that_was_found_late_does_not_make_another_file() {
    let mut early = fault("mysqld", "/a");
    early.path = None;
    let summary = summary([early, fault("mysqld", "/a")]);
    let findings = findings(&summary);
    assert_eq!(findings[0].files.count(), 1);
    assert_eq!(findings[0].files.listed[0].1, 2);
}

#[test]
fn a_finding_has_the_same_id_in_every_recording() {
    let one = summary([fault("mysqld", "/a"), fault("mysqld", "/b")]);
    let other = summary([fault("mysqld", "/c"), fault("restic", "/c")]);
    let ids = |summary: &Summary| {
        let findings = findings(summary);
        findings.iter().map(|one| one.key.id()).collect::<Vec<_>>()
    };
    assert!(ids(&other).contains(&ids(&one)[0]));
    assert_eq!(ids(&other).len(), 2);
}

#[test]
fn all_files_are_listed_on_request() {
    let records = (0..9).map(|number| fault("backup", &format!("/data/{number}")));
    let detail = Detail {
        all_files: true,
        ..Detail::default()
    };
    let summary = summary(records);
    let text = text(&summary, detail);
    for number in 0..9 {
        assert!(
            text.contains(&format!("                {number} (1)\n")),
            "{text}"
        );
    }
}

/// `bad` misaligned and `good` aligned requests of a program on one file.
fn work(path: &str, inode: u64, bad: usize, good: u64) -> Vec<Record> {
    let mut records = vec![fault("mysqld", path); bad];
    records.push(common::counted(common::MYSQL, common::START, good));
    for record in &mut records {
        (record.path, record.inode) = (Some(path.into()), Some(inode));
    }
    records
}

fn change(before: Vec<Record>, after: Vec<Record>) -> (Change, Basis) {
    let comparison = Comparison::of(&summary(before), &summary(after));
    let [only] = &comparison.lines[..] else {
        panic!("{comparison:?}");
    };
    (only.change, only.basis)
}

#[test]
fn a_file_under_another_path_is_the_same_file() {
    let before = work("/data/a", 5, 100, 900);
    let after = work("/chroot/data/renamed", 5, 0, 1_000);
    assert_eq!(change(before, after), (Change::Fixed, Basis::SameFiles));
}

#[test]
fn a_file_that_was_made_again_is_the_same_by_its_path() {
    let before = work("/data/a", 5, 100, 900);
    let after = work("/data/a", 6, 100, 900);
    assert_eq!(change(before, after), (Change::Same, Basis::SameFiles));
}

#[test]
fn other_files_of_the_same_disk_are_compared_by_cause() {
    let before = work("/data/a", 5, 100, 900);
    let fixed = work("/data/b", 6, 0, 1_000);
    assert_eq!(
        change(before.clone(), fixed),
        (Change::Fixed, Basis::SameCause)
    );
    let same = work("/data/b", 6, 10, 90);
    assert_eq!(change(before, same), (Change::Same, Basis::SameCause));
}

#[test]
fn work_on_other_files_does_not_hide_a_fault() {
    let before = work("/data/a", 5, 100, 900);
    let mut after = before.clone();
    after.extend(work("/data/b", 6, 0, 1_000_000));
    assert_eq!(change(before, after), (Change::Same, Basis::SameFiles));
}

#[test]
fn a_program_that_did_nothing_there_cannot_be_compared() {
    let before = work("/data/a", 5, 100, 900);
    let after = vec![common::counted(common::FIO, common::START, 1_000)];
    let (change, _) = change(before, after);
    assert_eq!(change, Change::Unknown);
}

/// On the usual terminal nobody has to scroll for what is wrong and what to change: neither among the
/// findings nor at a single request.
#[test]
fn the_smallest_usual_screen_says_why_and_what_to_change() {
    for keys in ["", "Enter Enter Enter Enter Enter"] {
        let screen = postgres(&["replay", "--screenshot", "80x24", "--keys", keys]);
        assert!(screen.contains("despite O_DIRECT"), "{screen}");
        assert!(screen.contains("(chattr +C on the empty file)"), "{screen}");
    }
}
