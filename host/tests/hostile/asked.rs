//! What a guest can do to its host, and what the host makes of it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_contract::{
    Backend, CallError, Error, FlowId, Instant, Interruption, InterruptionKind, ManualClock,
    OpenConfig, Page, SystemClock, WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_host::{Host, InstanceOptions, Limits, Options, WasmBackend};

async fn hostile(limits: Limits) -> WasmBackend {
    with_options(limits, InstanceOptions::default()).await
}

async fn with_options(limits: Limits, options: InstanceOptions) -> WasmBackend {
    let host = Host::new(Options { limits, cache_folder: None }).unwrap();
    let bytes = fs::read(plimsoll_guests::HOSTILE).unwrap();
    host.load(&bytes).await.unwrap().instantiate(options).await.unwrap()
}

fn short() -> Limits {
    Limits { call_time: Duration::from_millis(300), ..Limits::default() }
}

pub(crate) async fn ask(backend: &WasmBackend, misdeed: &str) -> plimsoll_contract::Result<bool> {
    backend.try_register(FlowId::default(), misdeed, "n-1", Instant::UNIX_EPOCH).await
}

pub(crate) fn interruption<T: std::fmt::Debug>(
    answer: plimsoll_contract::Result<T>,
) -> Interruption {
    match answer {
        Err(CallError::Interrupted(interruption)) => *interruption,
        other => panic!("expected an interruption, got {other:?}"),
    }
}

/// After a misdeed the state is gone, and says so until the backend is opened anew.
async fn expect_lost_then_reopened(backend: &WasmBackend) {
    let lost = interruption(ask(backend, "nothing").await);
    assert_eq!(lost.kind, InterruptionKind::StateLost, "{lost}");
    assert_eq!(interruption(backend.describe().await).kind, InterruptionKind::StateLost);
    backend.open(&OpenConfig::namespace("a"), Arc::new(SystemClock)).await.unwrap();
    assert_eq!(ask(backend, "nothing").await, Ok(true));
}

#[tokio::test]
async fn a_trap_is_told_with_its_backtrace() {
    let backend = hostile(Limits::default()).await;
    let trap = interruption(ask(&backend, "trap").await);
    assert_eq!(trap.kind, InterruptionKind::Trap, "{trap}");
    assert!(trap.message.contains("unreachable"), "{trap}");
    let backtrace = trap.backtrace.expect("a backtrace");
    assert!(backtrace.contains("hostile"), "{backtrace}");
    expect_lost_then_reopened(&backend).await;
}

#[tokio::test]
async fn a_guest_that_spins_is_stopped() {
    let backend = hostile(short()).await;
    let timeout = interruption(ask(&backend, "spin").await);
    assert_eq!(timeout.kind, InterruptionKind::Timeout, "{timeout}");
    assert!(timeout.message.contains("300ms"), "{timeout}");
    expect_lost_then_reopened(&backend).await;
}

#[tokio::test]
async fn a_guest_that_spins_does_not_hold_up_the_thread() {
    let backend = hostile(short()).await;
    // One thread drives both: the second finishes while the first spins.
    let (spinning, beside) =
        tokio::join!(ask(&backend, "spin"), tokio::time::sleep(Duration::from_millis(20)));
    assert_eq!(interruption(spinning).kind, InterruptionKind::Timeout);
    let () = beside;
}

#[tokio::test]
async fn a_guest_that_allocates_breaks_its_limit() {
    let limits = Limits { memory_bytes: 16 << 20, ..Limits::default() };
    let backend = hostile(limits).await;
    let limit = interruption(ask(&backend, "allocate").await);
    assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
    assert!(limit.message.contains("may have 16777216"), "{limit}");
    expect_lost_then_reopened(&backend).await;
}

