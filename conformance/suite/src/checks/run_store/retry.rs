use plimsoll_contract::Interface::{
    EventReader, OutputsRepository, RunControlStore, RunRuntimeStore, RunStore, SignalStore,
};
use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::show;
use plimsoll_contract::{CallError, FlowEvent, Page, RunId, RunStatus, StepStatus};

use super::{detail, step};
use crate::race::is_of_first_half;
use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/retry-keeps-outcome",
        clauses: &["RUN-59", "RUNTIME-1"],
        goal: "A failed step is retried; it runs without outcome, and its history is untouched.",
        usual_cause: "the row keeps its error, or the attempt is cleared instead of the step",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_keeps_outcome(t)),
    },
    Check {
        id: "run-store/retry-keeps-trace",
        clauses: &["RUN-59"],
        goal: "A step that was skipped with a trace is retried; only its attempt keeps the trace.",
        usual_cause: "the row keeps its trace, or the attempt is cleared instead of the step",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_keeps_trace(t)),
    },
    Check {
        id: "run-store/retry-adds-attempt",
        clauses: &["RUN-59"],
        goal: "A failed step is retried and started; its attempts are 1 and 2.",
        usual_cause: "the retry counts an attempt and the start counts another",
        uses: &[RunStore],
        run: |t| Box::pin(retry_adds_attempt(t)),
    },
    Check {
        id: "run-store/retry-leaves-run-ended",
        clauses: &["RUN-60"],
        goal: "A step of a failed run is retried; the run must be running again.",
        usual_cause: "only the step is reset, or completed-at stays",
        uses: &[RunStore],
        run: |t| Box::pin(retry_leaves_run_ended(t)),
    },
    Check {
        id: "run-store/retry-keeps-claim",
        clauses: &["RUN-61"],
        goal: "A claimed step is retried; it must be possible to claim it.",
        usual_cause: "the claim row is forgotten",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_keeps_claim(t)),
    },
    Check {
        id: "run-store/retry-keeps-dispatch",
        clauses: &["RUN-62"],
        goal: "A dispatched step is retried; it must be possible to dispatch it.",
        usual_cause: "the ledger row is forgotten",
        uses: &[RunStore],
        run: |t| Box::pin(retry_keeps_dispatch(t)),
    },
    Check {
        id: "run-store/retry-touches-other-steps",
        clauses: &["RUN-63"],
        goal: "One of two steps is retried; the other keeps row, claim and dispatch entry.",
        usual_cause: "the reset is of the run instead of the step",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_touches_other_steps(t)),
    },
    Check {
        id: "run-store/retry-clears-the-rest",
        clauses: &["RUN-63"],
        goal: "A step of a cancelled run is retried; outputs, events, waiters and the \
               cancellation stay.",
        usual_cause: "the retry starts the run over",
        uses: &[RunStore, RunControlStore, EventReader, SignalStore, OutputsRepository],
        run: |t| Box::pin(retry_clears_the_rest(t)),
    },
    Check {
        id: "run-store/retry-needs-step",
        clauses: &["RUN-65"],
        goal: "A step is retried that is not there.",
        usual_cause: "the retry stops where it finds no step row",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_needs_step(t)),
    },
    Check {
        id: "run-store/retry-needs-run",
        clauses: &["RUN-65"],
        goal: "A step is claimed and dispatched of which there is neither row nor run; after a \
               retry both can be done again.",
        usual_cause: "the retry stops where it finds no run",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_needs_run(t)),
    },
    Check {
        id: "run-store/retry-creates-run",
        clauses: &["RUN-66"],
        goal: "A step of a run that is not there is retried.",
        usual_cause: "an upsert, or an error because no row was updated",
        uses: &[RunStore],
        run: |t| Box::pin(retry_creates_run(t)),
    },
    Check {
        id: "run-store/reset-does-nothing",
        clauses: &["RUN-67"],
        goal: "Two steps that were skipped by a predecessor are reset, claims and dispatch entries too.",
        usual_cause: "the function is a stub, or it forgets one of the three",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_does_nothing(t)),
    },
    Check {
        id: "run-store/reset-forgets-some",
        clauses: &["RUN-67"],
        goal: "1,001 steps that were skipped by a predecessor are reset in one call.",
        usual_cause: "the keys go in pieces, and the last piece, which is not full, is forgotten",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_forgets_some(t)),
    },
    Check {
        id: "run-store/reset-ignores-reason",
        clauses: &["RUN-68"],
        goal: "Steps that were skipped for other reasons, and for one that looks alike, stay.",
        usual_cause: "every skipped step is reset, or the reason is compared without case",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_ignores_reason(t)),
    },
    Check {
        id: "run-store/reset-frees-running-step",
        clauses: &["RUN-68", "RUN-73"],
        goal: "A running step is among the keys; it keeps row, claim and dispatch entry.",
        usual_cause: "claims and dispatch entries of all given keys are deleted",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_frees_running_step(t)),
    },
    Check {
        id: "run-store/reset-ignores-status",
        clauses: &["RUN-68"],
        goal: "A step that failed with the reserved text is among the keys; it stays.",
        usual_cause: "only the text is compared",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_ignores_status(t)),
    },
    Check {
        id: "run-store/reset-deletes-history",
        clauses: &["RUN-69"],
        goal: "A step that was reset is hidden, and starts again as attempt 2.",
        usual_cause: "the attempts are deleted with the step",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_deletes_history(t)),
    },
    Check {
        id: "run-store/reset-of-unknown-fails",
        clauses: &["RUN-70"],
        goal: "No key, and keys that are not there, are reset.",
        usual_cause: "an empty IN list, or an error because no row was deleted",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_of_unknown_fails(t)),
    },
    Check {
        id: "run-store/reset-of-many-fails",
        clauses: &["RUN-71"],
        goal: "One of 10,000 keys is a step to reset.",
        usual_cause: "a parameter for each key, of which databases take only some thousand",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_of_many_fails(t)),
    },
    Check {
        id: "run-store/retry-reaches-other-run",
        clauses: &["RUN-74", "RUNTIME-5"],
        goal: "A step is retried and reset in one run; claim and entry of the same key in \
               another stay.",
        usual_cause: "the run is missing from the WHERE of a DELETE",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_reaches_other_run(t)),
    },
    Check {
        id: "run-store/late-reset-frees-claim",
        clauses: &["RUN-73"],
        goal: "A skipped step is reset by many callers at once; some of them then start it and \
               claim it. No reset that comes later may free the claim.",
        usual_cause: "the steps that match are looked up first, and freed without another look",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(late_reset_frees_claim(t)),
    },
    Check {
        id: "run-store/reset-race-frees-claim",
        clauses: &["RUN-73"],
        goal: "Many callers claim a running step and reset it at once; one claim is granted and \
               stays.",
        usual_cause: "the claims of all given keys are deleted, or a step is looked at before \
                      its claim is deleted",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_race_frees_claim(t)),
    },
    Check {
        id: "run-store/late-completion-rewrites-history",
        clauses: &["RUN-20"],
        goal: "A step completes after it was reset, and starts again; its first attempt is as it \
               was.",
        usual_cause: "the last attempt is completed without looking for its step",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(late_completion_rewrites_history(t)),
    },
];

