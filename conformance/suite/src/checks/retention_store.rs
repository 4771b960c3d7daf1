use chrono::TimeDelta;
use plimsoll_contract::Interface::{
    EventReader, FlowStore, OutputsRepository, RetentionStore, RunControlStore, RunRuntimeStore,
    RunStore, ScheduleStateStore, SignalStore, WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{Clock, FlowEvent, Page, RunId, RunStatus, StartRun};

use crate::race::CALLERS;
use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "retention-store/sweep-has-a-limit",
        clauses: &["RETENTION-1"],
        goal: "1,001 runs completed before the cutoff; one sweep removes them all.",
        usual_cause: "the sweep removes one batch and stops",
        uses: &[RunStore, RetentionStore],
        run: |t| Box::pin(sweep_has_a_limit(t)),
    },
    Check {
        id: "retention-store/run-at-cutoff-removed",
        clauses: &["RETENTION-1"],
        goal: "Runs complete a millisecond before the cutoff, at it, and after it.",
        usual_cause: "`<=` instead of `<`, or the age is taken from started-at",
        uses: &[RunStore, RetentionStore],
        run: |t| Box::pin(run_at_cutoff_removed(t)),
    },
    Check {
        id: "retention-store/running-run-removed",
        clauses: &["RETENTION-2"],
        goal: "A run started long ago is still running, and one was reopened.",
        usual_cause: "the age is taken from started-at, or an old completed-at is not cleared",
        uses: &[RunStore, RetentionStore],
        run: |t| Box::pin(running_run_removed(t)),
    },
    Check {
        id: "retention-store/flagged-run-removed",
        clauses: &["RETENTION-2"],
        goal: "Runs were cancelled and have timed out long ago, and are still running.",
        usual_cause: "an instant of the control record is taken for the completion",
        uses: &[RunStore, RunControlStore, RetentionStore],
        run: |t| Box::pin(flagged_run_removed(t)),
    },
    Check {
        id: "retention-store/history-kept",
        clauses: &["RETENTION-3"],
        goal: "A removed run's id is used again; the new run has no steps, and attempts from 1.",
        usual_cause: "steps or attempts stay, or the attempt counter does",
        uses: &[RunStore, RunRuntimeStore, RetentionStore],
        run: |t| Box::pin(history_kept(t)),
    },
    Check {
        id: "retention-store/claims-kept",
        clauses: &["RETENTION-4"],
        goal: "A removed run had claims, of a step that started and of one that did not.",
        usual_cause: "claims are deleted by joining with the steps",
        uses: &[RunStore, RunRuntimeStore, RetentionStore],
        run: |t| Box::pin(claims_kept(t)),
    },
    Check {
        id: "retention-store/dispatches-kept",
        clauses: &["RETENTION-4"],
        goal: "A removed run had entries in the dispatch ledger.",
        usual_cause: "the ledger is forgotten, as in every back end of the source",
        uses: &[RunStore, RetentionStore],
        run: |t| Box::pin(dispatches_kept(t)),
    },
    Check {
        id: "retention-store/outputs-kept",
        clauses: &["RETENTION-5"],
        goal: "A removed run had output, input, trigger data and headers.",
        usual_cause: "another store keeps them, and nobody tells it",
        uses: &[RunStore, OutputsRepository, RetentionStore],
        run: |t| Box::pin(outputs_kept(t)),
    },
    Check {
        id: "retention-store/events-kept",
        clauses: &["RETENTION-6"],
        goal: "A removed run had events, one of them with a timestamp far ahead.",
        usual_cause: "another store keeps them, and nobody tells it",
        uses: &[RunStore, OutputsRepository, EventReader, RetentionStore],
        run: |t| Box::pin(events_kept(t)),
    },
    Check {
        id: "retention-store/waiters-kept",
        clauses: &["RETENTION-7"],
        goal: "A removed run had waiters, delivered and not.",
        usual_cause: "waiters are forgotten, as in every back end of the source",
        uses: &[RunStore, SignalStore, RetentionStore],
        run: |t| Box::pin(waiters_kept(t)),
    },
    Check {
        id: "retention-store/control-kept",
        clauses: &["RETENTION-8"],
        goal: "A removed run had a control record.",
        usual_cause: "the record is forgotten",
        uses: &[RunStore, RunControlStore, RetentionStore],
        run: |t| Box::pin(control_kept(t)),
    },
    Check {
        id: "retention-store/idempotency-key-kept",
        clauses: &["RETENTION-8"],
        goal: "A removed run had an idempotency key, which must be free again.",
        usual_cause: "registrations are forgotten, so the client is locked out for ever",
        uses: &[RunStore, RunControlStore, RetentionStore],
        run: |t| Box::pin(idempotency_key_kept(t)),
    },
    Check {
        id: "retention-store/kept-run-loses-data",
        clauses: &["RETENTION-9"],
        goal: "A sweep removes one run; another keeps its steps, claim, entry, output, event, \
               waiter and control record.",
        usual_cause: "a DELETE without its WHERE",
        uses: &[
            RunStore,
            RunRuntimeStore,
            RunControlStore,
            RetentionStore,
            EventReader,
            SignalStore,
            OutputsRepository,
        ],
        run: |t| Box::pin(kept_run_loses_data(t)),
    },
    Check {
        id: "retention-store/definitions-removed",
        clauses: &["RETENTION-9"],
        goal: "A sweep far in the future leaves definitions and schedules.",
        usual_cause: "everything older than the cutoff is removed",
        uses: &[FlowStore, RetentionStore, ScheduleStateStore],
        run: |t| Box::pin(definitions_removed(t)),
    },
    Check {
        id: "retention-store/empty-sweep-fails",
        clauses: &["RETENTION-11"],
        goal: "Sweeps with nothing to remove.",
        usual_cause: "an empty IN list",
        uses: &[RetentionStore],
        run: |t| Box::pin(empty_sweep_fails(t)),
    },
    Check {
        id: "retention-store/orphans",
        clauses: &["RETENTION-12"],
        goal: "A step was recorded for a run that never existed; does a sweep remove it?",
        usual_cause: "either serves",
        uses: &[RunStore, RunRuntimeStore, RetentionStore],
        run: |t| Box::pin(orphans(t)),
    },
    Check {
        id: "retention-store/run-removed-in-parts",
        clauses: &["RETENTION-10"],
        goal: "Sweeps race with retries and completions of the runs that they could take; each \
               run must be whole afterwards or gone.",
        usual_cause: "the rows go table by table, each by its own look at the age of the run; \
                      choose the runs once, in the transaction that removes them",
        uses: &[RunStore, RunRuntimeStore, RetentionStore, OutputsRepository, EventReader],
        run: |t| Box::pin(run_removed_in_parts(t)),
    },
    Check {
        id: "retention-store/reopened-run-removed-by-sweep-under-way",
        clauses: &["RETENTION-2"],
        goal: "A sweep races with retries of the runs that it could take; a run that is seen \
               running after its retry must stay.",
        usual_cause: "the sweep chooses its runs first and removes them later, without looking \
                      whether they are still complete",
        uses: &[RunStore, RunRuntimeStore, RetentionStore],
        run: |t| Box::pin(reopened_run_removed_by_sweep(t)),
    },
    Check {
        id: "retention-store/history-of-reset-step-kept",
        clauses: &["RETENTION-3"],
        goal: "A removed run had a step that was reset; used again, its id has attempts from 1.",
        usual_cause: "attempts are deleted by joining with the steps, or a counter stays",
        uses: &[RunStore, RunRuntimeStore, RetentionStore],
        run: |t| Box::pin(history_of_reset_step_kept(t)),
    },
    Check {
        id: "retention-store/webhook-rows-removed",
        clauses: &["RETENTION-9"],
        goal: "A sweep far in the future leaves webhook rows.",
        usual_cause: "everything older than the cutoff is removed",
        uses: &[RetentionStore, WebhookRejectionStore],
        run: |t| Box::pin(webhook_rows_removed(t)),
    },
    Check {
        id: "retention-store/nonces-removed",
        clauses: &["REPLAY-4"],
        goal: "A sweep far in the future leaves a nonce that has expired; it is for purge-expired.",
        usual_cause: "everything older than the cutoff is removed",
        uses: &[RetentionStore, WebhookReplayStore],
        run: |t| Box::pin(nonces_removed(t)),
    },
    Check {
        id: "retention-store/namespaces-mixed",
        clauses: &["BACKEND-19"],
        goal: "A sweep in one namespace leaves the runs of another.",
        usual_cause: "the namespace is missing from the WHERE of a DELETE",
        uses: &[RunStore, RetentionStore],
        run: |t| Box::pin(namespaces_mixed(t)),
    },
    Check {
        id: "retention-store/orphan-idempotency-keys",
        clauses: &["RETENTION-12"],
        goal: "A key was registered for a run that never existed; does a sweep remove it?",
        usual_cause: "either serves",
        uses: &[RunControlStore, RetentionStore],
        run: |t| Box::pin(orphan_idempotency_keys(t)),
    },
];

