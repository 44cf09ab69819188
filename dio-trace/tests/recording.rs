//! Recordings on disk: their size, and what is left of them when the recorder is killed.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use dio_trace::{
    model::{Batch, Timestamp},
    recording::{Decoder, Ending, Files, Pace, Reader, Recorder, Room, Row, Target, Writer},
};

/// Names the file that [`a_recorder`] writes; set only for the processes that the tests start.
const WRITE: &str = "DIO_TRACE_TEST_WRITE";
/// Rows that [`a_recorder`] writes, in batches of [`ROWS_PER_BATCH`].
const ROWS: &str = "DIO_TRACE_TEST_ROWS";
const ROWS_PER_BATCH: usize = 64;

fn files(path: &Path) -> Files {
    Files {
        path: path.to_owned(),
        max_size: None,
        keep: 0,
    }
}

/// Batches that read back whole, and how the file ends.
fn read(path: &Path) -> (Vec<Batch>, Ending) {
    let mut reader = Reader::new(BufReader::new(File::open(path).unwrap())).unwrap();
    let mut decoder = Decoder::default();
    let mut batches = Vec::new();
    while let Some(rows) = reader.next_rows().unwrap() {
        batches.extend(decoder.batches(&rows).unwrap());
    }
    (batches, reader.ending().unwrap())
}

/// Not a test by itself: a recorder for others to kill, and a maker of large recordings.
#[test]
fn a_recorder() {
    let Some(path) = std::env::var_os(WRITE).map(PathBuf::from) else {
        return;
    };
    let rows = std::env::var(ROWS).unwrap().parse().unwrap();
    let per_batch = if rows > 1_000_000 {
        8_192
    } else {
        ROWS_PER_BATCH
    };
    let mut recorder = Recorder::start(Target::Files(files(&path)), common::environment()).unwrap();
    for batch in common::busy(rows, per_batch) {
        if recorder.write(batch).is_err() {
            // The disk is full, as one of the tests wants.
            return;
        }
        if per_batch == ROWS_PER_BATCH {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    recorder
        .finish(Timestamp(common::START + 600_000_000_000))
        .unwrap();
}

#[test]
fn killed_at_any_moment_it_reads_back_to_the_last_whole_batch() {
    let directory = tempfile::tempdir().unwrap();
    let written: Vec<Batch> = common::busy(64 * 1_000, ROWS_PER_BATCH).collect();
    let mut seen = Vec::new();
    for kill in 0..50_u64 {
        let path = directory.path().join(format!("{kill}.dio"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_recorder"])
            .env(WRITE, &path)
            .env(ROWS, "640000")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over the first writes, with a prime step so that no moment repeats.
        std::thread::sleep(Duration::from_millis(20 + kill * 37 % 1_900));
        child.kill().unwrap();
        child.wait().unwrap();
        if !path.exists() || path.metadata().unwrap().len() == 0 {
            continue;
        }
        let (batches, ending) = read(&path);
        assert_eq!(ending, Ending::Cut);
        for (read, written) in batches.iter().zip(&written) {
            assert_eq!(read, written);
        }
        seen.push(batches.len());
    }
    assert!(
        seen.len() >= 25,
        "most recordings have a head: {}",
        seen.len()
    );
    assert!(seen.iter().any(|batches| *batches > 0), "some hold batches");
}

#[test]
fn a_full_disk_leaves_a_whole_recording() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.dio");
    // A limit on the size of files stands in for a full disk; in units of 512 bytes.
    let status = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 2000; exec \"$0\" --exact a_recorder",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(WRITE, &path)
        .env(ROWS, "64000")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(path.metadata().unwrap().len() <= 1_024_000);
    let (batches, ending) = read(&path);
    assert_eq!(ending, Ending::Finished);
    assert!(!batches.is_empty());
}

#[test]
fn a_detailed_record_takes_less_than_40_bytes() {
    let rows = 50_000;
    let mut writer = Writer::new(
        Vec::new(),
        common::environment(),
        Pace {
            flush: Duration::MAX,
            ..Pace::FILE
        },
    )
    .unwrap();
    for batch in common::busy(rows, 2_500) {
        writer.write(batch).unwrap();
    }
    let bytes = writer.finish(Batch::default()).unwrap();
    let each = bytes.len() as f64 / rows as f64;
    println!("{each:.1} bytes for each detailed record");
    assert!(each < 40.0, "{each:.1} bytes");
}

#[test]
fn a_full_file_moves_on_and_the_oldest_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.dio");
    let target = Target::Files(Files {
        path: path.clone(),
        max_size: Some(20_000),
        keep: 2,
    });
    let mut recorder = Recorder::start(target, common::environment()).unwrap();
    let mut batches = common::busy(16_384 * 6, 16_384);
    for batch in batches.by_ref() {
        assert_eq!(recorder.write(batch).unwrap(), Room::Left);
    }
    recorder.finish(Timestamp(common::START)).unwrap();
    let mut names: Vec<_> = directory
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["trace.dio", "trace.dio.1", "trace.dio.2"]);
    for name in names {
        assert_eq!(read(&directory.path().join(name)).1, Ending::Finished);
    }
}

#[test]
fn without_rotation_a_full_file_ends_the_recording() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.dio");
    let target = Target::Files(Files {
        path: path.clone(),
        max_size: Some(20_000),
        keep: 0,
    });
    let mut recorder = Recorder::start(target, common::environment()).unwrap();
    let rooms: Vec<Room> = common::busy(16_384 * 2, 16_384)
        .map(|batch| recorder.write(batch).unwrap())
        .collect();
    assert_eq!(rooms[0], Room::Full);
    assert_eq!(read(&path).1, Ending::Finished);
}

