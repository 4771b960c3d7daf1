//! The list of checks, one module for each interface, in the order of the contract.

mod backend;
mod contents;
mod event_reader;
mod every_function;
mod flow_repository;
mod flow_store;
mod histories;
mod instants;
mod kills;
mod listings;
mod outputs_repository;
mod retention_store;
mod run_control_store;
mod run_runtime_store;
mod run_store;
mod schedule_state_store;
mod signal_store;
mod texts;
mod webhook_rejection_store;
mod webhook_replay_store;

use std::sync::LazyLock;

use crate::Check;

const LISTS: &[&[Check]] = &[
    backend::CHECKS,
    flow_store::CHECKS,
    run_store::runs::CHECKS,
    run_store::steps::CHECKS,
    run_store::attempts::CHECKS,
    run_store::lists::CHECKS,
    run_store::search::CHECKS,
    run_store::statistics::CHECKS,
    run_store::timeseries::CHECKS,
    run_store::percentiles::CHECKS,
    run_store::retry::CHECKS,
    run_store::dispatch::CHECKS,
    run_store::snapshots::CHECKS,
    run_store::workers::CHECKS,
    run_runtime_store::CHECKS,
    run_runtime_store::claims::CHECKS,
    run_runtime_store::skips::CHECKS,
    run_control_store::CHECKS,
    run_control_store::keys::CHECKS,
    retention_store::CHECKS,
    event_reader::CHECKS,
    signal_store::CHECKS,
    signal_store::races::CHECKS,
    schedule_state_store::CHECKS,
    outputs_repository::CHECKS,
    outputs_repository::races::CHECKS,
    flow_repository::CHECKS,
    webhook_rejection_store::CHECKS,
    webhook_rejection_store::search::CHECKS,
    webhook_rejection_store::races::CHECKS,
    webhook_replay_store::CHECKS,
    instants::CHECKS,
    kills::CHECKS,
    listings::CHECKS,
    texts::CHECKS,
    histories::ledgers::CHECKS,
    histories::registers::CHECKS,
    histories::logs::CHECKS,
    histories::signals::CHECKS,
];

/// Those of one interface stand together, whichever list they come from.
static ORDERED: LazyLock<Vec<&Check>> = LazyLock::new(|| {
    let mut checks: Vec<_> = LISTS.iter().copied().flatten().collect();
    checks.sort_by_key(|check| check.interface());
    checks
});

/// Every check, in the order in which they run.
pub fn all() -> impl Iterator<Item = &'static Check> {
    ORDERED.iter().copied()
}

/// The check with this id.
pub(crate) fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}