/// Completes a run and removes it.
async fn remove(t: &Trial, run: RunId) -> Outcome {
    t.run_store().complete_run(run, RunStatus::Succeeded).await?;
    sweep_everything(t).await
}

async fn sweep_everything(t: &Trial) -> Outcome {
    let far = t.clock()?.now() + TimeDelta::days(365);
    Ok(t.retention_store().cleanup(far).await?)
}

async fn exists(t: &Trial, run: RunId) -> Result<bool, Halt> {
    Ok(t.run_store().get_run_detail(run).await?.is_some())
}

async fn sweep_has_a_limit(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    for _ in 0..1_001 {
        let run = t.a_run_of(flow).await?;
        t.run_store().complete_run(run, RunStatus::Succeeded).await?;
    }
    sweep_everything(t).await?;
    let left = t.run_store().get_runs(None, Page::all()).await?.len();
    t.expect("none is left", &left, &0);
    Ok(())
}

async fn run_at_cutoff_removed(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let cutoff = clock.now() + TimeDelta::hours(1);
    let mut runs = Vec::new();
    for offset in [-1, 0, 1] {
        let run = t.a_run().await?;
        clock.set(cutoff + TimeDelta::milliseconds(offset));
        t.run_store().complete_run(run, RunStatus::Succeeded).await?;
        runs.push(run);
    }
    t.retention_store().cleanup(cutoff).await?;
    let mut left = Vec::new();
    for run in runs {
        left.push(exists(t, run).await?);
    }
    t.expect("before it is gone, at it and after it stay", &left, &vec![false, true, true]);
    let twice = t.a_run().await?;
    for days in [1, 3] {
        clock.set(cutoff + TimeDelta::days(days));
        t.run_store().complete_run(twice, RunStatus::Succeeded).await?;
    }
    t.retention_store().cleanup(cutoff + TimeDelta::days(2)).await?;
    t.expect("the last of two completions counts", &exists(t, twice).await?, &true);
    Ok(())
}

