//! A fixed sequence of writes, and all that can be read of them.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use plimsoll_contract::{
    Backend, FlowDefinition, FlowEvent, FlowId, Instant, ManualClock, OpenConfig, Page, Result,
    RunId, RunStatus, ScheduleState, StartRun, StepStatus, WebhookRejection,
};
use uuid::Uuid;

pub(crate) const NAMESPACE: &str = "orders";

/// How many writes there are.
pub(crate) const WRITES: usize = 20;

/// The instant of a write: no two have the same, so that a record without its instant shows.
fn at(number: usize) -> Instant {
    let start = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
    start + TimeDelta::seconds(number as i64)
}

fn flow() -> FlowId {
    FlowId(Uuid::from_u128(1))
}

pub(crate) fn run(number: u128) -> RunId {
    RunId(Uuid::from_u128(100 + number))
}

pub(crate) async fn open(backend: &dyn Backend, clock: &Arc<ManualClock>) -> Result<()> {
    backend.open(&OpenConfig::namespace(NAMESPACE), Arc::<ManualClock>::clone(clock)).await
}

/// One of the writes.
pub(crate) async fn write(backend: &dyn Backend, clock: &ManualClock, number: usize) -> Result<()> {
    clock.set(at(number));
    match number {
        0..7 => start(backend, number).await,
        7..14 => go_on(backend, number).await,
        _ => finish(backend, number).await,
    }
}

async fn start(backend: &dyn Backend, number: usize) -> Result<()> {
    let (runs, runtime) = (backend.run_store().unwrap(), backend.run_runtime_store().unwrap());
    match number {
        0 => drop(backend.flow_store().unwrap().save(&definition()).await?),
        1 => drop(runs.start_run(&start_run(1)).await?),
        2 => assert!(runs.try_record_dispatch(run(1), "charge").await?),
        3 => backend.outputs_repository().unwrap().save_step_input(run(1), "charge", "[]").await?,
        4 => assert!(runtime.try_claim_step(run(1), "charge").await?),
        5 => runs.record_step_start(run(1), "charge", "http", Some("[1]"), None).await?,
        _ => {
            let (status, error) = (StepStatus::Failed, Some("no route"));
            runs.record_step_complete(run(1), "charge", status, None, error).await?;
        }
    }
    Ok(())
}

async fn go_on(backend: &dyn Backend, number: usize) -> Result<()> {
    let (runs, runtime) = (backend.run_store().unwrap(), backend.run_runtime_store().unwrap());
    let (outputs, signals) =
        (backend.outputs_repository().unwrap(), backend.signal_store().unwrap());
    match number {
        // One call, four changes: step, run, claim and dispatch.
        7 => runs.retry_step(run(1), "charge").await?,
        8 => outputs.save_step_output(run(1), "charge", "{\"paid\":true}").await?,
        9 => outputs.record_event(run(1), &event()).await?,
        10 => signals.register_waiter(run(1), "wait", "shipped", None).await?,
        11 => drop(signals.deliver_signal(run(1), "shipped", "\"today\"").await?),
        12 => {
            let trace = Some("[\"no\"]");
            runtime.record_skipped_step_with_trace(run(1), "gift", "mail", None, trace).await?;
        }
        _ => runs.complete_run(run(1), RunStatus::Succeeded).await?,
    }
    Ok(())
}

async fn finish(backend: &dyn Backend, number: usize) -> Result<()> {
    let controls = backend.run_control_store().unwrap();
    match number {
        14 => controls.configure_run(run(2), flow(), "hook", Some("key"), None).await?,
        15 => assert!(controls.request_cancel(run(2), Some("by hand")).await?),
        16 => backend.schedule_state_store().unwrap().save(&schedule()).await?,
        17 => backend.webhook_rejection_store().unwrap().write(&rejection()).await?,
        18 => {
            let key = controls.try_register_idempotency_key(flow(), "hook", "key", run(2));
            assert!(key.await?);
        }
        _ => backend.retention_store().unwrap().cleanup(at(100)).await?,
    }
    Ok(())
}

/// Makes the first so many writes.
pub(crate) async fn write_first(backend: &dyn Backend, clock: &ManualClock, count: usize) {
    for number in 0..count {
        write(backend, clock, number).await.unwrap();
    }
}

/// Everything that the writes can have changed, as text.
pub(crate) async fn read(backend: &dyn Backend) -> Result<String> {
    let (runs, runtime) = (backend.run_store().unwrap(), backend.run_runtime_store().unwrap());
    let outputs = backend.outputs_repository().unwrap();
    let mut text = String::new();
    let mut add = |part: &dyn std::fmt::Debug| writeln!(text, "{part:?}").unwrap();
    add(&backend.flow_store().unwrap().get_all().await?);
    add(&runs.get_run_detail(run(1)).await?);
    add(&runs.get_dispatched_step_keys(run(1)).await?);
    add(&runtime.get_claimed_step_keys(run(1)).await?);
    add(&outputs.get_step_input(run(1), "charge").await?);
    add(&outputs.get_step_output(run(1), "charge").await?);
    add(&backend.event_reader().unwrap().get_run_events(run(1), Page::default()).await?);
    add(&backend.signal_store().unwrap().get_waiter(run(1), "wait").await?);
    let controls = backend.run_control_store().unwrap();
    add(&controls.get_run_control(run(2)).await?);
    add(&controls.find_run_id_by_idempotency_key(flow(), "hook", "key").await?);
    add(&backend.schedule_state_store().unwrap().get_all().await?);
    let webhooks = backend.webhook_rejection_store().unwrap();
    add(&webhooks.query_recent(None, None, true, Page::default()).await?);
    Ok(text)
}

fn definition() -> FlowDefinition {
    FlowDefinition {
        id: flow(),
        name: "orders".to_owned(),
        version: "1".to_owned(),
        manifest_json: Some("{}".to_owned()),
        is_enabled: true,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn start_run(number: u128) -> StartRun {
    StartRun {
        flow_id: flow(),
        flow_name: "orders".to_owned(),
        run_id: run(number),
        trigger_key: "manual".to_owned(),
        trigger_data_json: None,
        job_id: None,
        source_run_id: None,
    }
}

fn event() -> FlowEvent {
    FlowEvent {
        timestamp: at(3),
        event_type: "step-failed".to_owned(),
        step_key: Some("charge".to_owned()),
        message: None,
    }
}

fn schedule() -> ScheduleState {
    ScheduleState {
        job_id: "nightly".to_owned(),
        flow_id: flow(),
        flow_name: "orders".to_owned(),
        trigger_key: "cron".to_owned(),
        is_paused: true,
        cron_override: None,
        updated_at: at(0),
    }
}

fn rejection() -> WebhookRejection {
    WebhookRejection {
        id: 0,
        flow_id: None,
        trigger_key: Some("hook".to_owned()),
        received_at: at(2),
        remote_ip: None,
        reason: "signature".to_owned(),
        status_code: 401,
        body_bytes: 7,
        body_truncated: None,
        headers_json: None,
        scheme: None,
        processing_ms: Some(0.5),
        is_accepted: false,
    }
}
