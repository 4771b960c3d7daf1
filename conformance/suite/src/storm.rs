//! Writes for a process that is to be killed: callers, each on a run of its own, whose writes come
//! in a fixed order, so that it is known what must be there afterwards.

use std::fmt::Debug;

use plimsoll_contract::{
    Backend, Error, FlowDefinition, FlowEvent, FlowEventRecord, FlowId, Interface, Page, Result,
    RunId, RunStatus, ScheduleState, StartRun, StepStatus, WebhookRejection,
};

use crate::Trial;
use crate::trial::START;

/// One kind of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Run,
    Control,
    Key,
    TriggerData,
    TriggerHeaders,
    Definition,
    Schedule,
    Claim,
    Dispatch,
    Start,
    Input,
    Fail,
    Event,
    End,
    Retry,
    Restart,
    Output,
    Succeed,
    Waiter,
    Delivery,
    Skip,
    WebhookRow,
}

use Write::{
    Claim, Control, Definition, Delivery, Dispatch, End, Event, Fail, Input, Key, Output, Restart,
    Retry, Run, Schedule, Skip, Start, Succeed, TriggerData, TriggerHeaders, Waiter, WebhookRow,
};

/// Written once.
const FIRST: [Write; 5] = [Run, Control, Key, TriggerData, TriggerHeaders];

/// Written again and again, each time for another step.
const AGAIN: [Write; 17] = [
    Definition, Schedule, Claim, Dispatch, Start, Input, Fail, Event, End, Retry, Restart, Output,
    Succeed, Waiter, Delivery, Skip, WebhookRow,
];

impl Write {
    const fn interface(self) -> Interface {
        match self {
            Run | Dispatch | Start | Fail | End | Retry | Restart | Succeed => Interface::RunStore,
            Claim | Skip => Interface::RunRuntimeStore,
            Control | Key => Interface::RunControlStore,
            TriggerData | TriggerHeaders | Input | Output | Event => Interface::OutputsRepository,
            Waiter | Delivery => Interface::SignalStore,
            Definition => Interface::FlowStore,
            Schedule => Interface::ScheduleStateStore,
            WebhookRow => Interface::WebhookRejectionStore,
        }
    }
}

/// The writes of one caller.
pub(crate) struct Storm {
    exports: Vec<Interface>,
    first: Vec<Write>,
    again: Vec<Write>,
    start: StartRun,
    definition: FlowDefinition,
    schedule: ScheduleState,
    row: WebhookRejection,
}

/// What is there of a caller's writes, by what it is.
pub(crate) type Seen = Vec<(String, String)>;

impl Storm {
    pub(crate) fn new(t: &Trial) -> Self {
        let of = |writes: &[Write]| {
            let exported = |write: &&Write| t.exports.contains(&write.interface());
            writes.iter().filter(exported).copied().collect::<Vec<_>>()
        };
        let definition = t.a_definition("Invoice");
        let start = t.start_of(definition.id);
        let name = start.run_id.to_string();
        Self {
            exports: t.exports.clone(),
            first: of(&FIRST),
            again: of(&AGAIN),
            schedule: t.a_schedule(&name),
            row: t.a_rejection(&name),
            start,
            definition,
        }
    }

    fn run(&self) -> RunId {
        self.start.run_id
    }

    fn flow(&self) -> FlowId {
        self.start.flow_id
    }