async fn running_run_removed(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let (running, reopened) = (t.a_run().await?, t.a_run().await?);
    t.a_failed_step(reopened, "charge").await?;
    t.run_store().complete_run(reopened, RunStatus::Failed).await?;
    t.run_store().retry_step(reopened, "charge").await?;
    clock.advance(TimeDelta::days(3_650));
    sweep_everything(t).await?;
    t.expect("a running run stays", &exists(t, running).await?, &true);
    t.expect("so does a reopened one", &exists(t, reopened).await?, &true);
    Ok(())
}

async fn flagged_run_removed(t: &Trial) -> Outcome {
    let (cancelled, late) = (t.a_run().await?, t.a_run().await?);
    let (clock, controls) = (t.clock()?, t.run_control_store());
    for run in [cancelled, late] {
        controls.configure_run(run, t.flow_id(), "manual", None, Some(clock.now())).await?;
    }
    controls.request_cancel(cancelled, None).await?;
    controls.mark_timed_out(late, None).await?;
    clock.advance(TimeDelta::days(3_650));
    sweep_everything(t).await?;
    t.expect("a run that was cancelled and runs stays", &exists(t, cancelled).await?, &true);
    t.expect("so does one that has timed out", &exists(t, late).await?, &true);
    Ok(())
}

async fn history_kept(t: &Trial) -> Outcome {
    let start = t.start_of(t.flow_id());
    let run = start.run_id;
    t.run_store().start_run(&start).await?;
    t.a_failed_step(run, "charge").await?;
    t.a_failed_step(run, "charge").await?;
    remove(t, run).await?;
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("the steps are gone", &statuses, &Vec::new());
    t.run_store().start_run(&start).await?;
    t.a_running_step(run, "charge").await?;
    let detail = t.run_store().get_run_detail(run).await?;
    let steps = detail.map(|detail| detail.steps).unwrap_or_default();
    let numbers: Vec<_> =
        steps.iter().flat_map(|step| &step.attempts).map(|attempt| attempt.attempt).collect();
    t.expect("the new run counts from 1", &numbers, &vec![1]);
    let of_flow = t.run_store().get_runs(Some(start.flow_id), Page::all()).await?;
    let of_all = t.run_store().get_runs(None, Page::all()).await?;
    let active = t.run_store().get_active_runs().await?;
    for (list, listed) in [("its flow", of_flow), ("every run", of_all), ("active runs", active)] {
        let listed: Vec<_> = listed.into_iter().map(|run| run.id).collect();
        t.expect(&format!("it is listed once, in the list of {list}"), &listed, &vec![run]);
    }
    Ok(())
}

