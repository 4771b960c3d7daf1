//! Makes two answers equal where no MUST tells them apart.

use std::collections::BTreeMap;

use plimsoll_contract::{
    Answer, FlowId, FlowRun, FlowRunDetail, FlowRunPage, FlowStep, Page, Result, RunId,
    RunTimeseriesBucket, SignalDeliveryResult, StepStatus,
};
use plimsoll_model::{Namespace, Spec};

use crate::calls::{RunControlStore, RunRuntimeStore, RunStore, SignalStore};
use crate::run::{Mismatch, Reference, judge};
use crate::value::Value;
use crate::{Call, search};

/// What both answer, as far as the clauses tell.
pub(crate) fn relaxed(
    call: &Call,
    want: Value,
    got: Value,
    reference: &mut Reference,
) -> (Value, Value) {
    use Value as V;
    match (call, want, got) {
        (Call::RunStore(RunStore::get_runs { flow_id, page }), V::Runs(want), V::Runs(got)) => {
            let all =
                space(reference).map_or(Vec::new(), |space| search::runs(space, *flow_id, None));
            (V::Runs(page_as_in(want, &got, &all, *page)), V::Runs(got))
        }
        (Call::RunStore(RunStore::get_runs_page { .. }), V::RunPage(want), V::RunPage(got)) => {
            (V::RunPage(run_page_as_in(call, want, &got, reference)), V::RunPage(got))
        }
        (Call::RunStore(RunStore::get_derived_runs { source_run_id }), _, V::Runs(got))
            if got.is_empty()
                && space(reference)
                    .is_some_and(|space| !space.runs.contains_key(source_run_id)) =>
        {
            // RUN-7 is a SHOULD: a source that is not there may have none.
            (V::Runs(Vec::new()), V::Runs(got))
        }
        // RUN-6 and RUN-58 are SHOULDs: these come in any order.
        (_, V::Runs(want), V::Runs(got)) => {
            (V::Runs(sorted(want, |run| run.id)), V::Runs(sorted(got, |run| run.id)))
        }
        (_, V::Detail(Some(want)), V::Detail(Some(got))) => {
            let (want, got) = details(want, got, reference);
            (V::Detail(Some(want)), V::Detail(Some(got)))
        }
        (Call::RunRuntimeStore(RunRuntimeStore::get_claimed_step_keys { run_id }), want, got) => {
            claims(*run_id, want, got, reference)
        }
        (_, want, got) => others_relaxed(call, want, got, reference),
    }
}

fn others_relaxed(
    call: &Call,
    want: Value,
    got: Value,
    reference: &mut Reference,
) -> (Value, Value) {
    use Value as V;
    match (call, want, got) {
        // RUN-83 and RUNTIME-1: in any order.
        (_, V::Texts(want), V::Texts(got)) => {
            (V::Texts(sorted(want, String::clone)), V::Texts(sorted(got, String::clone)))
        }
        (_, V::Statuses(want), V::Statuses(got)) => {
            let key = |(key, _): &(String, StepStatus)| key.clone();
            (V::Statuses(sorted(want, key)), V::Statuses(sorted(got, key)))
        }
        // FLOW-2 fixes the order of some names, FLOW-3 leaves the rest. SCHEDULE-3 is a SHOULD.
        (_, V::Definitions(want), V::Definitions(got)) if names_ascend(&got) => {
            let id = |flow: &plimsoll_contract::FlowDefinition| flow.id;
            (V::Definitions(sorted(want, id)), V::Definitions(sorted(got, id)))
        }
        (_, V::Schedules(want), V::Schedules(got)) => {
            let id = |state: &plimsoll_contract::ScheduleState| state.job_id.clone();
            (V::Schedules(sorted(want, id)), V::Schedules(sorted(got, id)))
        }
        (_, V::Control(Some(want)), V::Control(Some(got))) => {
            let want = with_the_reason_of(want, &got, reference);
            (V::Control(Some(want)), V::Control(Some(got)))
        }
        (_, V::Delivery(want), V::Delivery(got)) => {
            (V::Delivery(oldest_as_in(call, want, &got, reference)), V::Delivery(got))
        }
        // OUTPUT-13 is a trait: headers come in any order.
        (_, V::Headers(Some(want)), V::Headers(Some(got))) => {
            let header = |header: &(String, String)| header.clone();
            (V::Headers(Some(sorted(want, header))), V::Headers(Some(sorted(got, header))))
        }
        // The store sets these numbers; EVENT-1 and WEBHOOK-2 only say that they rise.
        (_, V::Events(mut want), V::Events(got)) => {
            let rise = got.windows(2).all(|pair| pair[0].sequence < pair[1].sequence);
            if rise {
                want.iter_mut().zip(&got).for_each(|(want, got)| want.sequence = got.sequence);
            }
            (V::Events(want), V::Events(got))
        }
        (_, V::Rows(mut want), V::Rows(got)) => {
            rows_as_in(&mut want, &got);
            (V::Rows(want), V::Rows(got))
        }
        (_, V::RowPage(mut want), V::RowPage(got)) => {
            rows_as_in(&mut want.items, &got.items);
            (V::RowPage(want), V::RowPage(got))
        }
        (_, V::Counts(want), V::Counts(got)) => {
            let (want, got) = counts(want, got, reference);
            (V::Counts(want), V::Counts(got))
        }
        (_, V::Buckets(mut want), V::Buckets(got)) => {
            want.iter_mut().zip(&got).for_each(|(want, got)| percentiles_as_in(want, got));
            (V::Buckets(want), V::Buckets(got))
        }
        (_, want, got) => (want, got),
    }
}

