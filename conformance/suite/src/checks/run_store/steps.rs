use chrono::TimeDelta;
use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{Clock, ErrorKind, FlowStepAttempt, RunId, StepStatus};

use super::{detail, step};
use crate::given::NEAR_EQUAL;
use crate::race::CALLERS;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/step-start-loses-arguments",
        clauses: &["RUN-8"],
        goal: "A step is started with every argument; step and attempt must hold them.",
        usual_cause: "the step row or the attempt row lacks a column",
        uses: &[RunStore],
        run: |t| Box::pin(step_start_loses_arguments(t)),
    },
    Check {
        id: "run-store/step-start-moves",
        clauses: &["RUN-11"],
        goal: "A step is started, retried and started again; its start is the first one's.",
        usual_cause: "the upsert of the step row overwrites started-at",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(step_start_moves(t)),
    },
    Check {
        id: "run-store/same-step-starts-collide",
        clauses: &["RUN-12"],
        goal: "Many callers start one step at once; all must succeed, with a number each.",
        usual_cause: "the next number is read and written in two steps",
        uses: &[RunStore],
        run: |t| Box::pin(same_step_starts_collide(t)),
    },
    Check {
        id: "run-store/parallel-steps-disturb-each-other",
        clauses: &["RUN-13"],
        goal: "Many callers start different steps of one run at once; all must succeed.",
        usual_cause: "serialisable transactions without a retry, or locks on the whole run",
        uses: &[RunStore],
        run: |t| Box::pin(parallel_steps_disturb_each_other(t)),
    },
    Check {
        id: "run-store/step-needs-run",
        clauses: &["RUN-14"],
        goal: "A step is started of a run that is not there.",
        usual_cause: "a foreign key",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(step_needs_run(t)),
    },
    Check {
        id: "run-store/completion-not-recorded",
        clauses: &["RUN-15"],
        goal: "A step is completed with every argument; step and attempt must hold them.",
        usual_cause: "only one of the two rows is updated",
        uses: &[RunStore],
        run: |t| Box::pin(completion_not_recorded(t)),
    },
    Check {
        id: "run-store/old-output-survives",
        clauses: &["RUN-16"],
        goal: "A step is completed with output and error, then without.",
        usual_cause: "none is taken for \"leave as it is\" (COALESCE)",
        uses: &[RunStore],
        run: |t| Box::pin(old_output_survives(t)),
    },
    Check {
        id: "run-store/completing-step-as-running-accepted",
        clauses: &["RUN-17", "BACKEND-2"],
        goal: "A step is completed as running, also one that is not there.",
        usual_cause: "the status is stored without looking at it, or looked at after the step",
        uses: &[RunStore],
        run: |t| Box::pin(completing_step_as_running_accepted(t)),
    },
    Check {
        id: "run-store/pending-not-stamped",
        clauses: &["RUN-18"],
        goal: "A poll ends as pending.",
        usual_cause: "completed-at is set for terminal statuses only",
        uses: &[RunStore],
        run: |t| Box::pin(pending_not_stamped(t)),
    },
    Check {
        id: "run-store/second-step-completion-ignored",
        clauses: &["RUN-19"],
        goal: "A step is completed twice, an hour apart; the last counts.",
        usual_cause: "the update is limited to steps that are running",
        uses: &[RunStore],
        run: |t| Box::pin(second_step_completion_ignored(t)),
    },
    Check {
        id: "run-store/completing-unknown-step-creates",
        clauses: &["RUN-20"],
        goal: "A step is completed that was never started.",
        usual_cause: "an upsert, or an error because no row was updated",
        uses: &[RunStore],
        run: |t| Box::pin(completing_unknown_step_creates(t)),
    },
    Check {
        id: "run-store/step-keys-merged",
        clauses: &["BACKEND-5"],
        goal: "Steps whose keys differ in letter case, a blank or a mark are started.",
        usual_cause: "keys are trimmed or folded, or the database's collation ignores them",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(step_keys_merged(t)),
    },
    Check {
        id: "run-store/long-step-keys-cut",
        clauses: &["BACKEND-4", "BACKEND-6"],
        goal: "Keys of 256 characters work; of longer ones that begin alike, one by a blank, none \
               is taken for another.",
        usual_cause: "a key column cuts what it is given",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(long_step_keys_cut(t)),
    },
    Check {
        id: "run-store/detail-incomplete",
        clauses: &["RUN-39"],
        goal: "The detail of a run without steps, of one with two, and of one that is not there.",
        usual_cause: "an inner join leaves runs without steps out, or an empty run is made up",
        uses: &[RunStore],
        run: |t| Box::pin(detail_incomplete(t)),
    },
    Check {
        id: "run-store/steps-out-of-order",
        clauses: &["RUN-40"],
        goal: "Steps are started in an order that is not that of their keys.",
        usual_cause: "steps come by key",
        uses: &[RunStore],
        run: |t| Box::pin(steps_out_of_order(t)),
    },
    Check {
        id: "run-store/steps-of-runs-mixed",
        clauses: &["RUN-15", "RUN-8"],
        goal: "Two runs have a step of one key; what happens to it in one does not show in the \
               other.",
        usual_cause: "the run is missing from the WHERE of an update",
        uses: &[RunStore],
        run: |t| Box::pin(steps_of_runs_mixed(t)),
    },
    Check {
        id: "run-store/late-completion-revives-step",
        clauses: &["RUN-20"],
        goal: "A step completes after it was reset, when only its history is left.",
        usual_cause: "the completion is an upsert, or goes by the attempts",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(late_completion_revives_step(t)),
    },
    Check {
        id: "run-store/long-outcomes-cut",
        clauses: &["BACKEND-6"],
        goal: "A step has input, output and error of 256 KiB each.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[RunStore],
        run: |t| Box::pin(long_outcomes_cut(t)),
    },
    Check {
        id: "run-store/wide-step-keys-cut",
        clauses: &["BACKEND-4"],
        goal: "Keys of 256 emoji, which differ in the last, are started; they are kept whole or \
               refused.",
        usual_cause: "the length is counted in other units than the column's, and the rest is cut",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(wide_step_keys_cut(t)),
    },
    Check {
        id: "run-store/text-cut-at-nul",
        clauses: &["BACKEND-4"],
        goal: "Keys and errors with U+0000 are kept whole or refused.",
        usual_cause: "the text passes through C strings",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(text_cut_at_nul(t)),
    },
];