async fn claims_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    claims.try_claim_step(run, "unstarted").await?;
    claims.try_claim_step(run, "started").await?;
    t.a_failed_step(run, "started").await?;
    remove(t, run).await?;
    let listed = claims.get_claimed_step_keys(run).await?;
    t.expect("no claim is listed", &listed, &Vec::new());
    for key in ["unstarted", "started"] {
        let claimed = claims.try_claim_step(run, key).await?;
        t.expect(&format!("`{key}` can be claimed"), &claimed, &true);
    }
    Ok(())
}

async fn dispatches_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    runs.try_record_dispatch(run, "charge").await?;
    remove(t, run).await?;
    let listed = runs.get_dispatched_step_keys(run).await?;
    let recorded = runs.try_record_dispatch(run, "charge").await?;
    t.expect("no entry is listed", &listed, &Vec::new());
    t.expect("the step can be dispatched", &recorded, &true);
    Ok(())
}

async fn outputs_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let outputs = t.outputs_repository();
    outputs.save_step_output(run, "charge", "1").await?;
    outputs.save_step_input(run, "charge", "2").await?;
    outputs.save_trigger_data(run, "3").await?;
    outputs.save_trigger_headers(run, &[("a".to_owned(), "b".to_owned())]).await?;
    remove(t, run).await?;
    t.expect("the output is gone", &outputs.get_step_output(run, "charge").await?, &None);
    t.expect("the input is gone", &outputs.get_step_input(run, "charge").await?, &None);
    t.expect("the trigger data are gone", &outputs.get_trigger_data(run).await?, &None);
    t.expect("the headers are gone", &outputs.get_trigger_headers(run).await?, &None);
    Ok(())
}

async fn an_event(t: &Trial, run: RunId) -> Outcome {
    let event = FlowEvent {
        timestamp: t.clock()?.now(),
        event_type: "run.started".to_owned(),
        step_key: None,
        message: None,
    };
    Ok(t.outputs_repository().record_event(run, &event).await?)
}

async fn events_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    an_event(t, run).await?;
    // The sender's clock may be years ahead.
    let timestamp = START + TimeDelta::days(20_000);
    let (event_type, message) = ("step.failed".to_owned(), None);
    let ahead = FlowEvent { timestamp, event_type, step_key: None, message };
    t.outputs_repository().record_event(run, &ahead).await?;
    remove(t, run).await?;
    let events = t.event_reader().get_run_events(run, Page::all()).await?;
    t.expect("the events are gone", &events, &Vec::new());
    Ok(())
}

