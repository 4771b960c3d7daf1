//! Backends that each break one clause of `flow:storage`: what the suite must find out.
//!
//! A check that passes every backend judges nothing. So for each check there is at least one
//! backend that is wrong in the way that the check is about, and a test that the check finds it
//! and says so. A [`Mutant`] is a type that holds the model and overrides one method of one
//! interface; everything else is as specified. The exceptions are in `racy`: what breaks only
//! when calls overlap cannot be seen behind a model's lock.
//!
//! ```
//! let mutant = plimsoll_mutants::all().find(|it| it.id == "run-runtime-store/grants-every-claim");
//! let mutant = mutant.expect("somebody grants every claim");
//! assert_eq!(mutant.clause, "RUNTIME-5");
//! assert_eq!(mutant.dies[0].0, "run-runtime-store/second-claim-wins");
//! let backend = mutant.backend();
//! assert!(backend.run_runtime_store().is_some());
//! ```

pub mod audit;

mod backend;
mod broken;
mod event_reader;
mod first_clock;
mod flow_repository;
mod flow_store;
mod kills;
pub mod matrix;
mod outputs_repository;
mod racy;
mod retention_store;
mod run_control_store;
mod run_runtime_store;
mod run_store;
mod schedule_state_store;
mod signal_store;
mod stale_list;
mod webhook_rejection_store;
mod webhook_replay_store;

use std::sync::Arc;

use plimsoll_conformance::Subject;
use plimsoll_contract::Backend;

use crate::broken::Built;

/// A backend that breaks one clause.
#[derive(Debug)]
pub struct Mutant {
    /// `interface/how-it-is-wrong`.
    pub id: &'static str,
    /// The id of the clause that it breaks.
    pub clause: &'static str,
    /// What it does instead of what it should.
    pub how: &'static str,
    /// The ids of the checks that must find it out, each with words that the check must say: in
    /// the name of an expectation that does not hold, or in its reason.
    pub dies: &'static [(&'static str, &'static str)],
    backend: fn() -> Built,
}

impl Mutant {
    /// Makes the backend, with nothing in it.
    #[must_use]
    pub fn backend(&self) -> Arc<dyn Backend> {
        (self.backend)().backend
    }

    /// What the suite judges: instances of it.
    #[must_use]
    pub fn subject(&'static self) -> Arc<dyn Subject> {
        (self.backend)().subject.unwrap_or_else(|| Arc::new(matrix::Mutated(self)))
    }

    /// Whether it is wrong only when calls overlap. Then only races can find it out, and not in
    /// every round; one that is not racy dies the same way every time.
    #[must_use]
    pub fn is_racy(&self) -> bool {
        (self.backend)().is_racy
    }
}

const LISTS: &[&[Mutant]] = &[
    backend::MUTANTS,
    flow_store::MUTANTS,
    run_store::again::MUTANTS,
    run_store::aftermath::MUTANTS,
    run_store::pages::MUTANTS,
    run_store::counts::MUTANTS,
    run_store::left_alone::MUTANTS,
    run_store::runs::MUTANTS,
    run_store::steps::MUTANTS,
    run_store::step_texts::MUTANTS,
    run_store::joined::MUTANTS,
    run_store::lists::MUTANTS,
    run_store::search::MUTANTS,
    run_store::statistics::MUTANTS,
    run_store::timeseries::MUTANTS,
    run_store::percentiles::MUTANTS,
    run_store::reopening::MUTANTS,
    run_store::retry::MUTANTS,
    run_store::dispatch::MUTANTS,
    run_runtime_store::statuses::MUTANTS,
    run_runtime_store::claims::MUTANTS,
    run_runtime_store::skips::MUTANTS,
    run_control_store::records::MUTANTS,
    run_control_store::keys::MUTANTS,
    retention_store::MUTANTS,
    event_reader::MUTANTS,
    signal_store::MUTANTS,
    signal_store::texts::MUTANTS,
    signal_store::deliveries::MUTANTS,
    schedule_state_store::MUTANTS,
    outputs_repository::MUTANTS,
    outputs_repository::alike::MUTANTS,
    outputs_repository::rows::MUTANTS,
    flow_repository::MUTANTS,
    webhook_rejection_store::rows::MUTANTS,
    webhook_rejection_store::queries::MUTANTS,
    webhook_rejection_store::counts::MUTANTS,
    webhook_replay_store::MUTANTS,
];

/// Every mutant, in the order of the checks.
pub fn all() -> impl Iterator<Item = &'static Mutant> {
    LISTS.iter().copied().flatten()
}
