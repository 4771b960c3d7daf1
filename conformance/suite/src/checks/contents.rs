//! Everything that a namespace can hold, written and read back through every exported interface.

use std::fmt::Debug;

use chrono::TimeDelta;
use plimsoll_contract::Interface::{
    EventReader, FlowStore, OutputsRepository, RunControlStore, RunRuntimeStore, RunStore,
    ScheduleStateStore, SignalStore, WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_contract::{
    Backend, FlowDefinition, FlowEvent, FlowId, Interface, Page, ScheduleState, StartRun,
    StepStatus, WebhookRejection, WebhookRejectionQuery,
};

use crate::instance::Instance;
use crate::trial::START;
use crate::{Halt, Outcome, Trial};

/// What is written: the ids are the same in every namespace, the texts are not.
pub(super) struct Contents {
    definition: FlowDefinition,
    schedule: ScheduleState,
    start: StartRun,
}

/// What a namespace shows, by what it is.
pub(super) type Shown = Vec<(&'static str, String)>;

/// The step of the run that everything is about.
const STEP: &str = "charge";

impl Contents {
    pub(super) fn new(t: &Trial) -> Self {
        let definition = t.a_definition("Invoice");
        let flow_id = definition.id;
        let schedule = ScheduleState { flow_id, ..t.a_schedule("nightly") };
        Self { definition, schedule, start: t.start_of(flow_id) }
    }

    fn flow(&self) -> FlowId {
        self.definition.id
    }

    /// Writes everything into the open namespace, which must not have it yet.
    pub(super) async fn write(&self, t: &Trial, text: &str) -> Outcome {
        let has = |interface: Interface| t.exports.contains(&interface);
        let (run, flow) = (self.start.run_id, self.flow());
        let text = text.to_owned();
        if has(FlowStore) {
            let definition = FlowDefinition { name: text.clone(), ..self.definition.clone() };
            t.flow_store().save(&definition).await?;
        }
        if has(RunStore) {
            let start = StartRun { flow_name: text.clone(), ..self.start.clone() };
            t.run_store().start_run(&start).await?;
            let (runs, output) = (t.run_store(), Some(&*text));
            runs.record_step_start(run, STEP, "http", output, None).await?;
            runs.record_step_complete(run, STEP, StepStatus::Failed, output, None).await?;
            let detail = runs.get_run_detail(run).await?;
            let steps = detail.map(|detail| detail.steps).unwrap_or_default();
            let attempts: Vec<_> = steps.iter().map(|step| step.attempts.len()).collect();
            t.expect("there is one step, with one attempt", &attempts, &vec![1]);
            t.a_running_step(run, &text).await?;
            t.expect("the dispatch is new", &runs.try_record_dispatch(run, STEP).await?, &true);
            runs.try_record_dispatch(run, &text).await?;
        }
        if has(RunRuntimeStore) {
            let claims = t.run_runtime_store();
            t.expect("the claim is new", &claims.try_claim_step(run, STEP).await?, &true);
            claims.try_claim_step(run, &text).await?;
        }
        if has(RunControlStore) {
            let controls = t.run_control_store();
            controls.configure_run(run, flow, &text, None, None).await?;
            controls.request_cancel(run, Some(&text)).await?;
            let is_new = controls.try_register_idempotency_key(flow, "webhook", "key-1", run);
            t.expect("the idempotency key is new", &is_new.await?, &true);
        }
        if has(SignalStore) {
            t.signal_store().register_waiter(run, STEP, &text, None).await?;
        }
        if has(ScheduleStateStore) {
            let schedule = ScheduleState { flow_name: text.clone(), ..self.schedule.clone() };
            t.schedule_state_store().save(&schedule).await?;
        }
        if has(OutputsRepository) {
            self.write_outputs(t, &text).await?;
        }
        if has(WebhookRejectionStore) {
            let row = WebhookRejection { flow_id: Some(flow), ..t.a_rejection(&text) };
            t.webhook_rejection_store().write(&row).await?;
        }
        let is_nonce_new = !self.holds_nonce(t).await?;
        t.expect("the nonce is new", &is_nonce_new, &true);
        Ok(())
    }

    async fn write_outputs(&self, t: &Trial, text: &str) -> Outcome {
        let (outputs, run) = (t.outputs_repository(), self.start.run_id);
        outputs.save_step_output(run, STEP, text).await?;
        outputs.save_step_input(run, STEP, text).await?;
        outputs.save_trigger_data(run, text).await?;
        outputs.save_trigger_headers(run, &[("a".to_owned(), text.to_owned())]).await?;
        let event = FlowEvent {
            timestamp: START,
            event_type: text.to_owned(),
            step_key: None,
            message: None,
        };
        Ok(outputs.record_event(run, &event).await?)
    }

    /// Whether the nonce is registered; afterwards it is. There is no other way to ask.
    pub(super) async fn holds_nonce(&self, t: &Trial) -> Result<bool, Halt> {
        self.holds_nonce_at(t, &t.instance).await
    }

    /// Whether the nonce is registered in the namespace that `at` has open; afterwards it is.
    async fn holds_nonce_at(&self, t: &Trial, at: &Instance) -> Result<bool, Halt> {
        if !t.exports.contains(&WebhookReplayStore) {
            return Ok(false);
        }
        let replays = at.webhook_replay_store();
        // Not expired: a store that drops those that are is the business of another check.
        let later = START + TimeDelta::days(30);
        Ok(!replays.try_register(self.flow(), "orders", "n-1", later).await?)
    }

    /// Reads everything but the nonce from the open namespace.
    pub(super) async fn read(&self, t: &Trial) -> Result<Shown, Halt> {
        self.read_through(t, &t.instance).await
    }

    /// Reads everything but the nonce from the namespace that `at` has open.
    pub(super) async fn read_through(&self, t: &Trial, at: &Instance) -> Result<Shown, Halt> {
        let has = |interface: Interface| t.exports.contains(&interface);
        let (run, flow) = (self.start.run_id, self.flow());
        let mut shown = Shown::new();
        let mut show = |what, value: &dyn Debug| shown.push((what, format!("{value:?}")));
        if has(FlowStore) {
            show("the definitions", &at.flow_store().get_all().await?);
            show("the definition", &at.flow_store().get_by_id(flow).await?);
        }
        if has(RunStore) {
            let runs = at.run_store();
            show("the runs", &runs.get_runs(None, Page::all()).await?);
            show("the page of runs", &runs.get_runs_page(None, None, Page::all(), None).await?);
            show("the run", &runs.get_run_detail(run).await?);
            show("the statistics", &runs.get_statistics().await?);
            show("the dispatch entries", &sorted(runs.get_dispatched_step_keys(run).await?));
        }
        if has(RunRuntimeStore) {
            let steps = at.run_runtime_store();
            show("the claims", &sorted(steps.get_claimed_step_keys(run).await?));
            show("the status of the run", &steps.get_run_status(run).await?);
            let mut statuses = steps.get_step_statuses(run).await?;
            statuses.sort_by(|a, b| a.0.cmp(&b.0));
            show("the statuses of its steps", &statuses);
        }
        if has(RunControlStore) {
            let controls = at.run_control_store();
            show("the control record", &controls.get_run_control(run).await?);
            let found = controls.find_run_id_by_idempotency_key(flow, "webhook", "key-1").await?;
            show("the idempotency key", &found);
        }
        if has(EventReader) {
            show("the events", &at.event_reader().get_run_events(run, Page::all()).await?);
        }
        if has(SignalStore) {
            show("the waiter", &at.signal_store().get_waiter(run, STEP).await?);
        }
        if has(ScheduleStateStore) {
            show("the schedules", &at.schedule_state_store().get_all().await?);
        }
        if has(OutputsRepository) {
            let outputs = at.outputs_repository();
            show("the output", &outputs.get_step_output(run, STEP).await?);
            show("the input", &outputs.get_step_input(run, STEP).await?);
            show("the trigger data", &outputs.get_trigger_data(run).await?);
            show("the trigger headers", &outputs.get_trigger_headers(run).await?);
        }
        if has(WebhookRejectionStore) {
            let all = WebhookRejectionQuery::default();
            show("the webhook rows", &at.webhook_rejection_store().query(&all).await?);
        }
        Ok(shown)
    }
}

/// Writes everything, and has a new instance of the same namespace show it.
pub(super) async fn expect_shown_by_another(t: &Trial) -> Outcome {
    let everything = Contents::new(t);
    everything.write(t, "left").await?;
    let before = everything.read(t).await?;
    let other = t.another_instance().await?;
    other.open(&t.own_config(), t.unchecked_clock()).await?;
    let shown = everything.read_through(t, &other).await?;
    expect_same(t, "are the same through the other instance", &shown, &before);
    if t.exports.contains(&WebhookReplayStore) {
        let is_known = everything.holds_nonce_at(t, &other).await?;
        t.expect("the nonce is known through the other instance", &is_known, &true);
    }
    Ok(())
}

/// What is listed in any order.
fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys
}

/// Everything must be shown as it was before; `words` say which of two moments are compared.
pub(super) fn expect_same(t: &Trial, words: &str, got: &Shown, expected: &Shown) {
    for ((what, got), (_, expected)) in got.iter().zip(expected) {
        let what = format!("{what} {words}");
        t.expect_that(&what, got == expected, expected, &format_args!("{got}"));
    }
}