async fn retry_keeps_outcome(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.a_running_step(run, "charge").await?;
    let (output, error) = (Some("1"), Some("card declined"));
    t.run_store().record_step_complete(run, "charge", StepStatus::Failed, output, error).await?;
    let before = step(t, run, "charge").await?;
    t.run_store().retry_step(run, "charge").await?;
    let after = step(t, run, "charge").await?;
    t.expect("it runs", &after.status, &StepStatus::Running);
    t.expect("its output is cleared", &after.output_json, &None);
    t.expect("its error is cleared", &after.error_message, &None);
    t.expect("its completion is cleared", &after.completed_at, &None);
    t.expect("its history is untouched", &after.attempts, &before.attempts);
    let listed = statuses(t, run).await?;
    t.expect("it is listed as running", &listed, &vec![("charge".to_owned(), StepStatus::Running)]);
    Ok(())
}

async fn retry_keeps_trace(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let trace = Some(r#"{"when":"amount > 10"}"#);
    let runtime = t.run_runtime_store();
    runtime.record_skipped_step_with_trace(run, "send", "http", None, trace).await?;
    t.run_store().retry_step(run, "send").await?;
    let step = step(t, run, "send").await?;
    let of_attempts: Vec<_> =
        step.attempts.iter().map(|attempt| attempt.evaluation_trace_json.as_deref()).collect();
    t.expect("its trace is cleared", &step.evaluation_trace_json, &None);
    t.expect("its attempt keeps it", &of_attempts, &vec![trace]);
    Ok(())
}

async fn retry_adds_attempt(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.a_failed_step(run, "charge").await?;
    t.run_store().retry_step(run, "charge").await?;
    t.a_running_step(run, "charge").await?;
    let attempts = step(t, run, "charge").await?.attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.attempt).collect();
    t.expect("there are two attempts", &numbers, &vec![1, 2]);
    Ok(())
}

