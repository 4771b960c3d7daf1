//! What is read back when a program has ended.

use std::time::Duration;

use chrono::TimeDelta;
use plimsoll_contract::{Instant, Page, RunTimeseriesGranularity, WebhookRejectionQuery};

use crate::Call;
use crate::calls::{
    EventReader, FlowRepository, FlowStore, OutputsRepository, RunControlStore, RunRuntimeStore,
    RunStore, ScheduleStateStore, SignalStore, WebhookRejectionStore, WebhookReplayStore,
};
use crate::notes::Notes;
use crate::pools::{LATEST_NOW, START};

/// Calls that read everything about what `notes` name, and in the end those that must write to
/// learn something: whether a claim is held and which nonces are there.
pub(crate) fn reads(notes: &Notes, now: Instant) -> Vec<Call> {
    let mut reads: Vec<Call> = vec![
        FlowRepository::get_all_flows {}.into(),
        FlowStore::get_all {}.into(),
        RunStore::get_active_runs {}.into(),
        RunStore::get_statistics {}.into(),
        ScheduleStateStore::get_all {}.into(),
        WebhookRejectionStore::counts_by_reason { window: Duration::from_secs(86_400) }.into(),
    ];
    let query = WebhookRejectionQuery { page: Page::all(), ..WebhookRejectionQuery::default() };
    reads.push(WebhookRejectionStore::query { filter: query }.into());
    reads.push(RunStore::get_runs { flow_id: None, page: Page::all() }.into());
    let page = Page::new(1, 1);
    reads.push(RunStore::get_runs_page { flow_id: None, status: None, page, search: None }.into());
    let hours = (RunTimeseriesGranularity::Hour, START, TimeDelta::hours(30));
    let days = (RunTimeseriesGranularity::Day, now, TimeDelta::days(40));
    for (granularity, around, width) in [hours, days] {
        // No instant beyond 9999 is asked for: a backend may refuse it (BACKEND-12).
        let until = around.checked_add_signed(width).map(|until| until.min(LATEST_NOW));
        if let (Some(since), Some(until)) = (around.checked_sub_signed(width), until) {
            let flow_id = notes.flows.first().copied().filter(|_| around == now);
            reads.push(RunStore::get_run_timeseries { granularity, since, until, flow_id }.into());
        }
    }
    for key in &notes.keys {
        let (flow_id, status, page, search) = (None, None, Page::all(), Some(key.to_uppercase()));
        reads.push(RunStore::get_runs_page { flow_id, status, page, search }.into());
    }
    reads.extend(notes.flows.iter().map(|id| FlowStore::get_by_id { id: *id }.into()));
    for run_id in notes.runs.iter().copied() {
        let page = Page::all();
        reads.extend([
            Call::from(RunStore::get_run_detail { run_id }),
            RunStore::get_derived_runs { source_run_id: run_id }.into(),
            RunStore::get_dispatched_step_keys { run_id }.into(),
            RunRuntimeStore::get_run_status { run_id }.into(),
            RunRuntimeStore::get_step_statuses { run_id }.into(),
            RunRuntimeStore::get_claimed_step_keys { run_id }.into(),
            RunControlStore::get_run_control { run_id }.into(),
            EventReader::get_run_events { run_id, page }.into(),
            OutputsRepository::get_trigger_data { run_id }.into(),
            OutputsRepository::get_trigger_headers { run_id }.into(),
        ]);
        for key in &notes.keys {
            let step_key = key.clone();
            reads.push(SignalStore::get_waiter { run_id, step_key }.into());
            let step_key = key.clone();
            reads.push(OutputsRepository::get_step_output { run_id, step_key }.into());
            let step_key = key.clone();
            reads.push(OutputsRepository::get_step_input { run_id, step_key }.into());
        }
    }
    for key in &notes.keys {
        reads.push(ScheduleStateStore::get { job_id: key.clone() }.into());
    }
    reads.extend(by_writing(notes));
    reads
}

fn by_writing(notes: &Notes) -> Vec<Call> {
    let mut calls = Vec::new();
    for run_id in notes.runs.iter().copied() {
        for key in &notes.keys {
            let step_key = key.clone();
            calls.push(RunRuntimeStore::try_claim_step { run_id, step_key }.into());
        }
    }
    for flow_id in notes.flows.iter().copied() {
        for trigger_key in &notes.keys {
            for idempotency_key in &notes.keys {
                calls.push(
                    RunControlStore::find_run_id_by_idempotency_key {
                        flow_id,
                        trigger_key: trigger_key.clone(),
                        idempotency_key: idempotency_key.clone(),
                    }
                    .into(),
                );
            }
        }
    }
    calls.push(WebhookReplayStore::purge_expired { now: LATEST_NOW }.into());
    calls
}
