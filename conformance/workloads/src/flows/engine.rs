//! The calls of an engine, in its order.

use plimsoll_contract::{FlowEvent, RunId, RunStatus, StepStatus};

use crate::clock::now;
use crate::trouble::expect;
use crate::{Site, Trouble};

/// Begins a run: its control record, its trigger's document, its first event.
pub(crate) async fn begin(site: &Site, run: RunId) -> Result<(), Trouble> {
    let start = site.start(run);
    site.runs()?.start_run(&start).await?;
    let (control, key) = (site.control()?, Some(start.trigger_key.as_str()));
    control.configure_run(run, start.flow_id, &start.trigger_key, key, None).await?;
    site.outputs()?.save_trigger_data(run, site.json()).await?;
    event(site, run, "run-started", None).await
}

/// Hands a step to a worker: the ledger takes it once.
pub(crate) async fn dispatch(site: &Site, run: RunId, key: &str) -> Result<(), Trouble> {
    let is_new = site.runs()?.try_record_dispatch(run, key).await?;
    expect("a step is dispatched once", &is_new, &true)
}

/// Claims a step, unless somebody has it, and asks whether the run goes on.
pub(crate) async fn claim(site: &Site, run: RunId, key: &str) -> Result<bool, Trouble> {
    if !site.runtime()?.try_claim_step(run, key).await? {
        return Ok(false);
    }
    let control = site.control()?.get_run_control(run).await?;
    let is_cancelled = control.map(|control| control.cancel_requested);
    expect("nobody cancelled the run", &is_cancelled, &Some(false))?;
    Ok(true)
}

/// Executes a claimed step once, with that outcome.
pub(crate) async fn execute(
    site: &Site,
    run: RunId,
    key: &str,
    status: StepStatus,
) -> Result<(), Trouble> {
    let (runs, outputs, json) = (site.runs()?, site.outputs()?, site.json());
    runs.record_step_start(run, key, "http", Some(json), None).await?;
    event(site, run, "step-started", Some(key)).await?;
    outputs.save_step_output(run, key, json).await?;
    runs.record_step_complete(run, key, status, Some(json), None).await?;
    event(site, run, "step-completed", Some(key)).await
}

/// Does a step from its dispatch to the question what comes next.
pub(crate) async fn step(site: &Site, run: RunId, key: &str) -> Result<(), Trouble> {
    dispatch(site, run, key).await?;
    expect("a free step is claimed", &claim(site, run, key).await?, &true)?;
    execute(site, run, key, StepStatus::Succeeded).await?;
    site.runtime()?.release_step_claim(run, key).await?;
    let statuses = site.runtime()?.get_step_statuses(run).await?;
    let is_over = statuses.iter().any(|(of, is)| of == key && *is == StepStatus::Succeeded);
    expect("the step that was done has succeeded", &is_over, &true)
}

/// Ends a run.
pub(crate) async fn end(site: &Site, run: RunId) -> Result<(), Trouble> {
    site.runs()?.complete_run(run, RunStatus::Succeeded).await?;
    event(site, run, "run-completed", None).await
}

async fn event(
    site: &Site,
    run: RunId,
    event_type: &str,
    step_key: Option<&str>,
) -> Result<(), Trouble> {
    let event = FlowEvent {
        timestamp: now(),
        event_type: event_type.to_owned(),
        step_key: step_key.map(str::to_owned),
        message: None,
    };
    Ok(site.outputs()?.record_event(run, &event).await?)
}

/// The run has succeeded with that many steps, each after that many attempts, and nothing of it is
/// held.
pub(crate) async fn expect_done(
    site: &Site,
    run: RunId,
    steps: usize,
    attempts: usize,
) -> Result<(), Trouble> {
    let detail = site.runs()?.get_run_detail(run).await?;
    let status = detail.as_ref().map(|detail| detail.run.status);
    expect("the run at its end", &status, &Some(RunStatus::Succeeded))?;
    let rows = detail.map(|detail| detail.steps).unwrap_or_default();
    for step in &rows {
        let output = site.outputs()?.get_step_output(run, &step.step_key).await?;
        expect("the output of a step", &output.as_deref(), &Some(site.json()))?;
    }
    let done = rows.iter().filter(|step| {
        step.status == StepStatus::Succeeded
            && step.attempts.len() == attempts
            && step.output_json.as_deref() == Some(site.json())
    });
    expect("the steps that succeeded, with their attempts", &done.count(), &steps)?;
    let held = site.runtime()?.get_claimed_step_keys(run).await?;
    expect("the steps that are still claimed", &held, &Vec::new())
}