async fn retry_leaves_run_ended(t: &Trial) -> Outcome {
    for ended in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        let run = t.a_run().await?;
        t.a_failed_step(run, "charge").await?;
        t.run_store().complete_run(run, ended).await?;
        t.run_store().retry_step(run, "charge").await?;
        let run = detail(t, run).await?.run;
        let what = format!("the run that was {} is running", ended.name());
        t.expect(&what, &run.status, &RunStatus::Running);
        t.expect("it is not completed", &run.completed_at, &None);
    }
    Ok(())
}

async fn retry_keeps_claim(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_runtime_store().try_claim_step(run, "charge").await?;
    t.a_failed_step(run, "charge").await?;
    t.run_store().retry_step(run, "charge").await?;
    let claimed = t.run_runtime_store().try_claim_step(run, "charge").await?;
    t.expect("the step can be claimed", &claimed, &true);
    Ok(())
}

async fn retry_needs_run(t: &Trial) -> Outcome {
    let (run, runs, steps) = (t.run_id(), t.run_store(), t.run_runtime_store());
    steps.try_claim_step(run, "charge").await?;
    runs.try_record_dispatch(run, "charge").await?;
    runs.retry_step(run, "charge").await?;
    t.expect("the claim is free", &steps.try_claim_step(run, "charge").await?, &true);
    t.expect("the entry is gone", &runs.try_record_dispatch(run, "charge").await?, &true);
    Ok(())
}

async fn retry_keeps_dispatch(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_store().try_record_dispatch(run, "charge").await?;
    t.a_failed_step(run, "charge").await?;
    t.run_store().retry_step(run, "charge").await?;
    let keys = t.run_store().get_dispatched_step_keys(run).await?;
    let dispatched = t.run_store().try_record_dispatch(run, "charge").await?;
    t.expect("the ledger does not list it", &keys, &Vec::new());
    t.expect("the step can be dispatched", &dispatched, &true);
    Ok(())
}

/// Claims a step and enters it in the dispatch ledger.
async fn take(t: &Trial, run: RunId, step_key: &str) -> Outcome {
    t.run_runtime_store().try_claim_step(run, step_key).await?;
    t.run_store().try_record_dispatch(run, step_key).await?;
    Ok(())
}

/// Whether a step is claimed, and whether it is in the ledger.
async fn taken(t: &Trial, run: RunId, step_key: &str) -> Result<(bool, bool), Halt> {
    let claimed = t.run_runtime_store().get_claimed_step_keys(run).await?;
    let dispatched = t.run_store().get_dispatched_step_keys(run).await?;
    let has = |keys: &[String]| keys.iter().any(|key| key == step_key);
    Ok((has(&claimed), has(&dispatched)))
}