async fn step_start_loses_arguments(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let (input, job) = (r#"{"amount": 1.0}"#, "job-7");
    t.run_store().record_step_start(run, "charge", "http", Some(input), Some(job)).await?;
    let step = step(t, run, "charge").await?;
    t.expect("the step runs", &step.status, &StepStatus::Running);
    t.expect("it has the type", &step.step_type.as_str(), &"http");
    t.expect("it has the input", &step.input_json.as_deref(), &Some(input));
    t.expect("it has the job", &step.job_id.as_deref(), &Some(job));
    t.expect("it is not completed", &step.completed_at, &None);
    let expected = FlowStepAttempt {
        attempt: 1,
        step_type: step.step_type,
        status: step.status,
        input_json: step.input_json,
        output_json: None,
        error_message: None,
        job_id: step.job_id,
        started_at: step.started_at,
        completed_at: None,
        evaluation_trace_json: None,
    };
    t.expect("its attempt holds the same", &step.attempts, &vec![expected]);
    Ok(())
}

async fn step_start_moves(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    let first_start = clock.now();
    t.a_failed_step(run, "charge").await?;
    clock.advance(TimeDelta::hours(1));
    t.run_store().retry_step(run, "charge").await?;
    let retried = step(t, run, "charge").await?.started_at;
    clock.advance(TimeDelta::hours(1));
    t.a_running_step(run, "charge").await?;
    let restarted = step(t, run, "charge").await?.started_at;
    t.expect("a retry leaves the start", &retried, &first_start);
    t.expect("so does another start", &restarted, &first_start);
    let (runs, error) = (t.run_store(), Some(PREREQUISITE_NOT_SATISFIED));
    runs.record_step_complete(run, "charge", StepStatus::Skipped, None, error).await?;
    runs.reset_cascade_skipped_dependents(run, &["charge".to_owned()]).await?;
    clock.advance(TimeDelta::hours(1));
    t.a_running_step(run, "charge").await?;
    let revived = step(t, run, "charge").await?.started_at;
    t.expect("so does a start after a reset", &revived, &first_start);
    t.run_runtime_store().record_skipped_step(run, "send", "http", None).await?;
    let skipped = step(t, run, "send").await?.started_at;
    clock.advance(TimeDelta::hours(1));
    t.a_running_step(run, "send").await?;
    let started = step(t, run, "send").await?.started_at;
    t.expect("so does a start after a skip", &started, &skipped);
    Ok(())
}

async fn same_step_starts_collide(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |caller, instance| async move {
                let job = format!("job-{caller}");
                let runs = instance.run_store();
                runs.record_step_start(run, "charge", "http", None, Some(&job)).await
            })
            .await;
        t.expect_all_succeed("every start succeeds", &answers);
        let attempts = step(t, run, "charge").await?.attempts;
        let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.attempt).collect();
        let expected: Vec<_> = (1..=CALLERS as u32).collect();
        t.expect("the attempts are numbered without gaps", &numbers, &expected);
        let mut jobs: Vec<_> = attempts.iter().map(|attempt| attempt.job_id.clone()).collect();
        jobs.sort_unstable();
        jobs.dedup();
        t.expect("every caller's attempt is there", &jobs.len(), &CALLERS);
    }
    t.overlap_shown()
}

