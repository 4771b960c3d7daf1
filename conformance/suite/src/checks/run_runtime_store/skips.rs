//! Steps that are skipped, with reason and trace.

use chrono::TimeDelta;
use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::show;
use plimsoll_contract::{Clock, FlowStep, RunId, StepStatus};

use crate::race::{CALLERS, is_of_first_half};
use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-runtime-store/skip-needs-run",
        clauses: &["RUNTIME-20"],
        goal: "A step of a run that is not there is skipped.",
        usual_cause: "a foreign key",
        uses: &[RunRuntimeStore],
        run: |t| Box::pin(skip_needs_run(t)),
    },
    Check {
        id: "run-runtime-store/skip-incomplete",
        clauses: &["RUNTIME-13"],
        goal: "A step that failed is skipped; step and new attempt must show it.",
        usual_cause: "the skip writes the step only, or adds no attempt",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(skip_incomplete(t)),
    },
    Check {
        id: "run-runtime-store/skip-without-reason-incomplete",
        clauses: &["RUNTIME-14"],
        goal: "A step is skipped without a reason.",
        usual_cause: "the reason decides whether the step is completed, or becomes a text",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(skip_without_reason_incomplete(t)),
    },
    Check {
        id: "run-runtime-store/trace-lost",
        clauses: &["RUNTIME-16"],
        goal: "A step is skipped with a trace; step and attempt must hold it.",
        usual_cause: "the trace is dropped, or stored on one of the two",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(trace_lost(t)),
    },
    Check {
        id: "run-runtime-store/empty-trace-kept",
        clauses: &["RUNTIME-17"],
        goal: "Steps are skipped with an empty trace and with none.",
        usual_cause: "the empty text is stored",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(empty_trace_kept(t)),
    },
    Check {
        id: "run-runtime-store/skipped-step-seen-running",
        clauses: &["RUNTIME-15"],
        goal: "Steps are recorded as skipped while others read statuses and details.",
        usual_cause: "the skip is a start followed by a completion",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(skipped_step_seen_running(t)),
    },
    Check {
        id: "run-runtime-store/skip-race-misnumbers",
        clauses: &["RUNTIME-13"],
        goal: "Many callers start and skip one step at once; every attempt has a number of its \
               own.",
        usual_cause: "the next number is read and written in two steps",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(skip_race_misnumbers(t)),
    },
    Check {
        id: "run-runtime-store/long-trace-cut",
        clauses: &["BACKEND-6"],
        goal: "A step is skipped with a trace and a reason of 256 KiB.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(long_trace_cut(t)),
    },
];

async fn skip_needs_run(t: &Trial) -> Outcome {
    let (run, steps) = (t.run_id(), t.run_runtime_store());
    steps.record_skipped_step(run, "charge", "http", None).await?;
    let statuses = steps.get_step_statuses(run).await?;
    let expected = vec![("charge".to_owned(), StepStatus::Skipped)];
    t.expect("the step is skipped", &statuses, &expected);
    Ok(())
}

/// The one step of a run.
async fn the_step(t: &Trial, run: RunId) -> Result<FlowStep, Halt> {
    let detail = t.run_store().get_run_detail(run).await?;
    let step = detail.as_ref().and_then(|detail| detail.steps.first()).cloned();
    t.expect_that("the step is there", step.is_some(), "a step", &detail);
    step.ok_or(Halt::Enough)
}

async fn skip_incomplete(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    let (input, job) = (Some("{}"), Some("job-7"));
    t.run_store().record_step_start(run, "send", "http", input, job).await?;
    t.run_store().record_step_complete(run, "send", StepStatus::Failed, Some("1"), None).await?;
    clock.advance(TimeDelta::hours(1));
    t.run_runtime_store().record_skipped_step(run, "send", "mail", Some("not needed")).await?;
    let step = the_step(t, run).await?;
    let now = Some(clock.now());
    t.expect("the step is skipped", &step.status, &StepStatus::Skipped);
    t.expect("it has the type", &step.step_type.as_str(), &"mail");
    t.expect("the reason is its error", &step.error_message.as_deref(), &Some("not needed"));
    t.expect("it has no output", &step.output_json, &None);
    t.expect("it has no input", &step.input_json, &None);
    t.expect("it is completed now", &step.completed_at, &now);
    let attempt = step.attempts.last().map(|attempt| {
        let error = attempt.error_message.clone().unwrap_or_default();
        (attempt.attempt, attempt.status, error, attempt.completed_at)
    });
    let expected = (2, StepStatus::Skipped, "not needed".to_owned(), now);
    t.expect("a second attempt shows the skip", &attempt, &Some(expected));
    let of_attempt = step.attempts.last().map(|attempt| {
        let absent = (&attempt.input_json, &attempt.output_json, &attempt.evaluation_trace_json);
        (attempt.step_type.as_str(), absent)
    });
    let expected = Some(("mail", (&None, &None, &None)));
    t.expect("it has the type, and neither input, output nor trace", &of_attempt, &expected);
    let (run, runtime, trace) = (t.a_run().await?, t.run_runtime_store(), Some("{}"));
    runtime.record_skipped_step_with_trace(run, "send", "http", None, trace).await?;
    runtime.record_skipped_step(run, "send", "http", None).await?;
    let step = the_step(t, run).await?;
    let traces: Vec<_> =
        step.attempts.iter().map(|attempt| attempt.evaluation_trace_json.as_deref()).collect();
    t.expect("a second skip has no trace", &step.evaluation_trace_json, &None);
    t.expect("each attempt has its own", &traces, &vec![trace, None]);
    Ok(())
}

