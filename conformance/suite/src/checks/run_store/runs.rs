use chrono::TimeDelta;
use plimsoll_contract::Interface::{FlowStore, RunControlStore, RunRuntimeStore, RunStore};
use plimsoll_contract::{Clock, ErrorKind, FlowRun, RunStatus, StartRun};

use super::{detail, ids};
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/start-loses-arguments",
        clauses: &["RUN-1"],
        goal: "A run is started with every argument; it must read back as it was answered.",
        usual_cause: "a column is missing, or two texts are swapped",
        uses: &[RunStore],
        run: |t| Box::pin(start_loses_arguments(t)),
    },
    Check {
        id: "run-store/absent-arguments-become-text",
        clauses: &["RUN-1"],
        goal: "A run is started without trigger data, job and source.",
        usual_cause: "none is stored as an empty text",
        uses: &[RunStore],
        run: |t| Box::pin(absent_arguments_become_text(t)),
    },
    Check {
        id: "run-store/used-id-overwrites",
        clauses: &["RUN-2"],
        goal: "A second run is started under an id that is in use.",
        usual_cause: "start-run is an upsert; make it an insert",
        uses: &[RunStore],
        run: |t| Box::pin(used_id_overwrites(t)),
    },
    Check {
        id: "run-store/start-race-has-two-winners",
        clauses: &["RUN-3"],
        goal: "Many callers start a run under one id at once.",
        usual_cause: "looking for the id and inserting are two steps",
        uses: &[RunStore],
        run: |t| Box::pin(start_race_has_two_winners(t)),
    },
    Check {
        id: "run-store/unknown-source-refused",
        clauses: &["RUN-4"],
        goal: "A run is started whose flow and source were never stored.",
        usual_cause: "a foreign key",
        uses: &[RunStore],
        run: |t| Box::pin(unknown_source_refused(t)),
    },
    Check {
        id: "run-store/derived-runs-mixed",
        clauses: &["RUN-5"],
        goal: "Two runs repeat one run and a third repeats another.",
        usual_cause: "the source is not stored, or the list is of the flow instead of the source",
        uses: &[RunStore],
        run: |t| Box::pin(derived_runs_mixed(t)),
    },
    Check {
        id: "run-store/derived-runs-out-of-order",
        clauses: &["RUN-6"],
        goal: "Three runs repeat one run, a minute apart.",
        usual_cause: "the list has no order, or the oldest comes first",
        uses: &[RunStore],
        run: |t| Box::pin(derived_runs_out_of_order(t)),
    },
    Check {
        id: "run-store/derived-runs-need-source",
        clauses: &["RUN-7"],
        goal: "A run repeats one that the store does not have.",
        usual_cause: "an inner join with the source",
        uses: &[RunStore],
        run: |t| Box::pin(derived_runs_need_source(t)),
    },
    Check {
        id: "run-store/completion-not-stamped",
        clauses: &["RUN-22"],
        goal: "A run is completed an hour after it started.",
        usual_cause: "completed-at is not set, or started-at is moved with it",
        uses: &[RunStore],
        run: |t| Box::pin(completion_not_stamped(t)),
    },
    Check {
        id: "run-store/second-completion-ignored",
        clauses: &["RUN-23"],
        goal: "A run is completed twice, an hour apart; the last counts.",
        usual_cause: "the update is limited to runs that are running",
        uses: &[RunStore],
        run: |t| Box::pin(second_completion_ignored(t)),
    },
    Check {
        id: "run-store/completing-as-running-accepted",
        clauses: &["RUN-24", "BACKEND-2"],
        goal: "A failed run is completed as running, and one that is not there.",
        usual_cause: "the status is stored without looking at it, or looked at after the run",
        uses: &[RunStore],
        run: |t| Box::pin(completing_as_running_accepted(t)),
    },
    Check {
        id: "run-store/ending-not-stored",
        clauses: &["RUN-25"],
        goal: "Runs are completed with every status but running.",
        usual_cause: "only some of the statuses are known, and others are mapped to one of them",
        uses: &[RunStore],
        run: |t| Box::pin(ending_not_stored(t)),
    },
    Check {
        id: "run-store/flags-decide-ending",
        clauses: &["RUN-22"],
        goal: "Runs that were cancelled or have timed out are completed with every status.",
        usual_cause: "the status is derived from the flags of the control record",
        uses: &[RunStore, RunControlStore],
        run: |t| Box::pin(flags_decide_ending(t)),
    },
    Check {
        id: "run-store/completing-unknown-creates",
        clauses: &["RUN-26"],
        goal: "A run is completed that is not there.",
        usual_cause: "an upsert, or an error because no row was updated",
        uses: &[RunStore],
        run: |t| Box::pin(completing_unknown_creates(t)),
    },
    Check {
        id: "run-store/active-runs-wrong",
        clauses: &["RUN-57"],
        goal: "One run is running, one was retried, and the others have ended in every way.",
        usual_cause: "ended runs are told by some of the statuses only, or reopened ones by \
                      completed-at",
        uses: &[RunStore],
        run: |t| Box::pin(active_runs_wrong(t)),
    },
    Check {
        id: "run-store/cancelled-run-not-active",
        clauses: &["RUN-57"],
        goal: "A cancellation was requested of a running run; it is still active.",
        usual_cause: "the list is filtered by the flags of the control record",
        uses: &[RunStore, RunControlStore],
        run: |t| Box::pin(cancelled_run_not_active(t)),
    },
    Check {
        id: "run-store/flow-name-of-definition",
        clauses: &["RUN-1"],
        goal: "A run is started under another name than its flow's definition has.",
        usual_cause: "the name is joined from the definition",
        uses: &[FlowStore, RunStore],
        run: |t| Box::pin(flow_name_of_definition(t)),
    },
    Check {
        id: "run-store/active-runs-out-of-order",
        clauses: &["RUN-58"],
        goal: "Three runs are started a minute apart.",
        usual_cause: "the list has no order",
        uses: &[RunStore],
        run: |t| Box::pin(active_runs_out_of_order(t)),
    },
    Check {
        id: "run-store/long-texts-cut",
        clauses: &["BACKEND-6", "BACKEND-4", "BACKEND-7"],
        goal: "A run is started with a trigger key of 256 characters and data of 256 KiB.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[RunStore],
        run: |t| Box::pin(long_texts_cut(t)),
    },
    Check {
        id: "run-store/milliseconds-lost",
        clauses: &["BACKEND-9"],
        goal: "Runs start at instants that differ in their milliseconds.",
        usual_cause: "instants are stored in whole seconds",
        uses: &[RunStore],
        run: |t| Box::pin(milliseconds_lost(t)),
    },
    Check {
        id: "run-store/microseconds-lost",
        clauses: &["BACKEND-10"],
        goal: "Runs start at instants that differ in their microseconds.",
        usual_cause: "instants are stored in whole milliseconds",
        uses: &[RunStore],
        run: |t| Box::pin(microseconds_lost(t)),
    },
    Check {
        id: "run-store/namespaces-mixed",
        clauses: &["BACKEND-19"],
        goal: "A run is started in one namespace; another must not list, count or claim for it.",
        usual_cause: "the namespace is missing from a key or from a WHERE",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(namespaces_mixed(t)),
    },
];