fn space(reference: &mut Reference) -> Option<&mut Namespace> {
    reference.model.state().space()
}

fn sorted<T, K: Ord>(mut items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    items.sort_by_key(key);
    items
}

/// RUN-30 is a trait: among runs that started at one instant any order will do, so any of them may
/// be on the page.
fn page_as_in(want: Vec<FlowRun>, got: &[FlowRun], all: &[FlowRun], page: Page) -> Vec<FlowRun> {
    let whole = page.take.is_some_and(|take| take as usize >= all.len()) && page.skip == 0;
    let starts = |runs: &[FlowRun]| runs.iter().map(|run| run.started_at).collect::<Vec<_>>();
    let distinct = got.iter().enumerate().all(|(place, run)| !got[..place].contains(run));
    let is_fair = distinct
        && starts(&want) == starts(got)
        && got.iter().all(|run| all.contains(run))
        && (!whole || got.len() == all.len());
    if is_fair { got.to_vec() } else { want }
}

/// RUN-36 is a SHOULD and RUN-38 a trait; and no clause says that nothing else is searched, nor
/// whether the attempts of a step that was reset are. So some runs may be found or not.
fn run_page_as_in(
    call: &Call,
    want: FlowRunPage,
    got: &FlowRunPage,
    reference: &mut Reference,
) -> FlowRunPage {
    let Call::RunStore(RunStore::get_runs_page { flow_id, status, page, search }) = call else {
        return want;
    };
    let everything = RunStore::get_runs_page {
        flow_id: *flow_id,
        status: *status,
        page: Page::all(),
        search: search.clone(),
    };
    let found = Call::RunStore(everything).on_model(&mut reference.model);
    let (Ok(Value::RunPage(must)), Some(space)) = (found, space(reference)) else { return want };
    let must: Vec<_> = must.items;
    let may = search::may_match(space, *flow_id, *status, search.as_deref(), &must);
    let sure = search::without_orphans(space, search.as_deref(), &must);
    if may.len() == sure.len() {
        let items = page_as_in(want.items, &got.items, &must, *page);
        return FlowRunPage { items, ..want };
    }
    let total = got.total_count;
    let ordered = got.items.windows(2).all(|pair| pair[0].started_at >= pair[1].started_at);
    let left = total.saturating_sub(u64::from(page.skip));
    let length = left.min(u64::from(page.take.unwrap_or(Page::DEFAULT_RUNS)));
    let is_whole = page.skip == 0 && got.items.len() as u64 == total;
    let is_fair = (sure.len() as u64..=may.len() as u64).contains(&total)
        && ordered
        && got.items.len() as u64 == length
        && got.items.iter().all(|run| may.contains(run))
        && (!is_whole || sure.iter().all(|run| got.items.contains(run)));
    if is_fair { got.clone() } else { want }
}

/// RUN-11 is a SHOULD: the start of a step is not compared, but the order that it gives (RUN-40).
/// The trace of a step or attempt that is no longer `skipped`, and job and start of an attempt that
/// a skip added, no clause tells.
fn details(
    mut want: FlowRunDetail,
    mut got: FlowRunDetail,
    reference: &Reference,
) -> (FlowRunDetail, FlowRunDetail) {
    let ascend = got.steps.windows(2).all(|pair| pair[0].started_at <= pair[1].started_at);
    if !ascend {
        return (want, got);
    }
    want.steps.sort_by(|a, b| a.step_key.cmp(&b.step_key));
    got.steps.sort_by(|a, b| a.step_key.cmp(&b.step_key));
    for (want, got) in want.steps.iter_mut().zip(&got.steps) {
        step_as_in(want, got, reference);
    }
    (want, got)
}

