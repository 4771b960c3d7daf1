//! What the last writer decides: completions, slots of outputs, schedules, definitions, runs.

use RunStatus::{Cancelled, Failed};
use plimsoll_contract::Interface::{
    FlowStore, OutputsRepository, RunRuntimeStore, RunStore, ScheduleStateStore,
};
use plimsoll_contract::{
    self as contract, CallError, Error, FlowDefinition, FlowId, FlowRunDetail, Result, RunStatus,
    ScheduleState, StepStatus,
};
use plimsoll_histories::Operation;
use plimsoll_histories::specs::register::{Answer, Call, Register};

use super::ASKS;
use crate::history::at_the_end;
use crate::race::CALLERS;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/completions-in-no-order",
        clauses: &["RUN-21", "BACKEND-28"],
        goal: "Callers complete one step, each with a status, an output and an error of its own, \
               while others read it; some order of their calls must explain all answers.",
        usual_cause: "the row is written field by field, so that two completions mix",
        uses: &[RunStore],
        run: |t| Box::pin(completions_in_no_order(t)),
    },
    Check {
        id: "outputs-repository/outputs-in-no-order",
        clauses: &["OUTPUT-3", "BACKEND-28"],
        goal: "Callers save and read one output at once; some order of their calls must explain \
               all answers.",
        usual_cause: "a write is looked up and inserted in two steps, or reads come from a cache",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(outputs_in_no_order(t)),
    },
    Check {
        id: "outputs-repository/headers-in-no-order",
        clauses: &["OUTPUT-14"],
        goal: "Callers save and read the trigger's headers at once, each with a list of its own; \
               some order of their calls must explain all answers.",
        usual_cause: "the rows of before are deleted and the new ones inserted without a \
                      transaction",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(headers_in_no_order(t)),
    },
    Check {
        id: "run-runtime-store/ends-in-no-order",
        clauses: &["RUNTIME-18"],
        goal: "Callers end one run, each in its way, while others ask for its status; some order \
               of their calls must explain all answers.",
        usual_cause: "a status that was read before an end is put into a cache after it",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(ends_in_no_order(t)),
    },
    Check {
        id: "schedule-state-store/saves-in-no-order",
        clauses: &["SCHEDULE-6", "BACKEND-28"],
        goal: "Callers save, delete and read one schedule at once; some order of their calls \
               must explain all answers.",
        usual_cause: "a save is an update, or an insert, or fields are written one by one",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(saves_in_no_order(t)),
    },
    Check {
        id: "flow-store/definitions-in-no-order",
        clauses: &["FLOW-9", "BACKEND-28"],
        goal: "Callers save, enable and read one definition at once; some order of their calls \
               must explain all answers.",
        usual_cause: "a save is an update or an insert, or fields are written one by one",
        uses: &[FlowStore],
        run: |t| Box::pin(definitions_in_no_order(t)),
    },
];

/// What a caller writes: each of its fields names the caller, so that mixed rows show.
type Row = Vec<String>;

async fn completions_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        t.a_running_step(run, "charge").await?;
        let mut history = t
            .history::<Register<Row>, _>(move |mut scribe, instance| async move {
                let (runs, name) = (instance.run_store(), format!("{}", scribe.caller));
                let status = status_of(scribe.caller);
                for _ in 0..ASKS {
                    if scribe.choose(2) == 0 {
                        scribe.ask(Call::Read, runs.get_run_detail(run), completion).await?;
                        continue;
                    }
                    let row = vec![format!("{status:?}"), name.clone(), name.clone()];
                    let (output, error) = (Some(name.as_str()), Some(name.as_str()));
                    let complete = runs.record_step_complete(run, "charge", status, output, error);
                    scribe.ask(Call::Write(row), complete, |()| Answer::Done).await?;
                }
                Ok(scribe)
            })
            .await?;
        let last = completion(t.run_store().get_run_detail(run).await?);
        history.push(at_the_end(Call::Read, last));
        t.expect_an_order("the completions of one step", &Register::default(), &history)?;
    }
    t.overlap_shown()
}