async fn skip_without_reason_incomplete(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_runtime_store().record_skipped_step(run, "send", "http", None).await?;
    let step = the_step(t, run).await?;
    t.expect("the step is skipped", &step.status, &StepStatus::Skipped);
    t.expect("it has no error", &step.error_message, &None);
    t.expect("it is completed", &step.completed_at.is_some(), &true);
    let statuses: Vec<_> = step.attempts.iter().map(|attempt| attempt.status).collect();
    t.expect("its attempt is skipped", &statuses, &vec![StepStatus::Skipped]);
    Ok(())
}

/// Skips a step with a trace, and answers the trace of the step and of its attempt.
async fn skipped_with(
    t: &Trial,
    trace: Option<&str>,
) -> Result<(Option<String>, Option<String>), Halt> {
    let run = t.a_run().await?;
    let reason = Some("When was false");
    let runtime = t.run_runtime_store();
    runtime.record_skipped_step_with_trace(run, "send", "http", reason, trace).await?;
    let step = the_step(t, run).await?;
    t.expect("the step is skipped", &step.status, &StepStatus::Skipped);
    t.expect("the reason is its error", &step.error_message.as_deref(), &reason);
    let of_attempt = step.attempts.last().and_then(|last| last.evaluation_trace_json.clone());
    Ok((step.evaluation_trace_json, of_attempt))
}

async fn trace_lost(t: &Trial) -> Outcome {
    let trace = r#"{"when": "amount > 10", "amount": 3}"#;
    let (of_step, of_attempt) = skipped_with(t, Some(trace)).await?;
    t.expect("the step has the trace", &of_step.as_deref(), &Some(trace));
    t.expect("so has its attempt", &of_attempt.as_deref(), &Some(trace));
    let blank = skipped_with(t, Some(" ")).await?;
    t.expect("a blank trace is one", &blank, &(Some(" ".to_owned()), Some(" ".to_owned())));
    Ok(())
}

async fn empty_trace_kept(t: &Trial) -> Outcome {
    for trace in [Some(""), None] {
        let got = skipped_with(t, trace).await?;
        t.expect(&format!("{} leaves no trace", show::value(&trace)), &got, &(None, None));
    }
    Ok(())
}

async fn skipped_step_seen_running(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let (key, steps) = (format!("step-{writer}"), instance.run_runtime_store());
                    let (reason, trace) = (Some("when is false"), Some("{}"));
                    steps.record_skipped_step_with_trace(run, &key, "http", reason, trace).await
                },
                move |instance| async move {
                    let statuses = instance.run_runtime_store().get_step_statuses(run).await?;
                    let detail = instance.run_store().get_run_detail(run).await?;
                    let steps = detail.map(|detail| detail.steps).unwrap_or_default();
                    Ok((statuses, steps))
                },
            )
            .await?;
        let mut statuses = seen.iter().flatten().flat_map(|(statuses, _)| statuses);
        let running = statuses.find(|(_, status)| *status != StepStatus::Skipped);
        t.expect("every status is skipped", &running, &None);
        let mut steps = seen.iter().flatten().flat_map(|(_, steps)| steps);
        let partial = steps.find(|step| {
            let is_skipped = step.status == StepStatus::Skipped && step.completed_at.is_some();
            let has_text = step.error_message.is_some() && step.evaluation_trace_json.is_some();
            !is_skipped || !has_text
        });
        t.expect("every step is skipped, completed, with reason and trace", &partial, &None);
    }
    t.overlap_shown()
}

async fn skip_race_misnumbers(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |caller, instance| async move {
                if is_of_first_half(caller) {
                    let runs = instance.run_store();
                    return runs.record_step_start(run, "send", "http", None, None).await;
                }
                let runtime = instance.run_runtime_store();
                runtime.record_skipped_step(run, "send", "http", None).await
            })
            .await;
        t.expect_all_succeed("every call succeeds", &answers);
        let attempts = the_step(t, run).await?.attempts;
        let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.attempt).collect();
        let expected: Vec<_> = (1..=CALLERS as u32).collect();
        t.expect("the attempts are numbered without gaps", &numbers, &expected);
        let is_skip = |status: &StepStatus| *status == StepStatus::Skipped;
        let skips = attempts.iter().filter(|attempt| is_skip(&attempt.status)).count();
        t.expect("half of them are skips", &skips, &(CALLERS / 2));
    }
    t.overlap_shown()
}

async fn long_trace_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let trace = Some(format!("\"{}\"", "t".repeat((256 << 10) - 2)));
    let reason = Some("r".repeat(256 << 10));
    let (text, why) = (trace.as_deref(), reason.as_deref());
    let runtime = t.run_runtime_store();
    runtime.record_skipped_step_with_trace(run, "send", "http", why, text).await?;
    let step = the_step(t, run).await?;
    let of_attempt = step.attempts.last().and_then(|last| last.evaluation_trace_json.clone());
    t.expect("the step's trace is whole", &(step.evaluation_trace_json == trace), &true);
    t.expect("its attempt's is too", &(of_attempt == trace), &true);
    t.expect("the reason is whole", &(step.error_message == reason), &true);
    Ok(())
}
