//! `run-store` is large; its checks stand by what they are about.

pub(super) mod attempts;
pub(super) mod dispatch;
pub(super) mod lists;
pub(super) mod percentiles;
pub(super) mod retry;
pub(super) mod runs;
pub(super) mod search;
pub(super) mod snapshots;
pub(super) mod statistics;
pub(super) mod steps;
pub(super) mod timeseries;
pub(super) mod workers;

use plimsoll_contract::{FlowRun, FlowRunDetail, FlowStep, RunId};

use crate::{Halt, Trial};

/// The ids of runs, in their order.
pub(super) fn ids(runs: &[FlowRun]) -> Vec<RunId> {
    runs.iter().map(|run| run.id).collect()
}

/// The detail of a run that must be there.
async fn detail(t: &Trial, run: RunId) -> Result<FlowRunDetail, Halt> {
    let detail = t.run_store().get_run_detail(run).await?;
    t.expect_that("the run is there", detail.is_some(), "a run", &detail);
    detail.ok_or(Halt::Enough)
}

/// A step of a run that must be there.
async fn step(t: &Trial, run: RunId, step_key: &str) -> Result<FlowStep, Halt> {
    let steps = detail(t, run).await?.steps;
    let step = steps.iter().find(|step| step.step_key == step_key).cloned();
    t.expect_that("the step is there", step.is_some(), "a step of that key", &steps);
    step.ok_or(Halt::Enough)
}