async fn parallel_steps_disturb_each_other(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |caller, instance| async move {
                let key = format!("step-{caller}");
                instance.run_store().record_step_start(run, &key, "http", None, None).await
            })
            .await;
        t.expect_all_succeed("every start succeeds", &answers);
        let steps = detail(t, run).await?.steps;
        t.expect("every step is there", &steps.len(), &CALLERS);
    }
    t.overlap_shown()
}

async fn step_needs_run(t: &Trial) -> Outcome {
    let run = t.run_id();
    t.a_running_step(run, "charge").await?;
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("the step runs", &statuses, &vec![("charge".to_owned(), StepStatus::Running)]);
    Ok(())
}

async fn completion_not_recorded(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    t.a_running_step(run, "charge").await?;
    clock.advance(TimeDelta::hours(1));
    let (output, error) = (Some(r#"{ "b":1.0,"a":1 }"#), Some("late"));
    t.run_store().record_step_complete(run, "charge", StepStatus::Failed, output, error).await?;
    let step = step(t, run, "charge").await?;
    let of_attempt = step.attempts.last().map(|attempt| {
        let FlowStepAttempt { status, output_json, error_message, completed_at, .. } = attempt;
        (*status, output_json.as_deref(), error_message.as_deref(), *completed_at)
    });
    let of_step = (
        step.status,
        step.output_json.as_deref(),
        step.error_message.as_deref(),
        step.completed_at,
    );
    let expected = (StepStatus::Failed, output, error, Some(clock.now()));
    t.expect("the step has status, output, error and instant", &of_step, &expected);
    t.expect("so has its attempt", &of_attempt, &Some(expected));
    t.run_store().retry_step(run, "charge").await?;
    let runs = t.run_store();
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("1"), None).await?;
    let of_attempt = self::step(t, run, "charge").await?.attempts.pop();
    let got = of_attempt.map(|last| (last.status, last.output_json, last.error_message));
    let expected = Some((StepStatus::Succeeded, Some("1".to_owned()), None));
    t.expect("its attempt also has one that comes after a retry", &got, &expected);
    Ok(())
}

async fn old_output_survives(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.a_running_step(run, "charge").await?;
    let runs = t.run_store();
    let (output, error) = (Some("{}"), Some("slow"));
    runs.record_step_complete(run, "charge", StepStatus::Pending, output, error).await?;
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, None, None).await?;
    let step = step(t, run, "charge").await?;
    t.expect("the output is gone", &step.output_json, &None);
    t.expect("the error is gone", &step.error_message, &None);
    let of_attempt = step.attempts.last().and_then(|attempt| attempt.error_message.clone());
    t.expect("the attempt's error is gone", &of_attempt, &None);
    let of_attempt = step.attempts.last().and_then(|attempt| attempt.output_json.clone());
    t.expect("the attempt's output is gone", &of_attempt, &None);
    Ok(())
}

async fn completing_step_as_running_accepted(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.a_failed_step(run, "charge").await?;
    let before = step(t, run, "charge").await?;
    for key in ["charge", "never-started"] {
        let runs = t.run_store();
        let outcome = runs.record_step_complete(run, key, StepStatus::Running, None, None).await;
        let what = format!("`{key}` cannot complete as running");
        t.expect_refusal(&what, outcome, ErrorKind::InvalidArgument)?;
    }
    t.expect("the step is as before", &step(t, run, "charge").await?, &before);
    Ok(())
}