    /// Whether there is anything to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.again.is_empty()
    }

    /// The write with this number, and which time it is made.
    fn write(&self, number: usize) -> (Write, usize) {
        match self.first.get(number) {
            Some(write) => (*write, 0),
            None => {
                let number = number - self.first.len();
                (self.again[number % self.again.len()], number / self.again.len())
            }
        }
    }

    /// What the write with this number is called.
    pub(crate) fn name(&self, number: usize) -> String {
        let (write, time) = self.write(number);
        format!("{write:?} {time}")
    }

    /// Makes the write with this number.
    pub(crate) async fn apply(&self, at: &dyn Backend, number: usize) -> Result<()> {
        let (write, time) = self.write(number);
        let (run, step, text) = (self.run(), format!("step-{time}"), format!("\"{number}\""));
        match write {
            Run => drop(has(at.run_store())?.start_run(&self.start).await?),
            Dispatch => drop(has(at.run_store())?.try_record_dispatch(run, &step).await?),
            Start | Restart => {
                let runs = has(at.run_store())?;
                runs.record_step_start(run, &step, "http", Some(&text), None).await?;
            }
            Fail => self.complete(at, &step, StepStatus::Failed, &text).await?,
            Succeed => self.complete(at, &step, StepStatus::Succeeded, &text).await?,
            End => has(at.run_store())?.complete_run(run, RunStatus::Failed).await?,
            Retry => has(at.run_store())?.retry_step(run, &step).await?,
            // Of a step that never starts: only such claims must be listed for ever.
            Claim => {
                let steps = has(at.run_runtime_store())?;
                steps.try_claim_step(run, &format!("claim-{time}")).await?;
            }
            Skip => {
                let (steps, step) = (has(at.run_runtime_store())?, format!("skip-{time}"));
                steps.record_skipped_step(run, &step, "http", Some(&text)).await?;
            }
            Control | Key => self.control(at, write).await?,
            Waiter | Delivery => self.signal(at, write, &step, &text).await?,
            Definition => {
                let definition = FlowDefinition { version: text, ..self.definition.clone() };
                has(at.flow_store())?.save(&definition).await?;
            }
            Schedule => {
                let schedule = ScheduleState { flow_name: text, ..self.schedule.clone() };
                has(at.schedule_state_store())?.save(&schedule).await?;
            }
            WebhookRow => {
                let row = WebhookRejection { body_truncated: Some(text), ..self.row.clone() };
                has(at.webhook_rejection_store())?.write(&row).await?;
            }
            TriggerData | TriggerHeaders | Input | Output | Event => {
                self.output(at, write, &step, &text).await?;
            }
        }
        Ok(())
    }

    async fn complete(
        &self,
        at: &dyn Backend,
        step: &str,
        status: StepStatus,
        text: &str,
    ) -> Result<()> {
        let runs = has(at.run_store())?;
        runs.record_step_complete(self.run(), step, status, Some(text), Some(text)).await
    }

    async fn control(&self, at: &dyn Backend, write: Write) -> Result<()> {
        let (controls, run, flow) = (has(at.run_control_store())?, self.run(), self.flow());
        if write == Control {
            return controls.configure_run(run, flow, "webhook", Some("key-1"), None).await;
        }
        controls.try_register_idempotency_key(flow, "webhook", "key-1", run).await.map(drop)
    }

    async fn signal(&self, at: &dyn Backend, write: Write, step: &str, text: &str) -> Result<()> {
        let signals = has(at.signal_store())?;
        if write == Waiter {
            return signals.register_waiter(self.run(), step, "approval", None).await;
        }
        signals.deliver_signal(self.run(), "approval", text).await.map(drop)
    }

    async fn output(&self, at: &dyn Backend, write: Write, step: &str, text: &str) -> Result<()> {
        let (outputs, run) = (has(at.outputs_repository())?, self.run());
        match write {
            TriggerData => outputs.save_trigger_data(run, text).await,
            TriggerHeaders => {
                outputs.save_trigger_headers(run, &[("a".to_owned(), text.to_owned())]).await
            }
            Input => outputs.save_step_input(run, step, text).await,
            Output => outputs.save_step_output(run, step, text).await,
            _ => {
                let event = FlowEvent {
                    timestamp: START,
                    event_type: text.to_owned(),
                    step_key: Some(step.to_owned()),
                    message: None,
                };
                outputs.record_event(run, &event).await
            }
        }
    }

    /// Reads back what the first `writes` writes can have touched.
    pub(crate) async fn read(&self, at: &dyn Backend, writes: usize) -> Result<Seen> {
        let mut seen = Seen::new();
        let (run, flow) = (self.run(), self.flow());
        let mut show = |what: &str, value: &dyn Debug| {
            seen.push((what.to_owned(), format!("{value:?}")));
        };
        for interface in &self.exports {
            match interface {
                Interface::FlowStore => {
                    show("the definition", &has(at.flow_store())?.get_by_id(flow).await?);
                }
                Interface::RunStore => {
                    let runs = has(at.run_store())?;
                    show("the run", &runs.get_run_detail(run).await?);
                    let keys = sorted(runs.get_dispatched_step_keys(run).await?);
                    show("the dispatch entries", &keys);
                }
                Interface::RunRuntimeStore => {
                    let steps = has(at.run_runtime_store())?;
                    show("the claims", &sorted(steps.get_claimed_step_keys(run).await?));
                    show("the status of the run", &steps.get_run_status(run).await?);
                    let mut statuses = steps.get_step_statuses(run).await?;
                    statuses.sort_unstable_by(|a, b| a.0.cmp(&b.0));
                    show("the statuses of its steps", &statuses);
                }
                Interface::RunControlStore => {
                    let controls = has(at.run_control_store())?;
                    show("the control record", &controls.get_run_control(run).await?);
                    let key = controls.find_run_id_by_idempotency_key(flow, "webhook", "key-1");
                    show("the idempotency key", &key.await?);
                }
                Interface::EventReader => {
                    let events = has(at.event_reader())?;
                    let events = events.get_run_events(run, Page::all()).await?;
                    show(
                        "the events",
                        &events.into_iter().map(without_sequence).collect::<Vec<_>>(),
                    );
                }
                Interface::ScheduleStateStore => {
                    let schedules = has(at.schedule_state_store())?;
                    show("the schedule", &schedules.get(&self.schedule.job_id).await?);
                }
                Interface::WebhookRejectionStore => {
                    let log = has(at.webhook_rejection_store())?;
                    let reason = Some(&*self.row.reason);
                    let rows = log.query_recent(None, reason, true, Page::new(0, 500)).await?;
                    let texts: Vec<_> = rows.into_iter().map(|row| row.body_truncated).collect();
                    show("the webhook rows", &texts);
                }
                _ => {}
            }
        }
        self.read_steps(at, writes, &mut seen).await?;
        Ok(seen)
    }

    /// What is kept by run and step.
    async fn read_steps(&self, at: &dyn Backend, writes: usize, seen: &mut Seen) -> Result<()> {
        let run = self.run();
        let mut show = |what: String, value: &dyn Debug| seen.push((what, format!("{value:?}")));
        if let Some(outputs) = at.outputs_repository() {
            show("the trigger data".to_owned(), &outputs.get_trigger_data(run).await?);
            show("the trigger headers".to_owned(), &outputs.get_trigger_headers(run).await?);
        }
        for time in 0..=self.write(writes).1 {
            let step = format!("step-{time}");
            if let Some(outputs) = at.outputs_repository() {
                show(format!("the input of {step}"), &outputs.get_step_input(run, &step).await?);
                show(format!("the output of {step}"), &outputs.get_step_output(run, &step).await?);
            }
            if let Some(signals) = at.signal_store() {
                show(format!("the waiter of {step}"), &signals.get_waiter(run, &step).await?);
            }
        }
        Ok(())
    }
}

/// The sequence is the store's own business.
fn without_sequence(event: FlowEventRecord) -> FlowEventRecord {
    FlowEventRecord { sequence: 0, ..event }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items
}

/// An interface that is exported.
fn has<T>(interface: Option<T>) -> Result<T> {
    interface.ok_or_else(|| Error::Other("an interface is not exported".to_owned()).into())
}
