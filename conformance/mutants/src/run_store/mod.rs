//! Mutants of `run-store`, in the same modules as their checks.

pub(crate) mod aftermath;
pub(crate) mod again;
pub(crate) mod calls;
pub(crate) mod counts;
pub(crate) mod dispatch;
pub(crate) mod joined;
pub(crate) mod left_alone;
pub(crate) mod lists;
pub(crate) mod pages;
pub(crate) mod percentiles;
pub(crate) mod reopening;
pub(crate) mod retry;
pub(crate) mod runs;
pub(crate) mod search;
pub(crate) mod statistics;
pub(crate) mod step_texts;
pub(crate) mod steps;
pub(crate) mod timeseries;

use plimsoll_contract::{Answer, FlowId, FlowRun, RunId, StartRun};
use plimsoll_model::{Attempt, Model, Namespace, RunStore, Step};

/// The latest first, as every list of runs.
fn sort_latest_first(runs: &mut [FlowRun]) {
    runs.sort_by(|a, b| b.started_at.cmp(&a.started_at).then(a.id.cmp(&b.id)));
}

/// Creates a run of which only the id is known, as an upsert does.
fn make_up_run(model: &mut Model, run_id: RunId) -> Answer<FlowRun> {
    model.start_run(&StartRun {
        flow_id: FlowId::default(),
        flow_name: String::new(),
        run_id,
        trigger_key: String::new(),
        trigger_data_json: None,
        job_id: None,
        source_run_id: None,
    })
}

/// The row of a step.
pub(crate) fn step<'a>(space: &'a mut Namespace, run: RunId, key: &str) -> Option<&'a mut Step> {
    space.steps.get_mut(&(run, key.to_owned()))
}

/// The rows of a step's attempts.
pub(crate) fn attempts<'a>(
    space: &'a mut Namespace,
    run: RunId,
    key: &str,
) -> impl Iterator<Item = &'a mut Attempt> {
    space.attempts.get_mut(&(run, key.to_owned())).into_iter().flatten()
}

/// Changes the latest attempt of a step.
pub(crate) fn last_attempt(
    space: &mut Namespace,
    run: RunId,
    key: &str,
    amend: impl FnOnce(&mut Attempt),
) {
    if let Some(last) = attempts(space, run, key).last() {
        amend(last);
    }
}
