//! The summary as one JSON object.

use std::cmp::Reverse;

use serde_json::{Map, Value, json as object};

use crate::{
    diagnose::{diagnose, errno_name},
    model::{Flag, Reason, Record, RuleSet, Verdict},
    recording::Ending,
    report::{Case, File, Finding, Seen, Stacks, Summary, findings},
    store::{Tally, Volume},
};

/// The whole summary; its lists have the largest entries first.
#[must_use]
pub fn json(summary: &Summary) -> Value {
    let losses: Map<String, Value> = summary
        .losses
        .iter()
        .map(|loss| (loss.cause.word().to_owned(), loss.count.into()))
        .collect();
    object!({
        "schema_version": summary.metadata.schema_version,
        "environment": summary.metadata.environment,
        "recordings": summary.recordings,
        "hosts": summary.hosts,
        "started": summary.span.0.to_string(),
        "ended": summary.span.1.to_string(),
        "ending": match summary.ending {
            Ending::Finished => "finished",
            Ending::Cut => "cut",
            Ending::Damaged => "damaged",
        },
        "counts_exact": summary.losses.counts_are_exact(),
        "losses": losses,
        "total": tally_json(&summary.total),
        "by_process": rows(summary.processes.iter(), |process| object!({
            "comm": process.comm,
            "pid": process.pid,
        })),
        "by_file": rows(summary.files.iter(), |one| file(one)),
        "by_device": rows(summary.disks.iter().map(|(name, disk)| {
            (object!({ "disk": name, "limits": disk.limits }), &disk.tally)
        }), Value::clone),
        "headline": summary.headline().to_string(),
        "findings": findings(summary).iter().map(finding).collect::<Vec<_>>(),
        "cases": cases(summary),
    })
}

/// Counts and bytes of one tally, by verdict, reason and flag.
#[must_use]
pub fn tally_json(tally: &Tally) -> Value {
    let verdicts: Map<String, Value> = Verdict::ALL
        .iter()
        .map(|verdict| (verdict.word().to_owned(), volume(tally.verdict(*verdict))))
        .collect();
    let reasons: Map<String, Value> = Reason::ALL
        .iter()
        .map(|reason| (reason.word().to_owned(), tally.reason(*reason).count.into()))
        .collect();
    let flags: Map<String, Value> = Flag::ALL
        .iter()
        .map(|flag| (flag.word().to_owned(), tally.flag(*flag).count.into()))
        .collect();
    let worst = tally.worst();
    let total = tally.total();
    object!({
        "count": total.count,
        "bytes": total.bytes,
        "misaligned": tally.misaligned().count,
        "verdicts": verdicts,
        "reasons": reasons,
        "flags": flags,
        "worst": {
            "memory_alignment": worst.memory,
            "length_alignment": worst.length,
            "offset_alignment": worst.offset,
        },
    })
}

fn volume(volume: Volume) -> Value {
    object!({ "count": volume.count, "bytes": volume.bytes })
}

fn file(file: &File) -> Value {
    object!({
        "path": file.path,
        "inode": file.inode,
        "filesystem": file.filesystem,
        "disk": file.disk,
    })
}

/// Rows of a table: the key's fields and the tally's in one object.
fn rows<'a, K>(
    rows: impl Iterator<Item = (K, &'a Tally)>,
    key: impl Fn(&K) -> Value,
) -> Vec<Value> {
    let mut rows: Vec<_> = rows.map(|(one, tally)| (key(&one), tally)).collect();
    rows.sort_by_cached_key(|(key, tally)| (Reverse(tally.total()), key.to_string()));
    rows.into_iter()
        .map(|(key, tally)| joined(key, tally_json(tally)))
        .collect()
}

fn joined(mut first: Value, second: Value) -> Value {
    if let (Some(first), Value::Object(second)) = (first.as_object_mut(), second) {
        first.extend(second);
    }
    first
}

fn cases(summary: &Summary) -> Vec<Value> {
    let mut cases: Vec<(&Case, &Seen)> = summary.cases.iter().collect();
    cases.sort_by_key(|(case, seen)| (Reverse(seen.volume), (*case).clone()));
    cases
        .into_iter()
        .map(|(case, seen)| {
            let why = why(seen.example(), seen.rules(), &seen.stacks);
            joined(identity(case, seen), why)
        })
        .collect()
}

fn identity(case: &Case, seen: &Seen) -> Value {
    let identity = object!({
        "comm": case.place.comm,
        "operation": case.operation,
        "verdict": case.verdict,
        "reasons": case.reasons.words().collect::<Vec<_>>(),
        "flags": case.flags.words().collect::<Vec<_>>(),
        "errno": (case.errno != 0).then(|| errno_name(-case.errno)),
        "cause": case.cause,
        "count": seen.volume.count,
        "bytes": seen.volume.bytes,
    });
    joined(identity, file(&case.place.file))
}

/// Number of files of a finding that are listed.
const FILES: usize = 100;

fn finding(finding: &Finding<'_>) -> Value {
    let files = &finding.files;
    let listed: Vec<Value> = files
        .listed
        .iter()
        .take(FILES)
        .map(|(one, count)| joined(file(one), object!({ "count": count })))
        .collect();
    let what = object!({
        "operations": finding.operations,
        "count": finding.volume.count,
        "bytes": finding.volume.bytes,
        "requests": finding.of,
        "flags": finding.flags,
        "pids": finding.pids,
        "more_pids": finding.more_pids,
        "files": {
            "count": files.count(),
            "more": files.more,
            "directory": files.directory.path(),
            "listed": listed,
        },
    });
    let why = why(finding.example, finding.rules, &finding.stacks);
    joined(joined(finding.key.fields(), what), why)
}

fn why(example: Option<&Record>, rules: RuleSet, stacks: &Stacks) -> Value {
    let Some(example) = example else {
        return object!({});
    };
    let diagnosis = diagnose(example, rules);
    let faults: Vec<Value> = diagnosis
        .faults
        .iter()
        .map(|fault| {
            object!({
                "reason": fault.reason,
                "broken": fault.broken,
                "segment": fault.segment,
                "value": fault.value,
                "misses_by": fault.misses_by,
                "limit": fault.limit.as_ref().map(|limit| limit.bytes),
                "limit_name": fault.limit.as_ref().map(|limit| limit.kind.name()),
                "limit_of": fault.limit.as_ref().and_then(|limit| limit.owner.clone()),
                "function": fault.function,
                "sentence": fault.sentence,
            })
        })
        .collect();
    object!({
        "example": {
            "time": example.time.to_string(),
            "pid": example.pid,
            "headline": diagnosis.headline,
        },
        "rule_set": diagnosis.rule_set,
        "faults": faults,
        "notes": diagnosis.notes.iter().map(|note| &*note.sentence).collect::<Vec<_>>(),
        "portability": diagnosis.portability.map(|one| one.sentence),
        "advice": diagnosis.advice,
        "most_frequent_stack": stacks.most_frequent().map(|stack| object!({
            "count": stack.count,
            "of": stack.of,
            "frames": stack.frames,
        })),
    })
}