async fn waiters_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let signals = t.signal_store();
    for (key, name) in [("wait", "approval"), ("wait-again", "payment")] {
        signals.register_waiter(run, key, name, None).await?;
    }
    signals.deliver_signal(run, "approval", r#""personal data""#).await?;
    remove(t, run).await?;
    for key in ["wait", "wait-again"] {
        let waiter = signals.get_waiter(run, key).await?;
        t.expect(&format!("the waiter of `{key}` is gone"), &waiter, &None);
    }
    Ok(())
}

async fn control_kept(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let controls = t.run_control_store();
    controls.configure_run(run, t.flow_id(), "manual", None, None).await?;
    remove(t, run).await?;
    t.expect("the record is gone", &controls.get_run_control(run).await?, &None);
    Ok(())
}

async fn idempotency_key_kept(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    let run = t.a_run_of(flow).await?;
    let controls = t.run_control_store();
    let keys = [("webhook", "key-1"), ("webhook", "key-2"), ("manual", "key-1")];
    for (trigger, key) in keys {
        controls.try_register_idempotency_key(flow, trigger, key, run).await?;
    }
    remove(t, run).await?;
    for (trigger, key) in keys {
        let found = controls.find_run_id_by_idempotency_key(flow, trigger, key).await?;
        let free = controls.try_register_idempotency_key(flow, trigger, key, t.run_id()).await?;
        t.expect(&format!("the key `{key}` of `{trigger}` finds nothing"), &found, &None);
        t.expect("it can be registered", &free, &true);
    }
    Ok(())
}

async fn kept_run_loses_data(t: &Trial) -> Outcome {
    let gone = t.a_run().await?;
    let start = StartRun { source_run_id: Some(gone), ..t.start_of(t.flow_id()) };
    let kept = start.run_id;
    t.run_store().start_run(&start).await?;
    t.a_running_step(kept, "charge").await?;
    t.run_runtime_store().try_claim_step(kept, "charge").await?;
    t.run_store().try_record_dispatch(kept, "charge").await?;
    let outputs = t.outputs_repository();
    outputs.save_step_output(kept, "charge", "1").await?;
    outputs.save_step_input(kept, "charge", "2").await?;
    outputs.save_trigger_data(kept, "3").await?;
    outputs.save_trigger_headers(kept, &[("a".to_owned(), "b".to_owned())]).await?;
    an_event(t, kept).await?;
    t.signal_store().register_waiter(kept, "wait", "approval", None).await?;
    let (controls, flow) = (t.run_control_store(), t.flow_id());
    controls.configure_run(kept, flow, "manual", None, None).await?;
    controls.try_register_idempotency_key(flow, "webhook", "key-1", kept).await?;
    let before = t.run_store().get_run_detail(kept).await?;
    remove(t, gone).await?;
    let after = t.run_store().get_run_detail(kept).await?;
    t.expect("run and steps stay", &after, &before);
    let claimed = t.run_runtime_store().try_claim_step(kept, "charge").await?;
    t.expect("the claim stays", &claimed, &false);
    let recorded = t.run_store().try_record_dispatch(kept, "charge").await?;
    t.expect("the dispatch entry stays", &recorded, &false);
    let output = t.outputs_repository().get_step_output(kept, "charge").await?;
    t.expect("the output stays", &output.as_deref(), &Some("1"));
    let input = outputs.get_step_input(kept, "charge").await?;
    t.expect("the input stays", &input.as_deref(), &Some("2"));
    let data = outputs.get_trigger_data(kept).await?;
    t.expect("the trigger data stay", &data.as_deref(), &Some("3"));
    let headers = outputs.get_trigger_headers(kept).await?.map(|headers| headers.len());
    t.expect("the trigger header stays", &headers, &Some(1));
    let events = t.event_reader().get_run_events(kept, Page::all()).await?;
    t.expect("the event stays", &events.len(), &1);
    let waiter = t.signal_store().get_waiter(kept, "wait").await?;
    t.expect("the waiter stays", &waiter.is_some(), &true);
    let control = t.run_control_store().get_run_control(kept).await?;
    t.expect("the control record stays", &control.is_some(), &true);
    let key = controls.find_run_id_by_idempotency_key(flow, "webhook", "key-1").await?;
    t.expect("the idempotency key stays", &key, &Some(kept));
    Ok(())
}

