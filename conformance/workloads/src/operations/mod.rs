//! The calls that an engine makes often.

mod outputs;
mod runs;
mod steps;

use std::sync::Arc;

use plimsoll_contract::{FlowStep, RunId};

use crate::workload::{NOTHING_LEFT, NOTHING_TO_PREPARE};
use crate::{Crowd, Group, Growth, Pace, Site, Trouble, Turn, Workload};

/// The steps of a large run.
pub(crate) const STEPS: u64 = 50;

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Workload> {
    runs::ALL.iter().chain(&steps::ALL).chain(&outputs::ALL)
}

/// What an operation is unless it says otherwise; it must say what it does.
const OPERATION: Workload = Workload {
    id: "",
    group: Group::Operation,
    what: "",
    payloads: &[],
    pace: Pace::Closed,
    crowd: Crowd::Alone,
    growth: Growth::MustNot,
    leaves: 600,
    prepare: NOTHING_TO_PREPARE,
    unit: |_, _| Box::pin(std::future::ready(Err(Trouble::Panicked))),
    verify: NOTHING_LEFT,
    beside: None,
};

/// The key of a step.
pub(crate) fn key(number: u64) -> String {
    format!("step-{number:02}")
}

/// Where a turn works: fifty steps share a run, which is started before the first of them.
async fn slot(site: &Arc<Site>, turn: Turn) -> Result<(RunId, String), Trouble> {
    let (run, key) = slot_of(site, turn);
    if turn.number.is_multiple_of(STEPS) {
        site.runs()?.start_run(&site.start(run)).await?;
    }
    Ok((run, key))
}

fn slot_of(site: &Site, turn: Turn) -> (RunId, String) {
    let run = site.run_id(Turn { number: turn.number / STEPS, ..turn });
    (run, key(turn.number % STEPS))
}

/// The step of a turn, as the store shows it.
async fn step_of(site: &Site, turn: Turn) -> Result<Option<FlowStep>, Trouble> {
    let (run, key) = slot_of(site, turn);
    let detail = site.runs()?.get_run_detail(run).await?;
    Ok(detail.and_then(|detail| detail.steps.into_iter().find(|step| step.step_key == key)))
}
