//! The guest `journal` keeps what it acknowledged, wherever it is cut off, and says so when its log
//! is not what it wrote.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod fixture;
mod scenario;

use std::fs;

use fixture::{Fixture, Stop};
use plimsoll_contract::{Backend, CallError, Error, OpenConfig, Result, RunStatus};
use scenario::WRITES;

/// What the journal answered, if that is what it did.
fn answered<T: std::fmt::Debug>(answer: Result<T>) -> Error {
    match answer {
        Err(CallError::Answered(error)) => error,
        other => panic!("expected an error of the journal, got {other:?}"),
    }
}

/// Opens and writes until it is stopped; how many writes were acknowledged, or none if all were.
async fn acknowledged(fixture: &Fixture) -> Option<usize> {
    let backend = fixture.instance().await;
    if scenario::open(&backend, &fixture.clock).await.is_err() {
        return Some(0);
    }
    for number in 0..WRITES {
        if scenario::write(&backend, &fixture.clock, number).await.is_err() {
            return Some(number);
        }
    }
    None
}

#[tokio::test]
async fn a_kill_at_any_call_loses_nothing_that_was_acknowledged() {
    let fixture = Fixture::new().await;
    for how in [Stop::Before, Stop::After] {
        let mut seen = [false; 2];
        for cut in 0.. {
            fixture.gate.stop_at(cut, how);
            let Some(count) = acknowledged(&fixture).await else { break };
            fixture.gate.let_pass();
            let found = fixture.reread().await;
            let with = usize::from(found != fixture.expected[count]);
            let expected = &fixture.expected[count + with];
            assert_eq!(&found, expected, "{how:?} call {cut}, {count} writes acknowledged");
            seen[with] = true;
            fs::remove_file(fixture.log()).or_else(ignore_missing).unwrap();
        }
        fixture.gate.let_pass();
        assert_eq!(fixture.reread().await, fixture.expected[WRITES], "not cut off at all");
        assert_eq!(seen, [true; 2], "{how:?}: writes under way were lost, and were kept");
        fs::remove_file(fixture.log()).unwrap();
    }
}