async fn definitions_removed(t: &Trial) -> Outcome {
    let definition = t.flow_store().save(&t.a_definition("Invoice")).await?;
    t.schedule_state_store().save(&t.a_schedule("nightly")).await?;
    t.clock()?.advance(TimeDelta::days(3_650));
    sweep_everything(t).await?;
    let found = t.flow_store().get_by_id(definition.id).await?;
    let schedule = t.schedule_state_store().get("nightly").await?;
    t.expect("the definition stays", &found, &Some(definition));
    t.expect("the schedule stays", &schedule.is_some(), &true);
    Ok(())
}

async fn empty_sweep_fails(t: &Trial) -> Outcome {
    let now = t.clock()?.now();
    for cutoff in [now - TimeDelta::days(36_500), now, now + TimeDelta::days(36_500)] {
        let outcome = t.retention_store().cleanup(cutoff).await;
        t.expect(&format!("a sweep up to {cutoff} is a no-op"), &outcome, &Ok(()));
    }
    Ok(())
}

async fn orphans(t: &Trial) -> Outcome {
    let run = t.run_id();
    t.a_failed_step(run, "charge").await?;
    sweep_everything(t).await?;
    let left = t.run_runtime_store().get_step_statuses(run).await?;
    t.observe(match left.is_empty() {
        true => "rows of runs without a record are removed",
        false => "rows of runs without a record are kept",
    });
    Ok(())
}

async fn run_removed_in_parts(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let now = t.clock()?.now();
        let mut runs = Vec::new();
        for caller in 0..CALLERS {
            runs.push(a_whole_run(t, is_finished(caller)).await?);
        }
        let raced = runs.clone();
        let answers = t
            .release(move |caller, instance| {
                let run = raced[caller];
                async move {
                    match caller % 4 {
                        0 => instance.retention_store().cleanup(now + TimeDelta::hours(1)).await,
                        1 | 2 => instance.run_store().retry_step(run, "charge").await,
                        _ => instance.run_store().complete_run(run, RunStatus::Succeeded).await,
                    }
                }
            })
            .await;
        t.expect_all_succeed("sweeps, retries and completions succeed", &answers);
        let mut partial = Vec::new();
        for run in runs {
            let left = what_is_left(t, run).await?;
            if !(left.is_empty() || left.len() == PARTS) {
                partial.push(left);
            }
        }
        let what = "each run is whole or gone; this is left of those that are neither";
        t.expect(what, &partial, &Vec::new());
    }
    t.overlap_shown()
}

async fn reopened_run_removed_by_sweep(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let now = t.clock()?.now();
        let mut runs = Vec::new();
        for _ in 0..CALLERS {
            let run = t.a_run().await?;
            t.a_failed_step(run, "charge").await?;
            t.run_store().complete_run(run, RunStatus::Failed).await?;
            runs.push(run);
        }
        let raced = runs.clone();
        let answers = t
            .release(move |caller, instance| {
                let run = raced[caller];
                async move {
                    if caller % 8 == 0 {
                        let cutoff = now + TimeDelta::hours(1);
                        return instance.retention_store().cleanup(cutoff).await.map(|()| None);
                    }
                    instance.run_store().retry_step(run, "charge").await?;
                    instance.run_runtime_store().get_run_status(run).await
                }
            })
            .await;
        t.expect_all_succeed("sweeps and retries succeed", &answers);
        let reopened = runs
            .into_iter()
            .zip(answers)
            .filter_map(|(run, seen)| matches!(seen, Ok(Some(RunStatus::Running))).then_some(run));
        let mut removed = 0;
        for run in reopened {
            removed += usize::from(!exists(t, run).await?);
        }
        t.expect("runs that were seen running and are gone", &removed, &0);
    }
    t.overlap_shown()
}