async fn start_loses_arguments(t: &Trial) -> Outcome {
    let start = StartRun {
        trigger_data_json: Some(r#"{"amount" :9007199254740993.0}"#.to_owned()),
        job_id: Some("job-7".to_owned()),
        source_run_id: Some(t.run_id()),
        ..t.start_of(t.flow_id())
    };
    let run = t.run_store().start_run(&start).await?;
    let expected = FlowRun {
        id: start.run_id,
        flow_id: start.flow_id,
        flow_name: start.flow_name,
        status: RunStatus::Running,
        trigger_key: start.trigger_key,
        trigger_data_json: start.trigger_data_json,
        background_job_id: start.job_id,
        started_at: run.started_at,
        completed_at: None,
        source_run_id: start.source_run_id,
    };
    t.expect("the answer holds every argument", &run, &expected);
    t.expect("it reads back as it was answered", &detail(t, run.id).await?.run, &run);
    // Off the microsecond: a store may keep less, but then it must not answer more.
    t.unchecked_clock().advance(TimeDelta::nanoseconds(1_007));
    let run = t.run_store().start_run(&t.start_of(t.flow_id())).await?;
    let stored = detail(t, run.id).await?.run.started_at;
    t.expect("its start is answered as it is stored", &run.started_at, &stored);
    Ok(())
}

async fn absent_arguments_become_text(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let run = detail(t, run).await?.run;
    t.expect("trigger data is absent", &run.trigger_data_json, &None);
    t.expect("the job id is absent", &run.background_job_id, &None);
    t.expect("the source is absent", &run.source_run_id, &None);
    let empty = Some(String::new());
    let start = StartRun {
        trigger_data_json: empty.clone(),
        job_id: empty.clone(),
        ..t.start_of(t.flow_id())
    };
    let answered = t.run_store().start_run(&start).await?;
    let stored = detail(t, start.run_id).await?.run;
    for run in [answered, stored] {
        let texts = (run.trigger_data_json, run.background_job_id);
        t.expect("empty texts are not absent", &texts, &(empty.clone(), empty.clone()));
    }
    Ok(())
}

async fn used_id_overwrites(t: &Trial) -> Outcome {
    let first = t.start_of(t.flow_id());
    let second = StartRun {
        flow_name: "Other".to_owned(),
        trigger_key: "other".to_owned(),
        trigger_data_json: Some("[]".to_owned()),
        job_id: Some("other".to_owned()),
        source_run_id: Some(t.run_id()),
        ..t.start_of(t.flow_id())
    };
    let second = StartRun { run_id: first.run_id, ..second };
    let run = t.run_store().start_run(&first).await?;
    let outcome = t.run_store().start_run(&second).await;
    t.expect_refusal("the id is in use", outcome, ErrorKind::AlreadyExists)?;
    t.expect("the first run is untouched", &detail(t, first.run_id).await?.run, &run);
    t.run_store().complete_run(first.run_id, RunStatus::Failed).await?;
    let ended = detail(t, first.run_id).await?.run;
    let outcome = t.run_store().start_run(&second).await;
    t.expect_refusal("the id of an ended run is in use too", outcome, ErrorKind::AlreadyExists)?;
    t.expect("the ended run is untouched", &detail(t, first.run_id).await?.run, &ended);
    Ok(())
}

async fn start_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let start = t.start_of(t.flow_id());
        let run = start.run_id;
        let answers = t
            .release(move |caller, instance| {
                // Each caller's run is another, so that a loser that overwrites shows.
                let flow_name = format!("caller {caller}");
                let trigger_key = format!("trigger-{caller}");
                let (trigger_data_json, job_id) =
                    (Some(flow_name.clone()), Some(trigger_key.clone()));
                let own = StartRun { flow_name, trigger_key, ..start.clone() };
                let start = StartRun { trigger_data_json, job_id, ..own };
                async move {
                    match instance.run_store().start_run(&start).await {
                        Ok(run) => Ok(Some(run)),
                        Err(error) if error.kind() == Some(ErrorKind::AlreadyExists) => Ok(None),
                        Err(error) => Err(error),
                    }
                }
            })
            .await;
        let won: Vec<_> =
            answers.iter().map(|answer| answer.clone().map(|run| run.is_some())).collect();
        t.expect_one_true("one caller starts the run, the others learn that it exists", &won);
        let winner = answers.into_iter().flatten().flatten().next();
        let stored = t.run_store().get_run_detail(run).await?.map(|detail| detail.run);
        t.expect("the run is the one that was answered", &stored, &winner);
    }
    t.overlap_shown()
}

