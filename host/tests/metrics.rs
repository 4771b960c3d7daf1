//! What a host counts, and that its README names all of it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use plimsoll_contract::{Backend, FlowId, Instant, OpenConfig, SystemClock, WebhookReplayStore};
use plimsoll_host::{
    BreakerPolicy, Grants, Host, InstanceOptions, Limits, Options, PluginOptions, WasmBackend,
};

const README: &str = include_str!("../README.md");

/// A guest that says that its state is shared, so that another instance follows one that ended.
async fn backend() -> WasmBackend {
    let limits = Limits { call_time: Duration::from_millis(300), ..Limits::default() };
    let host = Host::new(Options { limits, cache_folder: None }).unwrap();
    let environment = vec![("SHARED".to_owned(), String::new())];
    let grants = Arc::new(Grants { environment, ..Grants::default() });
    let breaker = BreakerPolicy { failures: 3, ..BreakerPolicy::default() };
    let name = Some("counted".to_owned());
    let options = PluginOptions { name, grants, breaker, ..PluginOptions::default() };
    let plugin = host.load_with(&fs::read(plimsoll_guests::HOSTILE).unwrap(), options).await;
    let backend = plugin.unwrap().instantiate(InstanceOptions::default()).await.unwrap();
    backend.open(&OpenConfig::namespace("a"), Arc::new(SystemClock)).await.unwrap();
    backend
}

async fn ask(backend: &WasmBackend, misdeed: &str) {
    let call = backend.try_register(FlowId::default(), misdeed, "n", Instant::UNIX_EPOCH);
    // How it ends is what is counted.
    let _ = call.await;
}

/// One call of each ending.
async fn calls() {
    let backend = backend().await;
    ask(&backend, "nothing").await;
    ask(&backend, "trap").await;
    ask(&backend, "nothing").await;
    ask(&backend, "spin").await;
    ask(&backend, "nothing").await;
    ask(&backend, "allocate").await;
    // Two more failures in a row, and the breaker refuses the next.
    ask(&backend, "trap").await;
    ask(&backend, "trap").await;
    ask(&backend, "nothing").await;
}

/// Metrics by name, and by outcome where there is one.
fn counted(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let seen = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let labels: BTreeMap<_, _> =
            key.key().labels().map(|label| (label.key(), label.value())).collect();
        let is_counted = labels.get("plugin") == Some(&"counted");
        let name = match labels.get("outcome") {
            Some(outcome) => format!("{} {outcome}", key.key().name()),
            None => key.key().name().to_owned(),
        };
        (name, value, is_counted)
    });
    seen.filter(|(_, _, is_counted)| *is_counted).map(|(name, value, _)| (name, value)).collect()
}

#[test]
fn each_call_is_counted_once_by_how_it_ended() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(calls()));
    let counted = counted(&snapshotter);
    let calls = |outcome: &str| &counted[&format!("plimsoll_calls_total {outcome}")];
    // The host asked what it is when it was loaded; the test opened it.
    assert_eq!(*calls("answered"), DebugValue::Counter(2 + 3), "{counted:?}");
    assert_eq!(*calls("trap"), DebugValue::Counter(3));
    assert_eq!(*calls("timeout"), DebugValue::Counter(1));
    assert_eq!(*calls("limit"), DebugValue::Counter(1));
    assert_eq!(*calls("refused"), DebugValue::Counter(1));
    let DebugValue::Histogram(seconds) = &counted["plimsoll_call_seconds"] else { panic!() };
    assert_eq!(seconds.len(), 11, "each call is in the histogram");
    // The first of each pool, and one after each call that ended one, but the last.
    assert_eq!(counted["plimsoll_instances_made_total"], DebugValue::Counter(2 + 4));
    assert_eq!(counted["plimsoll_calls_waiting"], DebugValue::Gauge(0.0.into()));
    let names: BTreeSet<_> = counted.keys().map(|name| name.split(' ').next().unwrap()).collect();
    assert_eq!(names, listed(), "README.md lists what there is");
}

/// The names in the table of the README.
fn listed() -> BTreeSet<&'static str> {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name);
    names.filter(|name| name.starts_with("plimsoll_")).collect()
}
