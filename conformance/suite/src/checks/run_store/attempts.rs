//! The attempts of a step: how they are numbered, and what each of them keeps.

use chrono::TimeDelta;
use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::{Clock, StepStatus};

use super::{detail, step};
use crate::race::is_of_first_half;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/attempts-misnumbered",
        clauses: &["RUN-8"],
        goal: "A step is started three times; its attempts are numbered 1, 2, 3.",
        usual_cause: "the number counts finished attempts only, or starts at 0",
        uses: &[RunStore],
        run: |t| Box::pin(attempts_misnumbered(t)),
    },
    Check {
        id: "run-store/long-history-cut",
        clauses: &["RUN-39", "RUN-8"],
        goal: "A step is started 300 times; every attempt is shown, with its number.",
        usual_cause: "the number is kept in a byte, or the history has a limit",
        uses: &[RunStore],
        run: |t| Box::pin(long_history_cut(t)),
    },
    Check {
        id: "run-store/restart-keeps-outcome",
        clauses: &["RUN-9"],
        goal: "A step that failed is started again; its outcome must be cleared.",
        usual_cause: "the upsert of the step row leaves output, error or completed-at alone",
        uses: &[RunStore],
        run: |t| Box::pin(restart_keeps_outcome(t)),
    },
    Check {
        id: "run-store/restart-rewrites-history",
        clauses: &["RUN-9", "RUN-15"],
        goal: "A step fails, then succeeds; its first attempt must still show the failure.",
        usual_cause: "a start or a completion updates every attempt instead of the latest",
        uses: &[RunStore],
        run: |t| Box::pin(restart_rewrites_history(t)),
    },
    Check {
        id: "run-store/restart-keeps-trace",
        clauses: &["RUN-9"],
        goal: "A step that was skipped with a trace is started; the trace stays on the attempt \
               alone.",
        usual_cause: "the upsert of the step row leaves the trace alone",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(restart_keeps_trace(t)),
    },
    Check {
        id: "run-store/attempt-start-wrong",
        clauses: &["RUN-10"],
        goal: "A step is started twice, an hour apart.",
        usual_cause: "attempts take their start from the step",
        uses: &[RunStore],
        run: |t| Box::pin(attempt_start_wrong(t)),
    },
    Check {
        id: "run-store/step-and-attempt-disagree",
        clauses: &["RUN-15", "RUN-8"],
        goal: "Many callers start and complete one step at once; afterwards the step shows what \
               its latest attempt shows.",
        usual_cause: "a start or a completion writes step and attempt in two steps",
        uses: &[RunStore],
        run: |t| Box::pin(step_and_attempt_disagree(t)),
    },
    Check {
        id: "run-store/refused-start-leaves-attempt",
        clauses: &["BACKEND-2", "BACKEND-4"],
        goal: "A step is started with a type that may be too long; if it is refused, nothing has \
               changed.",
        usual_cause: "the attempt is written before the step, and not in one transaction with it",
        uses: &[RunStore],
        run: |t| Box::pin(refused_start_leaves_attempt(t)),
    },
];

async fn attempts_misnumbered(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.a_failed_step(run, "charge").await?;
    t.a_running_step(run, "charge").await?;
    t.a_failed_step(run, "charge").await?;
    let attempts = step(t, run, "charge").await?.attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.attempt).collect();
    t.expect("they are numbered in order", &numbers, &vec![1, 2, 3]);
    for _ in 0..3 {
        t.a_running_step(run, "poll").await?;
        let (pending, runs) = (StepStatus::Pending, t.run_store());
        runs.record_step_complete(run, "poll", pending, None, None).await?;
    }
    let attempts = step(t, run, "poll").await?.attempts.len();
    t.expect("a step that polls has an attempt for each start", &attempts, &3);
    Ok(())
}

async fn long_history_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for _ in 0..300 {
        t.a_running_step(run, "poll").await?;
    }
    let attempts = step(t, run, "poll").await?.attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.attempt).collect();
    t.expect("every attempt is shown", &numbers.len(), &300);
    t.expect("the last number is 300", &numbers.last(), &Some(&300));
    Ok(())
}

async fn restart_keeps_outcome(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.a_running_step(run, "charge").await?;
    let (output, error) = (Some("{}"), Some("card declined"));
    t.run_store().record_step_complete(run, "charge", StepStatus::Failed, output, error).await?;
    t.a_running_step(run, "charge").await?;
    let step = step(t, run, "charge").await?;
    t.expect("it runs", &step.status, &StepStatus::Running);
    t.expect("its output is cleared", &step.output_json, &None);
    t.expect("its error is cleared", &step.error_message, &None);
    t.expect("its completion is cleared", &step.completed_at, &None);
    Ok(())
}