async fn unknown_source_refused(t: &Trial) -> Outcome {
    let source = t.run_id();
    let start = StartRun { source_run_id: Some(source), ..t.start_of(t.flow_id()) };
    let run = t.run_store().start_run(&start).await?;
    t.expect("the source is kept", &run.source_run_id, &Some(source));
    Ok(())
}

async fn derived_runs_mixed(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    let (source, other) = (t.a_run_of(flow).await?, t.a_run_of(flow).await?);
    let mut starts = Vec::new();
    for repeated in [source, source, other] {
        let start = StartRun { source_run_id: Some(repeated), ..t.start_of(flow) };
        t.run_store().start_run(&start).await?;
        starts.push(start.run_id);
    }
    t.run_store().complete_run(starts[0], RunStatus::Failed).await?;
    let derived = t.run_store().get_derived_runs(source).await?;
    t.expect_same_items("those that repeat the source", &ids(&derived), &starts[..2]);
    Ok(())
}

async fn derived_runs_out_of_order(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let source = t.a_run().await?;
    let mut started = Vec::new();
    for _ in 0..3 {
        clock.advance(TimeDelta::minutes(1));
        let start = StartRun { source_run_id: Some(source), ..t.start_of(t.flow_id()) };
        t.run_store().start_run(&start).await?;
        started.insert(0, start.run_id);
    }
    let derived = t.run_store().get_derived_runs(source).await?;
    t.expect("the latest comes first", &ids(&derived), &started);
    Ok(())
}

