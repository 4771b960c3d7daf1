//! The life of instances: how many there are, how one follows another, and when a backend is left
//! alone.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use futures_util::future::join_all;
use plimsoll_contract::{
    Backend, CallError, ErrorKind, FlowId, Instant, InterruptionKind, ManualClock, OpenConfig,
    SystemClock, WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_host::{
    BreakerPolicy, Grants, Host, ImportCall, InstanceOptions, Limits, LoadErrorKind, Options,
    Passage, Plugin, PluginOptions, Seam, WasmBackend,
};

/// A guest that says of itself that its state is shared.
fn shared() -> Arc<Grants> {
    let environment = vec![("SHARED".to_owned(), String::new())];
    let settings = vec![("granted".to_owned(), "first".to_owned())];
    Arc::new(Grants { environment, settings, ..Grants::default() })
}

async fn load(options: PluginOptions) -> Plugin {
    let host = Host::new(Options::default()).unwrap();
    let bytes = fs::read(plimsoll_guests::HOSTILE).unwrap();
    host.load_with(&bytes, options).await.unwrap()
}

async fn backend(options: PluginOptions) -> WasmBackend {
    load(options).await.instantiate(InstanceOptions::default()).await.unwrap()
}

async fn open(backend: &WasmBackend, namespace: &str) {
    backend.open(&OpenConfig::namespace(namespace), Arc::new(SystemClock)).await.unwrap();
}

async fn trap(backend: &WasmBackend) -> CallError {
    let trapped = backend.try_register(FlowId::default(), "trap", "n", Instant::UNIX_EPOCH).await;
    trapped.expect_err("it traps")
}

async fn ask(backend: &WasmBackend, window: u64) -> plimsoll_contract::Result<Vec<String>> {
    let seen = backend.counts_by_reason(Duration::from_nanos(window)).await?;
    Ok(seen.into_iter().map(|(name, _)| name).collect())
}

/// What the instance that answers was opened with.
async fn opened(backend: &WasmBackend) -> Vec<String> {
    ask(backend, 3).await.unwrap()
}

fn words(error: &CallError) -> String {
    assert_eq!(error.kind(), Some(ErrorKind::Unavailable), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_new_instance_is_opened_as_the_one_before() {
    let backend = backend(PluginOptions { grants: shared(), ..PluginOptions::default() }).await;
    open(&backend, "orders").await;
    let before = opened(&backend).await;
    assert_eq!(before, ["orders", "granted=first"]);
    let CallError::Interrupted(interruption) = trap(&backend).await else { panic!("no answer") };
    assert_eq!(interruption.kind, InterruptionKind::Trap);
    assert_eq!(opened(&backend).await, before);
}

#[tokio::test]
async fn an_open_that_fails_is_not_repeated() {
    let backend = backend(PluginOptions { grants: shared(), ..PluginOptions::default() }).await;
    open(&backend, "orders").await;
    let refused = OpenConfig::namespace("refused");
    assert!(backend.open(&refused, Arc::new(SystemClock)).await.is_err());
    trap(&backend).await;
    assert_eq!(opened(&backend).await[0], "orders");
}

#[tokio::test]
async fn instances_do_not_repeat_each_others_random_numbers() {
    let backend = backend(PluginOptions { grants: shared(), ..PluginOptions::default() }).await;
    let seen = backend.counts_by_reason(Duration::from_nanos(1)).await.unwrap();
    trap(&backend).await;
    assert_ne!(backend.counts_by_reason(Duration::from_nanos(1)).await.unwrap(), seen);
}

#[tokio::test]
async fn a_state_in_one_instance_is_not_run_as_two() {
    let host = Host::new(Options::default()).unwrap();
    let bytes = fs::read(plimsoll_guests::HOSTILE).unwrap();
    let options = PluginOptions { instances: 2, ..PluginOptions::default() };
    let error = host.load_with(&bytes, options).await.err().unwrap();
    assert_eq!(error.kind, LoadErrorKind::TooManyInstances);
    assert!(error.to_string().contains("instances = 1"), "{error}");
}

/// Moves the clock to the year 2000 once that many instances have looked at it.
struct Together {
    wanted: usize,
    seen: Mutex<BTreeSet<u64>>,
    clock: Arc<ManualClock>,
}

impl Seam for Together {
    fn pass(&self, call: &ImportCall<'_>) -> Passage {
        if call.function == "wasi:clocks/wall-clock.now" {
            let mut seen = self.seen.lock().unwrap();
            seen.insert(call.instance);
            if seen.len() == self.wanted {
                self.clock.set(DateTime::from_timestamp(946_684_800, 0).unwrap());
            }
        }
        Passage::Go
    }
}

fn together(wanted: usize) -> (Arc<Together>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
    let seen = Mutex::default();
    (Arc::new(Together { wanted, seen, clock: Arc::clone(&clock) }), clock)
}

#[tokio::test]
async fn as_many_instances_work_at_once_as_are_allowed_and_all_follow_an_open() {
    let (seam, clock) = together(4);
    let options = PluginOptions {
        grants: shared(),
        instances: 4,
        seam: Some(Arc::<Together>::clone(&seam)),
        ..PluginOptions::default()
    };
    let backend = backend(options).await;
    for namespace in ["first", "second"] {
        clock.set(DateTime::UNIX_EPOCH);
        seam.seen.lock().unwrap().clear();
        backend
            .open(&OpenConfig::namespace(namespace), Arc::<ManualClock>::clone(&clock))
            .await
            .unwrap();
        // None of them ends before four instances work.
        let answers = join_all((0..4).map(|_| ask(&backend, 4))).await;
        for answer in answers {
            assert_eq!(answer.unwrap()[0], namespace);
        }
    }
}

/// A backend with a call under way that ends when the clock is moved.
async fn busy(limits: Limits) -> (Arc<WasmBackend>, Arc<ManualClock>) {
    let (_, clock) = together(0);
    let options =
        PluginOptions { grants: shared(), limits: Some(limits), ..PluginOptions::default() };
    let backend = Arc::new(backend(options).await);
    backend.open(&OpenConfig::namespace("a"), Arc::<ManualClock>::clone(&clock)).await.unwrap();
    (backend, clock)
}

#[tokio::test]
async fn too_many_do_not_wait() {
    let (backend, clock) = busy(Limits { waiting: 1, ..Limits::default() }).await;
    let (worked, waited, refused) = tokio::join!(ask(&backend, 4), ask(&backend, 3), async {
        let refused = ask(&backend, 3).await;
        clock.set(DateTime::from_timestamp(946_684_800, 0).unwrap());
        refused
    });
    assert_eq!(worked.unwrap()[0], "a");
    assert_eq!(waited.unwrap()[0], "a");
    let refusal = words(&refused.unwrap_err());
    assert!(refusal.contains("1 calls wait for it already"), "{refusal}");
}

#[tokio::test]
async fn nobody_waits_for_longer_than_half_of_a_call() {
    let limits = Limits { call_time: Duration::from_millis(400), ..Limits::default() };
    let (backend, clock) = busy(limits).await;
    let (worked, waited) = tokio::join!(ask(&backend, 4), async {
        let waited = ask(&backend, 3).await;
        clock.set(DateTime::from_timestamp(946_684_800, 0).unwrap());
        waited
    });
    assert_eq!(worked.unwrap()[0], "a");
    let refusal = words(&waited.unwrap_err());
    assert!(refusal.contains("no instance was free within 200ms"), "{refusal}");
}

#[tokio::test]
async fn a_shut_down_waits_for_calls_and_refuses_new_ones() {
    let (backend, clock) = busy(Limits::default()).await;
    let (worked, waited, (), refused) =
        tokio::join!(ask(&backend, 4), ask(&backend, 3), backend.shut_down(), async {
            let refused = ask(&backend, 3).await;
            clock.set(DateTime::from_timestamp(946_684_800, 0).unwrap());
            refused
        });
    assert_eq!(worked.unwrap()[0], "a");
    assert_eq!(waited.unwrap()[0], "a");
    assert!(words(&refused.unwrap_err()).contains("shut down"));
    assert!(words(&ask(&backend, 3).await.unwrap_err()).contains("shut down"));
}

#[tokio::test]
async fn a_backend_that_fails_again_and_again_is_left_alone_for_a_while() {
    let breaker = BreakerPolicy { failures: 3, ..BreakerPolicy::default() };
    let options = PluginOptions { grants: shared(), breaker, ..PluginOptions::default() };
    let backend = backend(options).await;
    open(&backend, "a").await;
    tokio::time::pause();
    for _ in 0..2 {
        trap(&backend).await;
    }
    assert_eq!(opened(&backend).await[0], "a", "two failures in a row are not three");
    for _ in 0..3 {
        trap(&backend).await;
    }
    let refusal = words(&ask(&backend, 3).await.unwrap_err());
    assert!(refusal.contains("3 times in a row"), "{refusal}");
    assert!(refusal.contains("unreachable"), "the last failure is told: {refusal}");
    tokio::time::advance(breaker.cooldown).await;
    assert_eq!(opened(&backend).await[0], "a");
}

#[tokio::test]
async fn a_lost_state_is_no_failure_of_its_own() {
    let breaker = BreakerPolicy { failures: 2, ..BreakerPolicy::default() };
    let backend = backend(PluginOptions { breaker, ..PluginOptions::default() }).await;
    open(&backend, "a").await;
    trap(&backend).await;
    for _ in 0..5 {
        let CallError::Interrupted(lost) = ask(&backend, 3).await.unwrap_err() else {
            panic!("the state is lost");
        };
        assert_eq!(lost.kind, InterruptionKind::StateLost);
    }
    open(&backend, "b").await;
    assert_eq!(opened(&backend).await[0], "b");
}