async fn pending_not_stamped(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    t.a_running_step(run, "poll").await?;
    clock.advance(TimeDelta::minutes(1));
    t.run_store().record_step_complete(run, "poll", StepStatus::Pending, None, None).await?;
    let step = step(t, run, "poll").await?;
    t.expect("the step is pending", &step.status, &StepStatus::Pending);
    t.expect("completed-at is stamped", &step.completed_at, &Some(clock.now()));
    let of_attempt = step.attempts.last().map(|attempt| (attempt.status, attempt.completed_at));
    let expected = Some((StepStatus::Pending, Some(clock.now())));
    t.expect("its attempt shows the same", &of_attempt, &expected);
    Ok(())
}

async fn second_step_completion_ignored(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    t.a_failed_step(run, "charge").await?;
    clock.advance(TimeDelta::hours(1));
    let runs = t.run_store();
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("{}"), None).await?;
    let charge = step(t, run, "charge").await?;
    t.expect("the last status counts", &charge.status, &StepStatus::Succeeded);
    t.expect("it is stamped anew", &charge.completed_at, &Some(clock.now()));
    clock.advance(TimeDelta::hours(1));
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("{}"), None).await?;
    let charge = step(t, run, "charge").await?;
    let stamps = (charge.completed_at, charge.attempts.last().and_then(|last| last.completed_at));
    let now = Some(clock.now());
    t.expect("also by one that repeats the last", &stamps, &(now, now));
    t.expect("no attempt was added", &charge.attempts.len(), &1);
    clock.advance(TimeDelta::hours(1));
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("2"), None).await?;
    let charge = step(t, run, "charge").await?;
    let got = (charge.output_json.as_deref(), charge.completed_at);
    t.expect("with the same status too", &got, &(Some("2"), Some(clock.now())));
    Ok(())
}

async fn completing_unknown_step_creates(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    let outcome = runs.record_step_complete(run, "ghost", StepStatus::Succeeded, None, None).await;
    t.expect("it is a no-op", &outcome, &Ok(()));
    t.expect("no step was created", &detail(t, run).await?.steps, &Vec::new());
    Ok(())
}

async fn step_keys_merged(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let mut expected = Vec::new();
    for key in NEAR_EQUAL {
        t.a_running_step(run, key).await?;
        expected.push(key.to_owned());
    }
    t.run_store().record_step_complete(run, "charge", StepStatus::Failed, None, None).await?;
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    let listed: Vec<_> = statuses.iter().map(|(key, _)| key.clone()).collect();
    let failed = statuses.iter().filter(|(_, status)| *status == StepStatus::Failed).count();
    t.expect_same_items("every key is a step of its own", &listed, &expected);
    t.expect("completing one completes no other", &failed, &1);
    Ok(())
}

async fn long_step_keys_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    let key = "k".repeat(256);
    t.a_running_step(run, &key).await?;
    let claimed = claims.try_claim_step(run, &key).await?;
    let (mut kept, mut begun) = (vec![key.clone()], vec![key.clone()]);
    for ending in ["-1", "-2", " "] {
        let key = format!("{key}{ending}");
        let outcome = t.run_store().record_step_start(run, &key, "http", None, None).await;
        if t.kept_or_refused(outcome)? {
            begun.push(key.clone());
        }
        let outcome = claims.try_claim_step(run, &key).await;
        if let Ok(granted) = &outcome {
            t.expect("a longer key is not taken for one that begins alike", granted, &true);
        }
        if t.kept_or_refused(outcome)? {
            kept.push(key.clone());
        }
    }
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    let held = claims.get_claimed_step_keys(run).await?;
    let started: Vec<_> = statuses.into_iter().map(|(key, _)| key).collect();
    t.expect("256 characters are claimed", &claimed, &true);
    t.expect_same_items("they are started whole", &started, &begun);
    t.expect_same_items("every claimed key is listed whole", &held, &kept);
    Ok(())
}

async fn detail_incomplete(t: &Trial) -> Outcome {
    let (empty, full) = (t.a_run().await?, t.a_run().await?);
    t.a_running_step(full, "charge").await?;
    t.a_failed_step(full, "send").await?;
    let unknown = t.run_store().get_run_detail(t.run_id()).await?;
    let of_empty = detail(t, empty).await?.steps;
    let of_full = detail(t, full).await?.steps;
    let keys: Vec<_> = of_full.iter().map(|step| step.step_key.clone()).collect();
    t.expect("there is no unknown run", &unknown, &None);
    t.expect("a run may have no steps", &of_empty, &Vec::new());
    t.expect_same_items("all steps are there", &keys, &["charge".to_owned(), "send".to_owned()]);
    Ok(())
}