async fn retry_touches_other_steps(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for key in ["charge", "send"] {
        take(t, run, key).await?;
        t.a_failed_step(run, key).await?;
    }
    // A key that is being executed, so that it is listed whatever finished keys do.
    t.a_running_step(run, "send").await?;
    t.a_failed_step(run, "notify").await?;
    let alike = ["Charge", "charge ", "charge.0", "charge.0.send", "charge0", "charg"];
    for key in alike {
        take(t, run, key).await?;
        t.a_failed_step(run, key).await?;
    }
    let (running, failed) = (step(t, run, "send").await?, step(t, run, "notify").await?);
    t.run_store().retry_step(run, "charge").await?;
    for key in alike {
        let status = step(t, run, key).await?.status;
        t.expect(&format!("{key:?} is another step"), &status, &StepStatus::Failed);
        let dispatched = t.run_store().try_record_dispatch(run, key).await?;
        let claimed = t.run_runtime_store().try_claim_step(run, key).await?;
        let what = format!("entry and claim of {key:?} are held");
        t.expect(&what, &(dispatched, claimed), &(false, false));
    }
    t.expect("the other step is as before", &step(t, run, "send").await?, &running);
    t.expect("the failed one too", &step(t, run, "notify").await?, &failed);
    t.expect("its claim and its entry too", &taken(t, run, "send").await?, &(true, true));
    Ok(())
}

async fn retry_clears_the_rest(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.a_failed_step(run, "charge").await?;
    let (outputs, controls, flow) = (t.outputs_repository(), t.run_control_store(), t.flow_id());
    save_outputs(t, run).await?;
    t.signal_store().register_waiter(run, "charge", "approval", None).await?;
    t.signal_store().deliver_signal(run, "approval", "2").await?;
    controls.configure_run(run, flow, "manual", None, None).await?;
    controls.request_cancel(run, Some("by hand")).await?;
    controls.mark_timed_out(run, None).await?;
    controls.try_register_idempotency_key(flow, "webhook", "key-1", run).await?;
    let events = t.event_reader().get_run_events(run, Page::all()).await?;
    let waiter = t.signal_store().get_waiter(run, "charge").await?;
    let control = controls.get_run_control(run).await?;
    t.run_store().retry_step(run, "charge").await?;
    let output = outputs.get_step_output(run, "charge").await?;
    let input = outputs.get_step_input(run, "charge").await?;
    let data = outputs.get_trigger_data(run).await?;
    let headers = outputs.get_trigger_headers(run).await?.map(|headers| headers.len());
    let key = controls.find_run_id_by_idempotency_key(flow, "webhook", "key-1").await?;
    t.expect("the saved output stays", &output.as_deref(), &Some("1"));
    t.expect("the saved input stays", &input.as_deref(), &Some("2"));
    t.expect("the trigger data stay", &data.as_deref(), &Some("3"));
    t.expect("the trigger header stays", &headers, &Some(1));
    let events_after = t.event_reader().get_run_events(run, Page::all()).await?;
    t.expect("there is an event", &events.len(), &1);
    t.expect("the event stays", &events_after, &events);
    let waiter_after = t.signal_store().get_waiter(run, "charge").await?;
    t.expect("the waiter stays, with its delivery", &waiter_after, &waiter);
    t.expect("cancellation and timeout stay", &controls.get_run_control(run).await?, &control);
    t.expect("the idempotency key stays", &key, &Some(run));
    Ok(())
}

/// Saves an output, an input, trigger data and headers, and records an event.
async fn save_outputs(t: &Trial, run: RunId) -> Outcome {
    let outputs = t.outputs_repository();
    outputs.save_step_output(run, "charge", "1").await?;
    outputs.save_step_input(run, "charge", "2").await?;
    outputs.save_trigger_data(run, "3").await?;
    outputs.save_trigger_headers(run, &[("a".to_owned(), "b".to_owned())]).await?;
    let event = FlowEvent {
        timestamp: START,
        event_type: "step.failed".to_owned(),
        step_key: Some("charge".to_owned()),
        message: None,
    };
    Ok(outputs.record_event(run, &event).await?)
}

async fn retry_needs_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    take(t, run, "charge").await?;
    t.run_store().complete_run(run, RunStatus::Failed).await?;
    t.run_store().retry_step(run, "charge").await?;
    let after = detail(t, run).await?;
    t.expect("the run is running again", &after.run.status, &RunStatus::Running);
    t.expect("no step was created", &after.steps, &Vec::new());
    t.expect("claim and entry are free", &taken(t, run, "charge").await?, &(false, false));
    Ok(())
}