fn step_as_in(want: &mut FlowStep, got: &FlowStep, reference: &Reference) {
    want.started_at = got.started_at;
    let was_skipped = |number: usize| {
        let id = (want.run_id, want.step_key.clone(), number);
        reference.skips.contains(&id)
    };
    let last = want.attempts.last();
    if last.is_some_and(|last| last.evaluation_trace_json.is_some())
        && want.status != StepStatus::Skipped
    {
        want.evaluation_trace_json.clone_from(&got.evaluation_trace_json);
    }
    if was_skipped(want.attempts.len()) {
        want.job_id.clone_from(&got.job_id);
    }
    let skips: Vec<_> = (1..=want.attempts.len()).map(was_skipped).collect();
    for ((want, got), is_skip) in want.attempts.iter_mut().zip(&got.attempts).zip(skips) {
        if is_skip {
            want.started_at = got.started_at;
            want.job_id.clone_from(&got.job_id);
        }
        if want.status != StepStatus::Skipped && want.evaluation_trace_json.is_some() {
            want.evaluation_trace_json.clone_from(&got.evaluation_trace_json);
        }
    }
}

/// RUNTIME-4 is a trait: claimed keys of finished steps may be listed or not.
fn claims(run: RunId, want: Value, got: Value, reference: &mut Reference) -> (Value, Value) {
    let (Value::Texts(want), Value::Texts(got), Some(space)) =
        (want.clone(), got.clone(), space(reference))
    else {
        return (want, got);
    };
    let is_finished = |key: &String| {
        let step = space.steps.get(&(run, key.clone()));
        step.is_some_and(|step| !matches!(step.status, StepStatus::Running | StepStatus::Pending))
    };
    let (mut want, got) = (sorted(want, String::clone), sorted(got, String::clone));
    want.retain(|key| !is_finished(key) || got.contains(key));
    (Value::Texts(want), Value::Texts(got))
}

/// FLOW-2: names of one letter case and script. Taken as narrowly as it can be read: words of ASCII
/// letters, all small or all capital.
fn names_ascend(flows: &[plimsoll_contract::FlowDefinition]) -> bool {
    let ascend = |is_of_case: fn(&char) -> bool| {
        let plain = |name: &&str| !name.is_empty() && name.chars().all(|c| is_of_case(&c));
        let names = flows.iter().map(|flow| flow.name.as_str()).filter(plain);
        names.is_sorted()
    };
    ascend(|c| c.is_ascii_lowercase()) && ascend(|c| c.is_ascii_uppercase())
}

/// CONTROL-14 is a trait: when nobody gave a reason, a timeout may bring its own. From then on it
/// is the one that is kept (CONTROL-5).
fn with_the_reason_of(
    mut want: plimsoll_contract::RunControl,
    got: &plimsoll_contract::RunControl,
    reference: &mut Reference,
) -> plimsoll_contract::RunControl {
    let is_usual = got.cancel_reason.as_deref() == Some("Run timed out.");
    if want.timed_out_at.is_some() && want.cancel_reason.is_none() && is_usual {
        want.cancel_reason.clone_from(&got.cancel_reason);
        let stored = space(reference).and_then(|space| space.controls.get_mut(&want.run_id));
        if let Some(stored) = stored {
            stored.cancel_reason.clone_from(&got.cancel_reason);
        }
    }
    want
}

/// SIGNAL-7 names the oldest waiter. SIGNAL-9 says who is older of two of one instant, but only
/// among those that wait.
fn oldest_as_in(
    call: &Call,
    want: SignalDeliveryResult,
    got: &SignalDeliveryResult,
    reference: &mut Reference,
) -> SignalDeliveryResult {
    use SignalDeliveryResult::AlreadyDelivered;
    let (
        Call::SignalStore(SignalStore::deliver_signal { run_id, signal_name, .. }),
        AlreadyDelivered(_),
        AlreadyDelivered(delivery),
        Some(space),
    ) = (call, &want, got, space(reference))
    else {
        return want;
    };
    let all = space.waiters.values();
    let named = || {
        all.clone().filter(|waiter| waiter.run_id == *run_id && waiter.signal_name == *signal_name)
    };
    let oldest = named().map(|waiter| waiter.created_at).min();
    let is_one = named().any(|waiter| {
        Some(waiter.created_at) == oldest
            && waiter.step_key == delivery.step_key
            && waiter.delivered_at == Some(delivery.delivered_at)
    });
    if is_one { got.clone() } else { want }
}

/// WEBHOOK-2: ids from 1; WEBHOOK-5: in descending order.
fn rows_as_in(
    want: &mut [plimsoll_contract::WebhookRejection],
    got: &[plimsoll_contract::WebhookRejection],
) {
    let fall = got.windows(2).all(|pair| pair[0].id > pair[1].id);
    if fall && got.last().is_none_or(|last| last.id >= 1) {
        want.iter_mut().zip(got).for_each(|(want, got)| want.id = got.id);
    }
}