async fn steps_out_of_order(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    let keys = ["m", "z", "a", "k"];
    for key in keys {
        clock.advance(TimeDelta::seconds(1));
        t.a_running_step(run, key).await?;
    }
    let steps = detail(t, run).await?.steps;
    let listed: Vec<_> = steps.iter().map(|step| step.step_key.as_str()).collect();
    t.expect("they come by their start", &listed, &keys.to_vec());
    clock.advance(TimeDelta::seconds(1));
    t.a_running_step(run, "z").await?;
    let steps = detail(t, run).await?.steps;
    let listed: Vec<_> = steps.iter().map(|step| step.step_key.as_str()).collect();
    t.expect("by the first of several", &listed, &keys.to_vec());
    let run = t.a_run().await?;
    for key in keys {
        clock.advance(TimeDelta::microseconds(1));
        t.a_running_step(run, key).await?;
    }
    let steps = detail(t, run).await?.steps;
    let starts: Vec<_> = steps.iter().map(|step| step.started_at).collect();
    t.expect_that("also by a microsecond", starts.is_sorted(), "ascending instants", &starts);
    Ok(())
}

async fn steps_of_runs_mixed(t: &Trial) -> Outcome {
    let (run, other) = (t.a_run().await?, t.a_run().await?);
    t.a_running_step(run, "charge").await?;
    t.a_running_step(other, "charge").await?;
    let before = step(t, other, "charge").await?;
    let runs = t.run_store();
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("1"), None).await?;
    let completed = step(t, other, "charge").await?;
    t.a_running_step(run, "charge").await?;
    let restarted = step(t, other, "charge").await?;
    t.expect("a completion leaves the other run's step", &completed, &before);
    t.expect("so does a start", &restarted, &before);
    Ok(())
}

async fn late_completion_revives_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let reason = Some(PREREQUISITE_NOT_SATISFIED);
    t.run_runtime_store().record_skipped_step(run, "send", "http", reason).await?;
    let runs = t.run_store();
    runs.reset_cascade_skipped_dependents(run, &["send".to_owned()]).await?;
    let outcome = runs.record_step_complete(run, "send", StepStatus::Succeeded, None, None).await;
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("it is a no-op", &outcome, &Ok(()));
    t.expect("the step stays reset", &statuses, &Vec::new());
    t.expect("it is not shown", &detail(t, run).await?.steps, &Vec::new());
    Ok(())
}

async fn long_outcomes_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let text = format!("\"{}\"", "v".repeat((256 << 10) - 2));
    let (runs, long) = (t.run_store(), Some(text.as_str()));
    runs.record_step_start(run, "charge", "http", long, None).await?;
    runs.record_step_complete(run, "charge", StepStatus::Failed, long, long).await?;
    let step = step(t, run, "charge").await?;
    for (what, stored) in [
        ("the input is whole", step.input_json),
        ("the output is whole", step.output_json),
        ("the error is whole", step.error_message),
    ] {
        t.expect(what, &(stored.as_deref() == long), &true);
    }
    Ok(())
}

/// Starts a step of each key; what is not refused must be listed whole.
async fn expect_keys_whole(t: &Trial, run: RunId, keys: &[String]) -> Outcome {
    let mut kept = Vec::new();
    for key in keys {
        let outcome = t.run_store().record_step_start(run, key, "http", None, None).await;
        if t.kept_or_refused(outcome)? {
            kept.push(key.clone());
        }
    }
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    let listed: Vec<_> = statuses.into_iter().map(|(key, _)| key).collect();
    t.expect_same_items("the keys that were not refused are whole", &listed, &kept);
    Ok(())
}

async fn wide_step_keys_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let start = "😀".repeat(255);
    expect_keys_whole(t, run, &["😀", "😁"].map(|last| format!("{start}{last}"))).await
}

async fn text_cut_at_nul(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    expect_keys_whole(t, run, &["a", "a\0b", "a\0c"].map(str::to_owned)).await?;
    t.a_running_step(run, "charge").await?;
    let error = Some("declined\0by bank");
    let runs = t.run_store();
    let outcome = runs.record_step_complete(run, "charge", StepStatus::Failed, None, error).await;
    let expected = if t.kept_or_refused(outcome)? { error } else { None };
    let stored = step(t, run, "charge").await?.error_message;
    t.expect("the error is whole, or absent if it was refused", &stored.as_deref(), &expected);
    Ok(())
}