fn ignore_missing(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

/// The log after all writes, and where its last record starts.
async fn whole_log(fixture: &Fixture) -> (Vec<u8>, usize) {
    let backend = fixture.open().await;
    scenario::write_first(&backend, &fixture.clock, WRITES - 1).await;
    let start = fs::read(fixture.log()).unwrap().len();
    scenario::write(&backend, &fixture.clock, WRITES - 1).await.unwrap();
    (fs::read(fixture.log()).unwrap(), start)
}

#[tokio::test]
async fn a_torn_record_is_removed_wherever_it_ends() {
    let fixture = Fixture::new().await;
    let (whole, start) = whole_log(&fixture).await;
    for length in start..=whole.len() {
        fs::write(fixture.log(), &whole[..length]).unwrap();
        let backend = fixture.open().await;
        let count = if length == whole.len() { WRITES } else { WRITES - 1 };
        let found = scenario::read(&backend).await.unwrap();
        assert_eq!(found, fixture.expected[count], "{length} of {} bytes", whole.len());
        // What was torn must not stand in front of what comes now.
        scenario::write(&backend, &fixture.clock, WRITES - 1).await.unwrap();
        assert_eq!(fixture.reread().await, fixture.expected[WRITES], "{length} bytes, once more");
    }
}

#[tokio::test]
async fn a_kill_while_a_torn_record_is_removed_changes_nothing() {
    let fixture = Fixture::new().await;
    let (whole, start) = whole_log(&fixture).await;
    for how in [Stop::Before, Stop::After] {
        for cut in 0.. {
            fs::write(fixture.log(), &whole[..start + 1]).unwrap();
            fixture.gate.stop_at(cut, how);
            let is_open = scenario::open(&fixture.instance().await, &fixture.clock).await.is_ok();
            fixture.gate.let_pass();
            assert_eq!(fixture.reread().await, fixture.expected[WRITES - 1], "{how:?} {cut}");
            if is_open {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_sector_that_the_disk_never_wrote_is_a_torn_record() {
    let fixture = Fixture::new().await;
    let backend = fixture.open().await;
    scenario::write_first(&backend, &fixture.clock, WRITES).await;
    let start = fs::read(fixture.log()).unwrap().len();
    let long = format!("\"{}\"", "x".repeat(3_000));
    let outputs = backend.outputs_repository().unwrap();
    outputs.save_step_output(scenario::run(9), "long", &long).await.unwrap();
    let whole = fs::read(fixture.log()).unwrap();
    let sectors = (start / 512 * 512..whole.len()).step_by(512);
    for sector in sectors.map(|from| from.max(start)..whole.len().min((from / 512 + 1) * 512)) {
        // The start of a record says how long it is; without it only zeros are told from damage.
        let from = if sector.start == start { start..whole.len() } else { sector };
        let mut torn = whole.clone();
        torn[from.clone()].fill(0);
        fs::write(fixture.log(), &torn).unwrap();
        assert_eq!(fixture.reread().await, fixture.expected[WRITES], "{from:?}");
        assert_eq!(fs::read(fixture.log()).unwrap(), whole[..start], "{from:?}");
    }
}

#[tokio::test]
async fn a_flipped_bit_is_refused_and_nothing_is_dropped() {
    let fixture = Fixture::new().await;
    let (whole, _) = whole_log(&fixture).await;
    let backend = fixture.instance().await;
    backend.open(&OpenConfig::namespace("before"), fixture.clock()).await.unwrap();
    scenario::write_first(&backend, &fixture.clock, 1).await;
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(fixture.log(), &flipped).unwrap();
        let Error::Other(message) = answered(scenario::open(&backend, &fixture.clock).await) else {
            panic!("byte {place}");
        };
        assert!(message.contains("log"), "byte {place}: {message}");
        assert_eq!(fs::read(fixture.log()).unwrap(), flipped, "byte {place}");
    }
    let found = scenario::read(&backend).await.unwrap();
    assert_eq!(found, fixture.expected[1], "the namespace of before is still open");
}

#[tokio::test]
async fn a_log_that_it_does_not_know_is_refused_with_a_reason() {
    let fixture = Fixture::new().await;
    let (whole, _) = whole_log(&fixture).await;
    let newer = [&b"plimsoll\x02\0\0\0"[..], &whole[12..]].concat();
    let foreign = b"[settings]\nfolder = \"/data\"\n".to_vec();
    for (bytes, words) in [(newer, "format 2"), (foreign, "no log of this backend")] {
        fs::write(fixture.log(), &bytes).unwrap();
        let backend = fixture.instance().await;
        let error = answered(scenario::open(&backend, &fixture.clock).await);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(fs::read(fixture.log()).unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_write_that_fails_is_unavailable_and_leaves_what_was_acknowledged() {
    let fixture = Fixture::new().await;
    let backend = fixture.open().await;
    for number in 0..WRITES {
        for call in 0.. {
            fixture.gate.stop_at(call, Stop::Fail);
            let answer = scenario::write(&backend, &fixture.clock, number).await;
            let calls = fixture.gate.calls();
            if calls.len() <= call {
                answer.unwrap();
                break;
            }
            let failed = calls[call];
            let error = answered(answer);
            assert!(matches!(error, Error::Unavailable(_)), "{failed}: {error}");
            fixture.gate.let_pass();
            let found = scenario::read(&backend).await.unwrap();
            assert_eq!(found, fixture.expected[number], "write {number}, {failed} failed");
        }
        fixture.gate.let_pass();
    }
    assert_eq!(fixture.reread().await, fixture.expected[WRITES]);
}

#[tokio::test]
async fn a_write_is_synced_and_what_changes_nothing_costs_nothing() {
    let fixture = Fixture::new().await;
    let backend = fixture.open().await;
    scenario::write_first(&backend, &fixture.clock, 5).await;
    fixture.gate.let_pass();
    let (runs, runtime) = (backend.run_store().unwrap(), backend.run_runtime_store().unwrap());
    let run = scenario::run(1);
    assert!(!runs.try_record_dispatch(run, "charge").await.unwrap());
    assert!(!runtime.try_claim_step(run, "charge").await.unwrap());
    assert_eq!(answered(scenario::write(&backend, &fixture.clock, 1).await), Error::AlreadyExists);
    answered(runs.complete_run(run, RunStatus::Running).await);
    assert_eq!(fixture.gate.calls(), [""; 0]);
    // What changes something is on the disk before it is answered.
    scenario::write(&backend, &fixture.clock, 5).await.unwrap();
    let calls = ["stat", "write", "sync-data"];
    assert_eq!(
        fixture.gate.calls(),
        calls.map(|c| format!("wasi:filesystem/types.descriptor.{c}"))
    );
}

#[tokio::test]
async fn somebody_else_at_the_log_is_noticed() {
    let fixture = Fixture::new().await;
    let (first, second) = (fixture.open().await, fixture.open().await);
    scenario::write_first(&first, &fixture.clock, 2).await;
    let error = answered(scenario::write(&second, &fixture.clock, 0).await);
    assert!(error.to_string().contains("somebody else"), "{error}");
    assert_eq!(scenario::read(&second).await.unwrap(), fixture.expected[2], "it reads anew");
    fs::remove_file(fixture.log()).unwrap();
    let error = answered(scenario::write(&first, &fixture.clock, 2).await);
    assert!(error.to_string().contains("has removed it"), "{error}");
}

#[tokio::test]
async fn every_name_has_a_log_of_its_own_inside_the_folder() {
    let fixture = Fixture::new().await;
    let (long, longer) = ("n".repeat(999), "n".repeat(1_000));
    let names = ["", "a", "A", "a.log", "..", "../a", "a/b", "a\\b", "ä", "a\0", &long, &longer];
    let backend = fixture.instance().await;
    for (count, name) in names.iter().enumerate() {
        backend.open(&OpenConfig::namespace(*name), fixture.clock()).await.unwrap();
        assert_eq!(scenario::read(&backend).await.unwrap(), fixture.expected[0], "{name:?} is new");
        scenario::write_first(&backend, &fixture.clock, count + 1).await;
    }
    let backend = fixture.instance().await;
    for (count, name) in names.iter().enumerate() {
        backend.open(&OpenConfig::namespace(*name), fixture.clock()).await.unwrap();
        let found = scenario::read(&backend).await.unwrap();
        assert_eq!(found, fixture.expected[count + 1], "{name:?}");
        backend.discard(name).await.unwrap();
    }
    let too_long = OpenConfig::namespace("n".repeat(1_001));
    let error = answered(backend.open(&too_long, fixture.clock()).await);
    assert!(matches!(error, Error::InvalidArgument(_)), "{error}");
    assert_eq!(files(fixture.folder.path()), 0, "discard leaves no file");
}

/// How many files there are, in folders too.
fn files(folder: &std::path::Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}