#[tokio::test]
async fn a_guest_that_recurses_exhausts_its_stack() {
    let backend = hostile(Limits::default()).await;
    let limit = interruption(ask(&backend, "recurse").await);
    // Rust guests keep a stack of their own in memory, which may end first.
    assert!(matches!(limit.kind, InterruptionKind::Limit | InterruptionKind::Trap), "{limit}");
    expect_lost_then_reopened(&backend).await;
}

#[tokio::test]
async fn an_answer_that_floods_the_host_breaks_its_limit() {
    let backend = hostile(Limits { host_memory: 1 << 20, ..Limits::default() }).await;
    let few = backend.query_recent(None, Some("flood"), true, Page::new(0, 10)).await.unwrap();
    assert_eq!(few.len(), 10);
    let flood = backend.query_recent(None, Some("flood"), true, Page::new(0, 50_000)).await;
    let limit = interruption(flood);
    assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
    expect_lost_then_reopened(&backend).await;
}

#[tokio::test]
async fn an_answer_that_is_no_instant_is_told_apart_from_an_error() {
    let backend = hostile(Limits::default()).await;
    let bad = backend.query_recent(None, Some("no-instant"), true, Page::default()).await;
    let bad = interruption(bad);
    assert_eq!(bad.kind, InterruptionKind::BadAnswer, "{bad}");
    assert!(bad.message.contains("2000000000 nanoseconds"), "{bad}");
}

#[tokio::test]
async fn a_flood_of_random_bytes_is_refused() {
    let backend = hostile(Limits::default()).await;
    let refused = interruption(ask(&backend, "drain-random").await);
    assert_ne!(refused.kind, InterruptionKind::Timeout, "{refused}");
    expect_lost_then_reopened(&backend).await;
}

#[tokio::test]
async fn a_caller_that_gives_up_takes_the_instance_with_it() {
    let backend = hostile(Limits::default()).await;
    let given_up = tokio::time::timeout(Duration::from_millis(50), ask(&backend, "spin")).await;
    assert!(given_up.is_err());
    expect_lost_then_reopened(&backend).await;
}

pub(crate) async fn look(backend: &WasmBackend, window: u64) -> Vec<(String, u64)> {
    backend.counts_by_reason(Duration::from_nanos(window)).await.unwrap()
}

#[tokio::test]
async fn there_is_nothing_to_see() {
    let backend = hostile(Limits::default()).await;
    let expected = [("environment", 0), ("arguments", 0), ("directories", 0)];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(look(&backend, 0).await, expected);
}

#[tokio::test]
async fn random_numbers_come_from_the_seed() {
    let seeded = |seed| InstanceOptions { random_seed: Some(seed), ..InstanceOptions::default() };
    let mut seen = Vec::new();
    for seed in [7, 7, 8] {
        let backend = with_options(Limits::default(), seeded(seed)).await;
        seen.push(look(&backend, 1).await);
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn the_clock_is_the_one_that_was_given() {
    let clock = |seconds| {
        let instant = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        Arc::new(ManualClock::at(instant))
    };
    let options = InstanceOptions { clock: clock(1_000), random_seed: None };
    let backend = with_options(Limits::default(), options).await;
    assert_eq!(look(&backend, 2).await, [("clock".to_owned(), 1_000)]);
    backend.open(&OpenConfig::namespace("a"), clock(2_000)).await.unwrap();
    assert_eq!(look(&backend, 2).await, [("clock".to_owned(), 2_000)]);
}

#[tokio::test]
async fn an_answer_of_the_guest_keeps_the_instance() {
    let host = Host::new(Options::default()).unwrap();
    let bytes = fs::read(plimsoll_guests::MEMORY).unwrap();
    let plugin = host.load(&bytes).await.unwrap();
    let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
    let closed = backend.run_store().unwrap().get_statistics().await;
    assert_eq!(closed, Err(Error::not_open().into()));
    backend.open(&OpenConfig::namespace("a"), Arc::new(SystemClock)).await.unwrap();
    assert!(backend.run_store().unwrap().get_statistics().await.is_ok());
}