async fn restart_rewrites_history(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    let (output, error) = (Some("1"), Some("card declined"));
    runs.record_step_start(run, "charge", "mail", Some("7"), Some("job-7")).await?;
    runs.record_step_complete(run, "charge", StepStatus::Failed, output, error).await?;
    let before = step(t, run, "charge").await?.attempts;
    t.a_running_step(run, "charge").await?;
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("{}"), None).await?;
    let after = step(t, run, "charge").await?.attempts;
    t.expect("there are two attempts", &after.len(), &2);
    t.expect("the first is as it was", &after.first(), &before.first());
    let second = after.get(1).map(|attempt| (attempt.status, attempt.error_message.clone()));
    t.expect("the second has the outcome", &second, &Some((StepStatus::Succeeded, None)));
    for _ in 0..2 {
        t.a_running_step(run, "send").await?;
    }
    let first = step(t, run, "send").await?.attempts.into_iter().next();
    let running = first.as_ref().map(|first| (first.status, first.completed_at));
    t.expect("a start leaves one that runs", &running, &Some((StepStatus::Running, None)));
    runs.record_step_complete(run, "send", StepStatus::Failed, Some("1"), error).await?;
    let after = step(t, run, "send").await?.attempts.into_iter().next();
    t.expect("a completion leaves one that runs", &after, &first);
    let outcomes: Vec<_> = (1..=12).map(|number| Some(number.to_string())).collect();
    for outcome in &outcomes {
        t.a_running_step(run, "poll").await?;
        let status = StepStatus::Succeeded;
        runs.record_step_complete(run, "poll", status, outcome.as_deref(), None).await?;
    }
    let attempts = step(t, run, "poll").await?.attempts;
    let kept: Vec<_> = attempts.into_iter().map(|attempt| attempt.output_json).collect();
    t.expect("each of twelve has its own outcome", &kept, &outcomes);
    Ok(())
}

async fn restart_keeps_trace(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let trace = Some(r#"{"when":false}"#);
    let runtime = t.run_runtime_store();
    runtime.record_skipped_step_with_trace(run, "charge", "http", None, trace).await?;
    t.a_running_step(run, "charge").await?;
    let step = step(t, run, "charge").await?;
    let of_attempt = step.attempts.first().and_then(|first| first.evaluation_trace_json.as_deref());
    t.expect("the running step has no trace", &step.evaluation_trace_json, &None);
    t.expect("the skipped attempt keeps it", &of_attempt, &trace);
    Ok(())
}

async fn attempt_start_wrong(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    let mut starts = Vec::new();
    for _ in 0..2 {
        clock.advance(TimeDelta::hours(1));
        starts.push(clock.now());
        t.a_running_step(run, "charge").await?;
    }
    let attempts = step(t, run, "charge").await?.attempts;
    let stamped: Vec<_> = attempts.iter().map(|attempt| attempt.started_at).collect();
    t.expect("each attempt has its own start", &stamped, &starts);
    Ok(())
}

async fn step_and_attempt_disagree(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        t.a_running_step(run, "charge").await?;
        let answers = t
            .release(move |caller, instance| async move {
                let (runs, name) = (instance.run_store(), format!("{caller}"));
                let text = Some(name.as_str());
                if is_of_first_half(caller) {
                    return runs.record_step_start(run, "charge", "http", text, text).await;
                }
                runs.record_step_complete(run, "charge", StepStatus::Failed, text, text).await
            })
            .await;
        t.expect_all_succeed("every call succeeds", &answers);
        let step = step(t, run, "charge").await?;
        let of_step = (step.status, &step.job_id, &step.output_json, &step.error_message);
        let last = step.attempts.last();
        let of_attempt =
            last.map(|last| (last.status, &last.job_id, &last.output_json, &last.error_message));
        t.expect("the latest attempt shows what the step shows", &of_attempt, &Some(of_step));
    }
    t.overlap_shown()
}

async fn refused_start_leaves_attempt(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let long = "t".repeat(300 << 10);
    let outcome = t.run_store().record_step_start(run, "charge", &long, None, None).await;
    if t.kept_or_refused(outcome)? {
        let stored = step(t, run, "charge").await?.step_type;
        t.expect("the type is whole", &(stored == long), &true);
        return Ok(());
    }
    t.expect("no step was created", &detail(t, run).await?.steps, &Vec::new());
    t.a_running_step(run, "charge").await?;
    let attempts = step(t, run, "charge").await?.attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.attempt).collect();
    t.expect("no attempt was counted", &numbers, &vec![1]);
    Ok(())
}