async fn retry_creates_run(t: &Trial) -> Outcome {
    let run = t.run_id();
    let outcome = t.run_store().retry_step(run, "charge").await;
    let detail = t.run_store().get_run_detail(run).await?;
    t.expect("it is a no-op", &outcome, &Ok(()));
    t.expect("no run was created", &detail, &None);
    Ok(())
}

/// A run with a step that was skipped for a reason, claimed and dispatched.
async fn skipped(t: &Trial, step_key: &str, reason: Option<&str>) -> Result<RunId, Halt> {
    let run = t.a_run().await?;
    take(t, run, step_key).await?;
    t.run_runtime_store().record_skipped_step(run, step_key, "http", reason).await?;
    Ok(run)
}

async fn reset(t: &Trial, run: RunId, step_key: &str) -> Outcome {
    let keys = [step_key.to_owned()];
    Ok(t.run_store().reset_cascade_skipped_dependents(run, &keys).await?)
}

async fn statuses(t: &Trial, run: RunId) -> Result<Vec<(String, StepStatus)>, Halt> {
    Ok(t.run_runtime_store().get_step_statuses(run).await?)
}

async fn reset_does_nothing(t: &Trial) -> Outcome {
    let reason = Some(PREREQUISITE_NOT_SATISFIED);
    let run = skipped(t, "send", reason).await?;
    take(t, run, "archive").await?;
    t.run_runtime_store().record_skipped_step(run, "archive", "http", reason).await?;
    let keys = ["send", "archive"].map(str::to_owned);
    t.run_store().reset_cascade_skipped_dependents(run, &keys).await?;
    t.expect("the step has no status", &statuses(t, run).await?, &Vec::new());
    for key in &keys {
        let dispatched = t.run_store().try_record_dispatch(run, key).await?;
        let claimed = t.run_runtime_store().try_claim_step(run, key).await?;
        t.expect("it can be dispatched", &dispatched, &true);
        t.expect("it can be claimed", &claimed, &true);
    }
    Ok(())
}

async fn reset_forgets_some(t: &Trial) -> Outcome {
    let (run, reason) = (t.a_run().await?, Some(PREREQUISITE_NOT_SATISFIED));
    let keys: Vec<_> = (0..1_001).map(|number| format!("send.{number}")).collect();
    for key in &keys {
        t.run_runtime_store().record_skipped_step(run, key, "http", reason).await?;
    }
    // How many keys it takes at once is another question (RUN-71).
    if t.run_store().reset_cascade_skipped_dependents(run, &keys).await.is_ok() {
        let left = statuses(t, run).await?;
        t.expect("a reset that succeeds leaves none", &left, &Vec::new());
    }
    Ok(())
}

async fn reset_ignores_reason(t: &Trial) -> Outcome {
    let lower_case = PREREQUISITE_NOT_SATISFIED.to_lowercase();
    let blank_after = format!("{PREREQUISITE_NOT_SATISFIED} ");
    let reasons = [None, Some("When was false"), Some(&*lower_case), Some(&*blank_after)];
    for reason in reasons {
        let run = skipped(t, "send", reason).await?;
        reset(t, run, "send").await?;
        let expected = vec![("send".to_owned(), StepStatus::Skipped)];
        let what = format!("a step that was skipped for reason {} stays", show::value(&reason));
        t.expect(&what, &statuses(t, run).await?, &expected);
        let dispatched = t.run_store().get_dispatched_step_keys(run).await?;
        let claimed = t.run_runtime_store().try_claim_step(run, "send").await?;
        t.expect("it stays in the ledger", &dispatched, &vec!["send".to_owned()]);
        t.expect("it stays claimed", &claimed, &false);
    }
    Ok(())
}