async fn derived_runs_need_source(t: &Trial) -> Outcome {
    let source = t.run_id();
    let start = StartRun { source_run_id: Some(source), ..t.start_of(t.flow_id()) };
    t.run_store().start_run(&start).await?;
    let derived = t.run_store().get_derived_runs(source).await?;
    t.expect("it is listed all the same", &ids(&derived), &vec![start.run_id]);
    Ok(())
}

async fn completion_not_stamped(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let started_at = clock.now();
    let run = t.a_run().await?;
    clock.advance(TimeDelta::hours(1));
    t.run_store().complete_run(run, RunStatus::Succeeded).await?;
    let run = detail(t, run).await?.run;
    t.expect("the status is stored", &run.status, &RunStatus::Succeeded);
    t.expect("completed-at is the present instant", &run.completed_at, &Some(clock.now()));
    t.expect("started-at stays", &run.started_at, &started_at);
    Ok(())
}

async fn second_completion_ignored(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    t.run_store().complete_run(run, RunStatus::Succeeded).await?;
    clock.advance(TimeDelta::hours(1));
    t.run_store().complete_run(run, RunStatus::Failed).await?;
    let run = detail(t, run).await?.run;
    t.expect("the last status counts", &run.status, &RunStatus::Failed);
    t.expect("it is stamped anew", &run.completed_at, &Some(clock.now()));
    Ok(())
}

async fn completing_as_running_accepted(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_store().complete_run(run, RunStatus::Failed).await?;
    let before = detail(t, run).await?;
    let outcome = t.run_store().complete_run(run, RunStatus::Running).await;
    t.expect_refusal("running ends nothing", outcome, ErrorKind::InvalidArgument)?;
    t.expect("the run is as before", &detail(t, run).await?, &before);
    let of_unknown = t.run_store().complete_run(t.run_id(), RunStatus::Running).await;
    t.expect_refusal("nor for an unknown run", of_unknown, ErrorKind::InvalidArgument)
}

async fn ending_not_stored(t: &Trial) -> Outcome {
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        let run = t.a_run().await?;
        t.run_store().complete_run(run, status).await?;
        let stored = detail(t, run).await?.run.status;
        t.expect(&format!("{} is stored", status.name()), &stored, &status);
    }
    Ok(())
}

async fn flags_decide_ending(t: &Trial) -> Outcome {
    let controls = t.run_control_store();
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        let (cancelled, late) = (t.a_run().await?, t.a_run().await?);
        for run in [cancelled, late] {
            controls.configure_run(run, t.flow_id(), "manual", None, None).await?;
        }
        controls.request_cancel(cancelled, None).await?;
        controls.mark_timed_out(late, None).await?;
        for (what, run) in [("was cancelled", cancelled), ("has timed out", late)] {
            t.run_store().complete_run(run, status).await?;
            let stored = detail(t, run).await?.run.status;
            t.expect(&format!("a run that {what} is {}", status.name()), &stored, &status);
        }
    }
    Ok(())
}

async fn completing_unknown_creates(t: &Trial) -> Outcome {
    let run = t.run_id();
    let outcome = t.run_store().complete_run(run, RunStatus::Failed).await;
    let detail = t.run_store().get_run_detail(run).await?;
    t.expect("it is a no-op", &outcome, &Ok(()));
    t.expect("nothing was created", &detail, &None);
    Ok(())
}