/// Reasons and how often they occur.
type Counts = Vec<(String, u64)>;

/// WEBHOOK-19 is a trait: an entry may be spelt in any of its ways. WEBHOOK-20 is a SHOULD: rows
/// received after now may count or not.
fn counts(want: Counts, got: Counts, reference: &mut Reference) -> (Counts, Counts) {
    let now = reference.model.state().now;
    let mut future: BTreeMap<String, u64> = BTreeMap::new();
    for row in space(reference).into_iter().flat_map(|space| &space.webhook_rows) {
        if row.received_at > now && !row.is_accepted && !row.reason.is_empty() {
            *future.entry(row.reason.to_ascii_lowercase()).or_default() += 1;
        }
    }
    let spelt = |(reason, count): (String, u64)| (reason.to_ascii_lowercase(), count);
    let mut got: Vec<_> = sorted(got.into_iter().map(spelt).collect(), |entry| entry.clone());
    got.retain(|(_, count)| *count > 0);
    let mut settled = Vec::new();
    for (reason, most) in want.into_iter().map(spelt) {
        let least = most - future.get(&reason).copied().unwrap_or(0).min(most);
        let answered = got.iter().find(|(other, _)| *other == reason).map_or(0, |(_, n)| *n);
        let count = if (least..=most).contains(&answered) { answered } else { most };
        settled.extend((count > 0).then_some((reason, count)));
    }
    (sorted(settled, |entry| entry.clone()), got)
}

/// Percentiles are equal to nine digits: RUN-50 fixes a value, not the order of its arithmetic.
fn percentiles_as_in(want: &mut RunTimeseriesBucket, got: &RunTimeseriesBucket) {
    let close = |want: Option<f64>, got: Option<f64>| match (want, got) {
        (Some(want), Some(got)) => (want - got).abs() <= 1e-9 * want.abs().max(1.0),
        _ => false,
    };
    if close(want.p50_duration_ms, got.p50_duration_ms) {
        want.p50_duration_ms = got.p50_duration_ms;
    }
    if close(want.p95_duration_ms, got.p95_duration_ms) {
        want.p95_duration_ms = got.p95_duration_ms;
    }
}

/// Idempotency keys. The model's map holds them as they were given, because only equal texts must
/// collide (CONTROL-20): CONTROL-21 is a SHOULD and CONTROL-22 a trait. Where a key resembles one
/// that is registered, the model follows; and as registering and finding compare in one way, what
/// was learnt holds from then on.
///
/// None if the call is about something else, and then what does not hold.
pub(crate) fn free_key(
    call: &Call,
    got: &Result<Value>,
    space: &mut Namespace,
) -> Option<Option<Mismatch>> {
    let (flow, trigger, key, registers) = match call {
        Call::RunControlStore(RunControlStore::find_run_id_by_idempotency_key {
            flow_id,
            trigger_key,
            idempotency_key,
        }) => (*flow_id, trigger_key, idempotency_key, None),
        Call::RunControlStore(RunControlStore::try_register_idempotency_key {
            flow_id,
            trigger_key,
            idempotency_key,
            run_id,
        }) => (*flow_id, trigger_key, idempotency_key, Some(*run_id)),
        _ => return None,
    };
    let id = (flow, trigger.clone(), key.clone());
    let exact = space.idempotency_keys.get(&id).copied();
    let similar = similar_keys(space, &id);
    let is_free = exact.is_none() && !similar.is_empty();
    let want = match (registers, got) {
        (None, Ok(Value::RunId(Some(run)))) if is_free && similar.contains(run) => {
            Value::RunId(Some(*run))
        }
        (None, _) => Value::RunId(exact),
        (Some(_), Ok(Value::Bool(false))) if is_free => {
            if let [run] = similar[..] {
                space.idempotency_keys.insert(id, run);
            }
            Value::Bool(false)
        }
        (Some(run), _) => {
            space.idempotency_keys.entry(id).or_insert(run);
            Value::Bool(exact.is_none())
        }
    };
    let want: Answer<Value> = Ok(want);
    Some(judge(&want, got))
}

fn similar_keys(space: &Namespace, id: &(FlowId, String, String)) -> Vec<RunId> {
    let is_blank = |c: char| matches!(c, '\t'..='\r' | ' ');
    let folded = |text: &str| text.trim_matches(is_blank).to_uppercase().to_lowercase();
    let alike = |other: &(FlowId, String, String)| {
        other.0 == id.0 && folded(&other.1) == folded(&id.1) && folded(&other.2) == folded(&id.2)
    };
    let mut runs: Vec<_> =
        space.idempotency_keys.iter().filter(|(other, _)| alike(other)).map(|(_, r)| *r).collect();
    runs.sort();
    runs.dedup();
    runs
}