async fn reset_frees_running_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    take(t, run, "notify").await?;
    t.a_running_step(run, "notify").await?;
    reset(t, run, "notify").await?;
    let expected = vec![("notify".to_owned(), StepStatus::Running)];
    t.expect("it still runs", &statuses(t, run).await?, &expected);
    t.expect("claim and entry are held", &taken(t, run, "notify").await?, &(true, true));
    let claimed = t.run_runtime_store().try_claim_step(run, "notify").await?;
    t.expect("nobody else can claim it", &claimed, &false);
    take(t, run, "unstarted").await?;
    reset(t, run, "unstarted").await?;
    let held = taken(t, run, "unstarted").await?;
    t.expect("so are those of a step that has not started", &held, &(true, true));
    let run = skipped(t, "send", Some(PREREQUISITE_NOT_SATISFIED)).await?;
    t.run_store().retry_step(run, "send").await?;
    take(t, run, "send").await?;
    reset(t, run, "send").await?;
    let expected = vec![("send".to_owned(), StepStatus::Running)];
    t.expect("a skipped one runs after a retry", &statuses(t, run).await?, &expected);
    let held = taken(t, run, "send").await?;
    t.expect("and its claim and entry are held", &held, &(true, true));
    Ok(())
}

async fn reset_ignores_status(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    take(t, run, "send").await?;
    t.a_running_step(run, "send").await?;
    let error = Some(PREREQUISITE_NOT_SATISFIED);
    t.run_store().record_step_complete(run, "send", StepStatus::Failed, None, error).await?;
    reset(t, run, "send").await?;
    let expected = vec![("send".to_owned(), StepStatus::Failed)];
    t.expect("the failed step stays", &statuses(t, run).await?, &expected);
    Ok(())
}

async fn reset_deletes_history(t: &Trial) -> Outcome {
    let run = skipped(t, "send", Some(PREREQUISITE_NOT_SATISFIED)).await?;
    reset(t, run, "send").await?;
    t.expect("the step is not shown", &detail(t, run).await?.steps, &Vec::new());
    t.a_running_step(run, "send").await?;
    let attempts = step(t, run, "send").await?.attempts;
    let shown: Vec<_> = attempts.iter().map(|attempt| (attempt.attempt, attempt.status)).collect();
    let expected = vec![(1, StepStatus::Skipped), (2, StepStatus::Running)];
    t.expect("it starts again after its history", &shown, &expected);
    let run = skipped(t, "send", Some(PREREQUISITE_NOT_SATISFIED)).await?;
    reset(t, run, "send").await?;
    t.run_runtime_store().record_skipped_step(run, "send", "http", None).await?;
    let numbers: Vec<_> =
        step(t, run, "send").await?.attempts.iter().map(|attempt| attempt.attempt).collect();
    t.expect("and is skipped after it", &numbers, &vec![1, 2]);
    Ok(())
}

async fn reset_of_unknown_fails(t: &Trial) -> Outcome {
    let run = skipped(t, "send", Some(PREREQUISITE_NOT_SATISFIED)).await?;
    let runs = t.run_store();
    let of_none = runs.reset_cascade_skipped_dependents(run, &[]).await;
    let of_unknown = runs.reset_cascade_skipped_dependents(run, &["ghost".to_owned()]).await;
    let of_no_run = runs.reset_cascade_skipped_dependents(t.run_id(), &["send".to_owned()]).await;
    t.expect("no key is a no-op", &of_none, &Ok(()));
    t.expect("an unknown key is a no-op", &of_unknown, &Ok(()));
    t.expect("an unknown run is a no-op", &of_no_run, &Ok(()));
    t.expect("the step stays", &statuses(t, run).await?.len(), &1);
    Ok(())
}

async fn reset_of_many_fails(t: &Trial) -> Outcome {
    // The second number is a prime: whoever divides the list has a remainder.
    for count in [10_000, 9_973] {
        let keys: Vec<_> = (0..count).map(|number| format!("step-{number}")).collect();
        let last = &keys[keys.len() - 1];
        let run = skipped(t, last, Some(PREREQUISITE_NOT_SATISFIED)).await?;
        // Before and after every power of two and round number at which a list may be cut.
        for number in [0, 99, 100, 255, 256, 899, 900, 998, 999, 1_000, 2_047, 2_048, 4_999] {
            let reason = Some(PREREQUISITE_NOT_SATISFIED);
            t.run_runtime_store().record_skipped_step(run, &keys[number], "http", reason).await?;
        }
        t.run_store().reset_cascade_skipped_dependents(run, &keys).await?;
        let what = format!("of {count} steps none is left");
        t.expect(&what, &statuses(t, run).await?, &Vec::new());
    }
    Ok(())
}