async fn active_runs_wrong(t: &Trial) -> Outcome {
    let runs = t.run_store();
    let running = t.a_run().await?;
    let retried = t.a_run().await?;
    t.a_failed_step(retried, "charge").await?;
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        let run = t.a_run().await?;
        runs.complete_run(run, status).await?;
    }
    runs.complete_run(retried, RunStatus::Failed).await?;
    runs.retry_step(retried, "charge").await?;
    let active = runs.get_active_runs().await?;
    t.expect_same_items("the running and the retried one", &ids(&active), &[running, retried]);
    Ok(())
}

async fn cancelled_run_not_active(t: &Trial) -> Outcome {
    let (run, late) = (t.a_run().await?, t.a_run().await?);
    let controls = t.run_control_store();
    for run in [run, late] {
        controls.configure_run(run, t.flow_id(), "manual", None, None).await?;
    }
    controls.request_cancel(run, None).await?;
    controls.mark_timed_out(late, None).await?;
    let active = t.run_store().get_active_runs().await?;
    t.expect_same_items("both are active", &ids(&active), &[run, late]);
    Ok(())
}

async fn flow_name_of_definition(t: &Trial) -> Outcome {
    let definition = t.flow_store().save(&t.a_definition("Invoices of today")).await?;
    let run = t.a_run_of(definition.id).await?;
    let started = t.run_store().get_run_detail(run).await?.map(|detail| detail.run.flow_name);
    t.expect("the run has the name that it was given", &started, &Some("Invoice".to_owned()));
    Ok(())
}

async fn active_runs_out_of_order(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let mut started = Vec::new();
    for _ in 0..3 {
        clock.advance(TimeDelta::minutes(1));
        started.insert(0, t.a_run().await?);
    }
    let active = t.run_store().get_active_runs().await?;
    t.expect("the latest comes first", &ids(&active), &started);
    t.a_failed_step(started[1], "charge").await?;
    t.run_store().complete_run(started[1], RunStatus::Failed).await?;
    t.run_store().retry_step(started[1], "charge").await?;
    let active = t.run_store().get_active_runs().await?;
    t.expect("a retried one stays in its place", &ids(&active), &started);
    Ok(())
}

async fn long_texts_cut(t: &Trial) -> Outcome {
    let start = StartRun {
        trigger_key: "k".repeat(256),
        trigger_data_json: Some(format!("\"{}\"", "d".repeat((256 << 10) - 2))),
        ..t.start_of(t.flow_id())
    };
    t.run_store().start_run(&start).await?;
    let run = detail(t, start.run_id).await?.run;
    t.expect("the trigger key is whole", &run.trigger_key, &start.trigger_key);
    t.expect("the trigger data are whole", &run.trigger_data_json, &start.trigger_data_json);
    Ok(())
}

/// Runs that start at these offsets must read back the instants of their starts.
async fn expect_starts_kept(t: &Trial, offsets: &[TimeDelta]) -> Outcome {
    let second = t.clock()?.now() - TimeDelta::milliseconds(789);
    for offset in offsets {
        t.clock()?.set(second + *offset);
        let run = t.a_run().await?;
        let started_at = detail(t, run).await?.run.started_at;
        t.expect("the start is kept", &started_at, &t.clock()?.now());
    }
    Ok(())
}

async fn milliseconds_lost(t: &Trial) -> Outcome {
    let offsets = [0, 1, 500, 999].map(TimeDelta::milliseconds);
    expect_starts_kept(t, &offsets).await
}

async fn microseconds_lost(t: &Trial) -> Outcome {
    let offsets = [1, 499, 500, 123_456, 999_999].map(TimeDelta::microseconds);
    expect_starts_kept(t, &offsets).await
}

async fn namespaces_mixed(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_store().try_record_dispatch(run, "charge").await?;
    t.run_runtime_store().try_claim_step(run, "charge").await?;
    t.open(&t.another_config("-other")).await?;
    let active = t.run_store().get_active_runs().await?;
    let statistics = t.run_store().get_statistics().await?;
    let dispatched = t.run_store().try_record_dispatch(run, "charge").await?;
    let claimed = t.run_runtime_store().try_claim_step(run, "charge").await?;
    t.expect("the other namespace lists no run", &ids(&active), &Vec::new());
    t.expect("it counts none", &statistics.active_runs, &0);
    t.expect("its dispatch ledger is empty", &dispatched, &true);
    t.expect("its claims are free", &claimed, &true);
    Ok(())
}