/// Whether that caller's run is complete when the race begins.
const fn is_finished(caller: usize) -> bool {
    caller % 4 != 3
}

/// The parts of a run that a retry keeps.
const PARTS: usize = 4;

async fn a_whole_run(t: &Trial, is_finished: bool) -> Result<RunId, Halt> {
    let run = t.a_run().await?;
    t.a_failed_step(run, "charge").await?;
    t.outputs_repository().save_step_output(run, "charge", "1").await?;
    an_event(t, run).await?;
    if is_finished {
        t.run_store().complete_run(run, RunStatus::Failed).await?;
    }
    Ok(run)
}

async fn what_is_left(t: &Trial, run: RunId) -> Result<Vec<&'static str>, Halt> {
    let steps = t.run_runtime_store();
    let parts = [
        ("run", steps.get_run_status(run).await?.is_some()),
        ("step", !steps.get_step_statuses(run).await?.is_empty()),
        ("output", t.outputs_repository().get_step_output(run, "charge").await?.is_some()),
        ("event", !t.event_reader().get_run_events(run, Page::all()).await?.is_empty()),
    ];
    Ok(parts.into_iter().filter(|(_, is_left)| *is_left).map(|(part, _)| part).collect())
}

async fn history_of_reset_step_kept(t: &Trial) -> Outcome {
    let start = t.start_of(t.flow_id());
    let run = start.run_id;
    t.run_store().start_run(&start).await?;
    let reason = Some(PREREQUISITE_NOT_SATISFIED);
    t.run_runtime_store().record_skipped_step(run, "send", "http", reason).await?;
    t.run_store().reset_cascade_skipped_dependents(run, &["send".to_owned()]).await?;
    remove(t, run).await?;
    t.run_store().start_run(&start).await?;
    t.a_running_step(run, "send").await?;
    let detail = t.run_store().get_run_detail(run).await?;
    let steps = detail.map(|detail| detail.steps).unwrap_or_default();
    let numbers: Vec<_> =
        steps.iter().flat_map(|step| &step.attempts).map(|attempt| attempt.attempt).collect();
    t.expect("the new run counts from 1", &numbers, &vec![1]);
    Ok(())
}

async fn webhook_rows_removed(t: &Trial) -> Outcome {
    let log = t.webhook_rejection_store();
    log.write(&t.a_rejection("replay")).await?;
    t.clock()?.advance(TimeDelta::days(3_650));
    sweep_everything(t).await?;
    let rows = log.query_recent(None, None, true, Page::default()).await?;
    t.expect("the row stays", &rows.len(), &1);
    Ok(())
}

async fn nonces_removed(t: &Trial) -> Outcome {
    let (clock, flow, replays) = (t.clock()?, t.flow_id(), t.webhook_replay_store());
    replays.try_register(flow, "orders", "n-1", clock.now()).await?;
    clock.advance(TimeDelta::days(3_650));
    sweep_everything(t).await?;
    let is_new = replays.try_register(flow, "orders", "n-1", clock.now()).await?;
    t.expect("the nonce still blocks", &is_new, &false);
    Ok(())
}

async fn namespaces_mixed(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_store().complete_run(run, RunStatus::Succeeded).await?;
    t.open(&t.another_config("-other")).await?;
    sweep_everything(t).await?;
    t.open(&t.own_config()).await?;
    t.expect("the run stays", &exists(t, run).await?, &true);
    Ok(())
}

async fn orphan_idempotency_keys(t: &Trial) -> Outcome {
    let (flow, run) = (t.flow_id(), t.run_id());
    let controls = t.run_control_store();
    controls.try_register_idempotency_key(flow, "webhook", "key-1", run).await?;
    sweep_everything(t).await?;
    let found = controls.find_run_id_by_idempotency_key(flow, "webhook", "key-1").await?;
    t.observe(match found {
        None => "idempotency keys of runs without a record are removed",
        Some(_) => "idempotency keys of runs without a record are kept",
    });
    Ok(())
}