const fn status_of(caller: usize) -> StepStatus {
    if caller.is_multiple_of(2) { StepStatus::Succeeded } else { StepStatus::Failed }
}

/// The completion of a run's only step, which is none while it runs.
fn completion(detail: Option<FlowRunDetail>) -> Answer<Row> {
    let step = detail.and_then(|detail| detail.steps.into_iter().next());
    let completed = step.filter(|step| step.completed_at.is_some());
    Answer::Value(completed.map(|step| {
        let status = format!("{:?}", step.status);
        vec![status, step.output_json.unwrap_or_default(), step.error_message.unwrap_or_default()]
    }))
}

async fn outputs_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let mut history = t
            .history::<Register<String>, _>(move |mut scribe, instance| async move {
                let (outputs, value) =
                    (instance.outputs_repository(), format!("{}", scribe.caller));
                for _ in 0..ASKS {
                    if scribe.choose(2) == 0 {
                        let read = outputs.get_step_output(run, "charge");
                        scribe.ask(Call::Read, read, Answer::Value).await?;
                        continue;
                    }
                    let save = outputs.save_step_output(run, "charge", &value);
                    scribe.ask(Call::Write(value.clone()), save, |()| Answer::Done).await?;
                }
                Ok(scribe)
            })
            .await?;
        let last = t.outputs_repository().get_step_output(run, "charge").await?;
        history.push(at_the_end(Call::Read, Answer::Value(last)));
        t.expect_an_order("the saves of one output", &Register::default(), &history)?;
    }
    t.overlap_shown()
}

async fn headers_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let mut history = t
            .history::<Register<Row>, _>(move |mut scribe, instance| async move {
                let (outputs, value) =
                    (instance.outputs_repository(), format!("{}", scribe.caller));
                let own = ["a", "b"].map(|name| (name.to_owned(), value.clone()));
                for _ in 0..ASKS {
                    if scribe.choose(2) == 0 {
                        let read = outputs.get_trigger_headers(run);
                        scribe.ask(Call::Read, read, headers_row).await?;
                        continue;
                    }
                    let save = outputs.save_trigger_headers(run, &own);
                    let call = Call::Write(row_of_headers(&own));
                    scribe.ask(call, save, |()| Answer::Done).await?;
                }
                Ok(scribe)
            })
            .await?;
        let last = headers_row(t.outputs_repository().get_trigger_headers(run).await?);
        history.push(at_the_end(Call::Read, last));
        t.expect_an_order("the saves of one list of headers", &Register::default(), &history)?;
    }
    t.overlap_shown()
}

/// In the order of names and values: whether the one that was given is kept is a trait.
fn row_of_headers(headers: &[(String, String)]) -> Row {
    let mut row: Row = headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    row.sort_unstable();
    row
}

fn headers_row(headers: Option<Vec<(String, String)>>) -> Answer<Row> {
    Answer::Value(headers.map(|headers| row_of_headers(&headers)))
}

async fn ends_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let mut history = t
            .history::<Register<RunStatus>, _>(move |mut scribe, instance| async move {
                let status = if scribe.caller % 2 == 0 { Failed } else { Cancelled };
                for _ in 0..ASKS {
                    // Few ends, so that many are seen that come before one.
                    if scribe.choose(4) > 0 {
                        let ask = instance.run_runtime_store().get_run_status(run);
                        scribe.ask(Call::Read, ask, Answer::Value).await?;
                        continue;
                    }
                    let end = instance.run_store().complete_run(run, status);
                    scribe.ask(Call::Write(status), end, |()| Answer::Done).await?;
                }
                Ok(scribe)
            })
            .await?;
        // It was running before anybody came.
        let start = Call::Write(RunStatus::Running);
        history.push(Operation::answered(CALLERS, start, Answer::Done, 0, 0));
        let last = t.run_runtime_store().get_run_status(run).await?;
        history.push(at_the_end(Call::Read, Answer::Value(last)));
        t.expect_an_order("the ends of one run", &Register::default(), &history)?;
    }
    t.overlap_shown()
}