async fn retry_reaches_other_run(t: &Trial) -> Outcome {
    let run = skipped(t, "send", Some(PREREQUISITE_NOT_SATISFIED)).await?;
    let other = skipped(t, "send", Some(PREREQUISITE_NOT_SATISFIED)).await?;
    reset(t, run, "send").await?;
    t.run_store().retry_step(run, "send").await?;
    let expected = vec![("send".to_owned(), StepStatus::Skipped)];
    t.expect("the other run's step stays", &statuses(t, other).await?, &expected);
    let dispatched = t.run_store().try_record_dispatch(other, "send").await?;
    let claimed = t.run_runtime_store().try_claim_step(other, "send").await?;
    t.expect("its entry stays", &dispatched, &false);
    t.expect("its claim stays", &claimed, &false);
    Ok(())
}

const KEYS: [&str; 4] = ["notify", "send", "archive", "charge"];

async fn reset_race_frees_claim(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        // Only the first claim of a key can be freed, so that each key is a chance to see it.
        for key in KEYS {
            t.a_running_step(run, key).await?;
        }
        let answers = t
            .release(move |caller, instance| async move {
                let mut granted = Vec::new();
                for key in KEYS {
                    granted.push(match is_of_first_half(caller) {
                        true => instance.run_runtime_store().try_claim_step(run, key).await?,
                        false => {
                            let (runs, keys) = (instance.run_store(), [key.to_owned()]);
                            runs.reset_cascade_skipped_dependents(run, &keys).await?;
                            false
                        }
                    });
                }
                Ok(granted)
            })
            .await;
        for (place, key) in KEYS.into_iter().enumerate() {
            let of_key = |answer: &Result<Vec<bool>, CallError>| match answer {
                Ok(granted) => Ok(granted[place]),
                Err(error) => Err(error.clone()),
            };
            let answers: Vec<_> = answers.iter().map(of_key).collect();
            t.expect_one_true("one caller claims the step", &answers);
            let claimed = t.run_runtime_store().try_claim_step(run, key).await?;
            t.expect("its claim is still held", &claimed, &false);
        }
    }
    t.overlap_shown()
}

async fn late_reset_frees_claim(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = skipped(t, "notify", Some(PREREQUISITE_NOT_SATISFIED)).await?;
        let answers = t
            .release(move |caller, instance| async move {
                let (runs, keys) = (instance.run_store(), ["notify".to_owned()]);
                runs.reset_cascade_skipped_dependents(run, &keys).await?;
                if is_of_first_half(caller) {
                    return Ok(false);
                }
                // From here on the step is not skipped, whoever reset it.
                runs.record_step_start(run, "notify", "http", None, None).await?;
                instance.run_runtime_store().try_claim_step(run, "notify").await
            })
            .await;
        t.expect_one_true("one caller claims the step that it has started", &answers);
        let claimed = t.run_runtime_store().try_claim_step(run, "notify").await?;
        t.expect("its claim is still held", &claimed, &false);
    }
    t.overlap_shown()
}

async fn late_completion_rewrites_history(t: &Trial) -> Outcome {
    let run = skipped(t, "send", Some(PREREQUISITE_NOT_SATISFIED)).await?;
    let before = step(t, run, "send").await?.attempts;
    reset(t, run, "send").await?;
    let (output, error) = (Some("1"), Some("late"));
    t.run_store().record_step_complete(run, "send", StepStatus::Failed, output, error).await?;
    t.a_running_step(run, "send").await?;
    let mut after = step(t, run, "send").await?.attempts;
    after.truncate(before.len());
    t.expect("the first attempt is as it was", &after, &before);
    Ok(())
}