#[test]
fn only_recordings_are_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "not to be lost").unwrap();
    assert!(
        files(&path)
            .check()
            .unwrap_err()
            .contains("not overwritten")
    );
    let recording = directory.path().join("trace.dio");
    Recorder::start(Target::Files(files(&recording)), common::environment())
        .unwrap()
        .finish(Timestamp(0))
        .unwrap();
    files(&recording).check().unwrap();
    assert!(
        files(directory.path())
            .check()
            .unwrap_err()
            .contains("directory")
    );
}

/// The sample of every version must stay readable. A new schema version adds a file; existing ones
/// are never changed.
#[test]
fn recordings_of_every_version_are_readable() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let path = samples.join("v1.dio");
    if std::env::var_os("DIO_TRACE_WRITE_SAMPLE").is_some() {
        let pace = Pace {
            flush: Duration::ZERO,
            ..Pace::FILE
        };
        let mut writer = Writer::new(Vec::new(), common::environment(), pace).unwrap();
        for batch in common::story() {
            writer.write(batch).unwrap();
        }
        let time = Timestamp(common::START + 600_000_000_000);
        let bytes = writer
            .finish(Batch {
                time,
                ..Batch::default()
            })
            .unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let mut bytes = Vec::new();
    File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert_eq!(reader.metadata().schema_version, 1);
    assert_eq!(reader.metadata().environment, common::environment());
    let decoder = Decoder::default();
    let mut rows = Vec::new();
    while let Some(batch) = reader.next_rows().unwrap() {
        rows.extend(decoder.rows(&batch).unwrap());
    }
    assert_eq!(reader.ending(), Some(Ending::Finished));
    let expected: usize = common::story()
        .iter()
        .map(|batch| batch.records.len() + batch.losses.len() + 1)
        .sum();
    assert_eq!(rows.len(), expected + 1);
    let sum: u64 = rows
        .iter()
        .map(|row| match row {
            Row::Record(record) => record.count,
            _ => 0,
        })
        .sum();
    assert_eq!(sum, 1_234_006);
}
