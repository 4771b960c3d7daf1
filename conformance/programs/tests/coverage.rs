//! Programs reach every function and every way in which it can answer.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeSet;

use plimsoll_contract::clause;
use plimsoll_programs::{outcomes, program};

/// What each function must be seen to do.
const OUTCOMES: &[(&str, &str)] = &[
    ("backend.open", "changed unchanged invalid-argument"),
    ("backend.discard", "changed unchanged"),
    ("flow-store.get-all", "none some"),
    ("flow-store.get-by-id", "none some"),
    ("flow-store.save", "ok"),
    ("flow-store.delete", "changed unchanged"),
    ("flow-store.set-enabled", "ok not-found"),
    ("run-store.start-run", "ok already-exists"),
    ("run-store.get-derived-runs", "none some"),
    ("run-store.record-step-start", "changed"),
    ("run-store.record-step-complete", "changed unchanged invalid-argument"),
    ("run-store.complete-run", "changed unchanged invalid-argument"),
    ("run-store.get-runs", "none some"),
    ("run-store.get-runs-page", "none some"),
    ("run-store.get-run-detail", "none some"),
    ("run-store.get-statistics", "none some"),
    ("run-store.get-run-timeseries", "none some invalid-argument"),
    ("run-store.get-active-runs", "none some"),
    ("run-store.retry-step", "changed unchanged"),
    ("run-store.reset-cascade-skipped-dependents", "changed unchanged"),
    ("run-store.try-record-dispatch", "true false"),
    ("run-store.annotate-dispatch", "unchanged"),
    ("run-store.release-dispatch", "changed unchanged"),
    ("run-store.get-dispatched-step-keys", "none some"),
    ("run-runtime-store.get-step-statuses", "none some"),
    ("run-runtime-store.get-claimed-step-keys", "none some"),
    ("run-runtime-store.try-claim-step", "true false"),
    ("run-runtime-store.release-step-claim", "changed unchanged"),
    ("run-runtime-store.record-skipped-step", "changed"),
    ("run-runtime-store.record-skipped-step-with-trace", "changed"),
    ("run-runtime-store.get-run-status", "none some"),
    ("run-control-store.configure-run", "changed unchanged"),
    ("run-control-store.get-run-control", "none some"),
    ("run-control-store.request-cancel", "true false"),
    ("run-control-store.mark-timed-out", "true false"),
    ("run-control-store.find-run-id-by-idempotency-key", "none some"),
    ("run-control-store.try-register-idempotency-key", "true false"),
    ("retention-store.cleanup", "changed unchanged"),
    ("event-reader.get-run-events", "none some"),
    ("signal-store.register-waiter", "changed unchanged"),
    ("signal-store.deliver-signal", "delivered not-found already-delivered"),
    ("signal-store.get-waiter", "none some"),
    ("signal-store.remove-waiter", "changed unchanged"),
    ("schedule-state-store.get", "none some"),
    ("schedule-state-store.get-all", "none some"),
    ("schedule-state-store.save", "changed unchanged"),
    ("schedule-state-store.delete", "changed unchanged"),
    ("outputs-repository.save-step-output", "changed unchanged"),
    ("outputs-repository.save-step-input", "changed unchanged"),
    ("outputs-repository.get-step-output", "none some"),
    ("outputs-repository.get-step-input", "none some"),
    ("outputs-repository.save-trigger-data", "changed unchanged"),
    ("outputs-repository.get-trigger-data", "none some"),
    ("outputs-repository.save-trigger-headers", "changed unchanged"),
    ("outputs-repository.get-trigger-headers", "none some"),
    ("outputs-repository.end-scope", "unchanged"),
    ("outputs-repository.record-event", "changed"),
    ("flow-repository.get-all-flows", "none some"),
    ("webhook-rejection-store.write", "changed"),
    ("webhook-rejection-store.query-recent", "none some"),
    ("webhook-rejection-store.query", "none some"),
    ("webhook-rejection-store.counts-by-reason", "none some"),
    ("webhook-replay-store.try-register", "true false"),
    ("webhook-replay-store.purge-expired", "none some"),
];

#[test]
fn programs_reach_every_outcome() {
    let reached: BTreeSet<_> = (0..400).flat_map(|n| outcomes(&program(3, n, 40))).collect();
    let mut missing = Vec::new();
    for (function, classes) in OUTCOMES {
        for class in classes.split(' ') {
            if !reached.contains(&((*function).to_owned(), class.to_owned())) {
                missing.push(format!("{function} {class}"));
            }
        }
    }
    assert!(missing.is_empty(), "never seen: {missing:#?}");
    let is_listed = |(function, class): &&(String, String)| {
        let mut of_function = OUTCOMES.iter().filter(|(name, _)| name == function);
        of_function.any(|(_, classes)| classes.split(' ').any(|listed| listed == class))
    };
    let unknown: Vec<_> = reached.iter().filter(|outcome| !is_listed(outcome)).collect();
    assert!(unknown.is_empty(), "not listed: {unknown:#?}");
}

#[test]
fn the_list_has_every_function() {
    for function in clause::functions() {
        let name = format!("{}.{}", function.interface, function.name);
        let is_listed = OUTCOMES.iter().any(|(listed, _)| *listed == name);
        assert!(is_listed || name == "backend.describe", "{name} is not in the list");
    }
}