async fn saves_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let schedule = t.a_schedule("nightly");
        t.schedule_state_store().delete("nightly").await?;
        let mut history = t
            .history::<Register<Row>, _>(move |mut scribe, instance| {
                let name = format!("{}", scribe.caller);
                let cron_override = Some(name.clone());
                let (flow_name, trigger_key) = (name.clone(), name);
                let own =
                    ScheduleState { flow_name, trigger_key, cron_override, ..schedule.clone() };
                async move {
                    let store = instance.schedule_state_store();
                    for _ in 0..ASKS {
                        match scribe.choose(4) {
                            0 => {
                                let delete = store.delete("nightly");
                                scribe.ask(Call::Delete, delete, |()| Answer::Done).await?;
                            }
                            1 => {
                                let (get, read) = (store.get("nightly"), schedule_row);
                                scribe.ask(Call::Read, get, |of| read(of.as_ref())).await?;
                            }
                            _ => {
                                let call = Call::Write(row_of_schedule(&own));
                                scribe.ask(call, store.save(&own), |()| Answer::Done).await?;
                            }
                        }
                    }
                    Ok(scribe)
                }
            })
            .await?;
        let last = schedule_row(t.schedule_state_store().get("nightly").await?.as_ref());
        history.push(at_the_end(Call::Read, last));
        t.expect_an_order("the saves of one schedule", &Register::default(), &history)?;
    }
    t.overlap_shown()
}

fn row_of_schedule(schedule: &ScheduleState) -> Row {
    let cron = schedule.cron_override.clone().unwrap_or_default();
    vec![schedule.flow_name.clone(), schedule.trigger_key.clone(), cron]
}

fn schedule_row(schedule: Option<&ScheduleState>) -> Answer<Row> {
    Answer::Value(schedule.map(row_of_schedule))
}

async fn definitions_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let definition = t.a_definition("Invoice");
        let id = definition.id;
        let mut history = t
            .history::<Register<Row>, _>(move |mut scribe, instance| {
                let name = format!("{}", scribe.caller);
                let version = name.clone();
                let manifest_json = Some(name.clone());
                let own = FlowDefinition { name, version, manifest_json, ..definition.clone() };
                async move {
                    let store = instance.flow_store();
                    for _ in 0..ASKS {
                        match scribe.choose(4) {
                            0 => {
                                let (get, read) = (store.get_by_id(id), definition_row);
                                scribe.ask(Call::Read, get, |of| read(of.as_ref())).await?;
                            }
                            1 => {
                                // It changes nothing of what is judged here, and shows it.
                                let set = enable(store, id, scribe.caller % 2 == 0);
                                let read = definition_row;
                                scribe.ask(Call::Read, set, |of| read(of.as_ref())).await?;
                            }
                            _ => {
                                let call = Call::Write(row_of_definition(&own));
                                scribe.ask(call, store.save(&own), |_| Answer::Done).await?;
                            }
                        }
                    }
                    Ok(scribe)
                }
            })
            .await?;
        let last = definition_row(t.flow_store().get_by_id(id).await?.as_ref());
        history.push(at_the_end(Call::Read, last));
        t.expect_an_order("the saves of one definition", &Register::default(), &history)?;
    }
    t.overlap_shown()
}

/// Enables or disables a definition, if it is there.
async fn enable(
    store: &dyn contract::FlowStore,
    id: FlowId,
    on: bool,
) -> Result<Option<FlowDefinition>> {
    match store.set_enabled(id, on).await {
        Err(CallError::Answered(Error::NotFound)) => Ok(None),
        set => set.map(Some),
    }
}

fn row_of_definition(definition: &FlowDefinition) -> Row {
    let manifest = definition.manifest_json.clone().unwrap_or_default();
    vec![definition.name.clone(), definition.version.clone(), manifest]
}

fn definition_row(definition: Option<&FlowDefinition>) -> Answer<Row> {
    Answer::Value(definition.map(row_of_definition))
}
