use chrono::TimeDelta;
use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::show;
use plimsoll_contract::{Clock, FlowStep, RunId, RunStatus, StepStatus};

use crate::given::NEAR_EQUAL;
use crate::race::{CALLERS, is_of_first_half};
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "run-runtime-store/statuses-wrong",
        clauses: &["RUNTIME-1", "BACKEND-1"],
        goal: "A run has a step in every status, and a key that is only claimed and dispatched; \
               its statuses are read before and after.",
        usual_cause: "a status is mapped to another, a step is left out, claims are listed too, \
                      or the list is cached",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(statuses_wrong(t)),
    },
    Check {
        id: "run-runtime-store/statuses-need-run",
        clauses: &["RUNTIME-2"],
        goal: "A step is skipped in a run that is not there.",
        usual_cause: "an inner join with the runs",
        uses: &[RunRuntimeStore],
        run: |t| Box::pin(statuses_need_run(t)),
    },
    Check {
        id: "run-runtime-store/unstarted-claim-not-listed",
        clauses: &["RUNTIME-3"],
        goal: "Two keys are claimed, one of them started, one of another run.",
        usual_cause: "the list is joined with the step rows",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(unstarted_claim_not_listed(t)),
    },
    Check {
        id: "run-runtime-store/released-claim-listed",
        clauses: &["RUNTIME-3"],
        goal: "A claim is released, taken again and released; the list must follow.",
        usual_cause: "the list is a second copy that goes stale",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(released_claim_listed(t)),
    },
    Check {
        id: "run-runtime-store/finished-claims",
        clauses: &["RUNTIME-4"],
        goal: "A claimed step has finished; is its key still listed?",
        usual_cause: "either serves",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(finished_claims(t)),
    },
    Check {
        id: "run-runtime-store/second-claim-wins",
        clauses: &["RUNTIME-5"],
        goal: "Callers ask for the same step three times; only the first may run it.",
        usual_cause: "the claim is granted without looking whether it is held",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(second_claim_wins(t)),
    },
    Check {
        id: "run-runtime-store/claim-race-has-two-winners",
        clauses: &["RUNTIME-6"],
        goal: "Many callers ask for one step at once; one may run it, the others are told no.",
        usual_cause: "looking for the claim and taking it are two steps; make them one \
                      (insert-if-absent, compare-and-set), and answer false to the losers",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(claim_race_has_two_winners(t)),
    },
    Check {
        id: "run-runtime-store/completion-frees-claim",
        clauses: &["RUNTIME-7"],
        goal: "A step completes and its run ends; the claim must still be held.",
        usual_cause: "the claim is dropped when the step completes; only release, retry, reset \
                      and retention free it",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(completion_frees_claim(t)),
    },
    Check {
        id: "run-runtime-store/claim-expires",
        clauses: &["RUNTIME-8"],
        goal: "Ten years pass; the claim must still be held.",
        usual_cause: "the claim has a lease or a time to live",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(claim_expires(t)),
    },
    Check {
        id: "run-runtime-store/claim-of-other-run-counts",
        clauses: &["RUNTIME-9"],
        goal: "The same key is claimed in two runs, and two keys in one.",
        usual_cause: "run or key is missing from the claim's key",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(claim_of_other_run_counts(t)),
    },
    Check {
        id: "run-runtime-store/claim-keys-merged",
        clauses: &["BACKEND-5"],
        goal: "Keys that differ in letter case, a blank, a mark or a wildcard are claimed, and \
               released one by one.",
        usual_cause: "keys are trimmed or folded, or the database's collation ignores them",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(claim_keys_merged(t)),
    },
    Check {
        id: "run-runtime-store/claim-needs-run",
        clauses: &["RUNTIME-10"],
        goal: "A step of a run that is not there is claimed.",
        usual_cause: "a foreign key",
        uses: &[RunRuntimeStore],
        run: |t| Box::pin(claim_needs_run(t)),
    },
    Check {
        id: "run-runtime-store/claim-needs-step",
        clauses: &["RUNTIME-19"],
        goal: "A step that has neither started nor been dispatched is claimed.",
        usual_cause: "a foreign key, or the claim is a column of the step's row",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(claim_needs_step(t)),
    },
    Check {
        id: "run-runtime-store/skip-needs-run",
        clauses: &["RUNTIME-20"],
        goal: "A step of a run that is not there is skipped.",
        usual_cause: "a foreign key",
        uses: &[RunRuntimeStore],
        run: |t| Box::pin(skip_needs_run(t)),
    },
    Check {
        id: "run-runtime-store/release-keeps-claim",
        clauses: &["RUNTIME-11"],
        goal: "A claim is released; the step can be claimed again. Releasing none is fine.",
        usual_cause: "the release is a stub, or fails where there is nothing",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(release_keeps_claim(t)),
    },
    Check {
        id: "run-runtime-store/release-frees-more",
        clauses: &["RUNTIME-12"],
        goal: "One of two claims is released; the other, the dispatch entry and the step stay.",
        usual_cause: "the release is of the run instead of the step, or frees the dispatch too",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(release_frees_more(t)),
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
        id: "run-runtime-store/run-status-wrong",
        clauses: &["RUNTIME-18"],
        goal: "The status of runs in every status, and of one that is not there.",
        usual_cause: "the status is cached, or mapped to another",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(run_status_wrong(t)),
    },
    Check {
        id: "run-runtime-store/listing-misses-claim",
        clauses: &["RUNTIME-3"],
        goal: "One worker claims a step while another releases it; afterwards the listing and the \
               next claim must agree on whether it is held.",
        usual_cause: "the listing is kept apart from the claims and updated after them",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(listing_misses_claim(t)),
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
        id: "run-runtime-store/reopening-frees-claims",
        clauses: &["BACKEND-17"],
        goal: "A worker opens the namespace while a step runs; claim, entry and step must stay.",
        usual_cause: "open releases what an earlier process held",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reopening_frees_claims(t)),
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

async fn statuses_wrong(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let mut expected = vec![("running".to_owned(), StepStatus::Running)];
    t.a_running_step(run, "running").await?;
    let early = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("the first step is there at once", &early, &expected);
    for (key, status) in ENDINGS {
        t.a_running_step(run, key).await?;
        t.run_store().record_step_complete(run, key, status, None, None).await?;
        expected.push((key.to_owned(), status));
    }
    t.run_runtime_store().try_claim_step(run, "claimed").await?;
    t.run_store().try_record_dispatch(run, "claimed").await?;
    let mut statuses = t.run_runtime_store().get_step_statuses(run).await?;
    statuses.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let unknown = t.run_runtime_store().get_step_statuses(t.run_id()).await?;
    t.expect("every step with its status", &statuses, &expected);
    t.expect("an unknown run has none", &unknown, &Vec::new());
    Ok(())
}

async fn statuses_need_run(t: &Trial) -> Outcome {
    let run = t.run_id();
    t.run_runtime_store().record_skipped_step(run, "send", "http", None).await?;
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("the step is there", &statuses, &vec![("send".to_owned(), StepStatus::Skipped)]);
    Ok(())
}

async fn claimed_keys(t: &Trial, run: RunId) -> Result<Vec<String>, Halt> {
    Ok(t.run_runtime_store().get_claimed_step_keys(run).await?)
}

async fn unstarted_claim_not_listed(t: &Trial) -> Outcome {
    let (run, other) = (t.a_run().await?, t.a_run().await?);
    let claims = t.run_runtime_store();
    claims.try_claim_step(run, "unstarted").await?;
    claims.try_claim_step(run, "started").await?;
    claims.try_claim_step(other, "elsewhere").await?;
    t.a_running_step(run, "started").await?;
    t.a_running_step(run, "not-claimed").await?;
    let expected = ["started", "unstarted"].map(str::to_owned);
    t.expect_same_items("both claims are listed", &claimed_keys(t, run).await?, &expected);
    let runs = t.run_store();
    runs.record_step_complete(run, "started", StepStatus::Pending, None, None).await?;
    let listed = claimed_keys(t, run).await?;
    t.expect_same_items("a pending step has not finished", &listed, &expected);
    Ok(())
}

async fn released_claim_listed(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    for round in 1..=2 {
        claims.try_claim_step(run, "poll").await?;
        let held = claimed_keys(t, run).await?;
        claims.release_step_claim(run, "poll").await?;
        let released = claimed_keys(t, run).await?;
        let what = format!("round {round}: the claim is listed once while it is held");
        t.expect(&what, &held, &vec!["poll".to_owned()]);
        t.expect(&format!("round {round}: it is not after its release"), &released, &Vec::new());
    }
    Ok(())
}

async fn finished_claims(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_runtime_store().try_claim_step(run, "charge").await?;
    t.a_failed_step(run, "charge").await?;
    t.observe(match claimed_keys(t, run).await?.is_empty() {
        true => "claims of finished steps are not listed",
        false => "claims of finished steps are listed",
    });
    Ok(())
}

async fn second_claim_wins(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    let first = claims.try_claim_step(run, "charge").await?;
    let second = claims.try_claim_step(run, "charge").await?;
    let third = claims.try_claim_step(run, "charge").await?;
    t.expect("the first caller wins", &first, &true);
    t.expect("the second caller loses", &second, &false);
    t.expect("so does the third", &third, &false);
    Ok(())
}

async fn claim_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |_, caller| async move {
                caller.run_runtime_store().try_claim_step(run, "charge").await
            })
            .await;
        t.expect_one_true("exactly one of the callers wins, the others lose", &answers);
        let listed = claimed_keys(t, run).await?;
        t.expect("the claim is listed once", &listed, &vec!["charge".to_owned()]);
    }
    t.overlap_shown()
}

/// The ways in which a step ends, by their names.
const ENDINGS: [(&str, StepStatus); 4] = [
    ("pending", StepStatus::Pending),
    ("succeeded", StepStatus::Succeeded),
    ("failed", StepStatus::Failed),
    ("skipped", StepStatus::Skipped),
];

async fn completion_frees_claim(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    claims.try_claim_step(run, "charge").await?;
    t.a_running_step(run, "charge").await?;
    let after_start = claims.try_claim_step(run, "charge").await?;
    let runs = t.run_store();
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("{}"), None).await?;
    let after_step = claims.try_claim_step(run, "charge").await?;
    runs.complete_run(run, RunStatus::Succeeded).await?;
    let after_run = claims.try_claim_step(run, "charge").await?;
    for (key, status) in ENDINGS {
        claims.try_claim_step(run, key).await?;
        t.a_running_step(run, key).await?;
        runs.record_step_complete(run, key, status, None, None).await?;
        let again = claims.try_claim_step(run, key).await?;
        t.expect(&format!("nor can a {key} one"), &again, &false);
    }
    t.expect("a running step cannot be claimed", &after_start, &false);
    t.expect("a finished step cannot be claimed", &after_step, &false);
    t.expect("nor can a step of a finished run", &after_run, &false);
    Ok(())
}

async fn claim_expires(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    claims.try_claim_step(run, "charge").await?;
    clock.advance(TimeDelta::days(3_650));
    let later = claims.try_claim_step(run, "charge").await?;
    t.expect("the claim is still held", &later, &false);
    Ok(())
}

async fn claim_of_other_run_counts(t: &Trial) -> Outcome {
    let (run, other) = (t.a_run().await?, t.a_run().await?);
    let claims = t.run_runtime_store();
    claims.try_claim_step(run, "charge").await?;
    let same_key = claims.try_claim_step(other, "charge").await?;
    let other_key = claims.try_claim_step(run, "send").await?;
    t.expect("the other run is free", &same_key, &true);
    t.expect("the other key is free", &other_key, &true);
    Ok(())
}

async fn claim_keys_merged(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    for key in NEAR_EQUAL {
        let claimed = claims.try_claim_step(run, key).await?;
        t.expect(&format!("{key:?} is a key of its own"), &claimed, &true);
    }
    for (released, key) in NEAR_EQUAL.iter().enumerate().rev() {
        claims.release_step_claim(run, key).await?;
        let listed = claims.get_claimed_step_keys(run).await?;
        let others: Vec<_> = NEAR_EQUAL[..released].iter().map(|key| (*key).to_owned()).collect();
        t.expect_same_items(&format!("releasing {key:?} releases no other"), &listed, &others);
    }
    Ok(())
}

async fn claim_needs_run(t: &Trial) -> Outcome {
    let claimed = t.run_runtime_store().try_claim_step(t.run_id(), "charge").await?;
    t.expect("the claim is granted", &claimed, &true);
    Ok(())
}

async fn skip_needs_run(t: &Trial) -> Outcome {
    let (run, steps) = (t.run_id(), t.run_runtime_store());
    steps.record_skipped_step(run, "charge", "http", None).await?;
    let statuses = steps.get_step_statuses(run).await?;
    let expected = vec![("charge".to_owned(), StepStatus::Skipped)];
    t.expect("the step is skipped", &statuses, &expected);
    Ok(())
}

async fn claim_needs_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claimed = t.run_runtime_store().try_claim_step(run, "charge").await?;
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("the claim is granted", &claimed, &true);
    t.expect("no step was created", &statuses, &Vec::new());
    Ok(())
}

async fn release_keeps_claim(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    let of_none = claims.release_step_claim(run, "poll").await;
    claims.try_claim_step(run, "poll").await?;
    claims.try_claim_step(run, "poll").await?;
    claims.release_step_claim(run, "poll").await?;
    let again = claims.try_claim_step(run, "poll").await?;
    t.expect("releasing none is a no-op", &of_none, &Ok(()));
    t.expect("the step can be claimed again", &again, &true);
    let runs = t.run_store();
    for (key, status) in ENDINGS {
        claims.try_claim_step(run, key).await?;
        t.a_running_step(run, key).await?;
        runs.record_step_complete(run, key, status, None, None).await?;
        claims.release_step_claim(run, key).await?;
        let again = claims.try_claim_step(run, key).await?;
        t.expect(&format!("so can one that is {key}"), &again, &true);
    }
    Ok(())
}

async fn release_frees_more(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let claims = t.run_runtime_store();
    for key in ["poll", "send"] {
        claims.try_claim_step(run, key).await?;
        t.run_store().try_record_dispatch(run, key).await?;
        t.a_running_step(run, key).await?;
    }
    let runs = t.run_store();
    runs.record_step_complete(run, "poll", StepStatus::Pending, Some("1"), None).await?;
    let before = runs.get_run_detail(run).await?;
    claims.release_step_claim(run, "poll").await?;
    let other = claims.try_claim_step(run, "send").await?;
    let dispatched = runs.try_record_dispatch(run, "poll").await?;
    let other_entry = runs.try_record_dispatch(run, "send").await?;
    let after = runs.get_run_detail(run).await?;
    t.expect("the other claim stays", &other, &false);
    t.expect("the dispatch entry stays", &dispatched, &false);
    t.expect("so does the other entry", &other_entry, &false);
    t.expect("both steps stay as they were", &after, &before);
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

async fn run_status_wrong(t: &Trial) -> Outcome {
    let runtime = t.run_runtime_store();
    for status in RunStatus::ALL {
        let run = t.a_run().await?;
        t.a_failed_step(run, "charge").await?;
        let started = runtime.get_run_status(run).await?;
        t.expect("a started run is running", &started, &Some(RunStatus::Running));
        if status != RunStatus::Running {
            t.run_store().complete_run(run, status).await?;
            let ended = runtime.get_run_status(run).await?;
            t.expect(&format!("it is {}", status.name()), &ended, &Some(status));
            t.run_store().complete_run(run, RunStatus::Failed).await?;
            let again = runtime.get_run_status(run).await?;
            t.expect("then it is failed", &again, &Some(RunStatus::Failed));
            t.run_store().retry_step(run, "charge").await?;
            let reopened = runtime.get_run_status(run).await?;
            t.expect("a run that a retry opens again is running", &reopened, &started);
        }
    }
    let unknown = t.run_id();
    t.expect("an unknown run has no status", &runtime.get_run_status(unknown).await?, &None);
    let claimed = t.run_id();
    runtime.try_claim_step(claimed, "charge").await?;
    t.expect("a claim gives it none", &runtime.get_run_status(claimed).await?, &None);
    Ok(())
}

async fn listing_misses_claim(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let mut runs = Vec::new();
        for _ in 0..CALLERS / 2 {
            runs.push(t.a_run().await?);
        }
        let claimed = runs.clone();
        let answers = t
            .release(move |caller, instance| {
                // Neighbours are on different cores; one claims, the other releases.
                let (run, claims) = (claimed[caller / 2], caller % 2 == 0);
                async move {
                    let store = instance.run_runtime_store();
                    match claims {
                        true => store.try_claim_step(run, "charge").await,
                        false => store.release_step_claim(run, "charge").await.map(|()| true),
                    }
                }
            })
            .await;
        let claimed: Vec<bool> = answers.into_iter().collect::<Result<_, _>>()?;
        t.expect("the only claim of each step wins", &claimed, &vec![true; CALLERS]);
        for run in runs {
            let listed = !t.run_runtime_store().get_claimed_step_keys(run).await?.is_empty();
            let was_free = t.run_runtime_store().try_claim_step(run, "charge").await?;
            t.expect("it is listed if, and only if, it cannot be claimed", &listed, &!was_free);
        }
    }
    t.overlap_shown()
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

async fn reopening_frees_claims(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    t.run_store().try_record_dispatch(run, "charge").await?;
    t.run_runtime_store().try_claim_step(run, "charge").await?;
    t.a_running_step(run, "charge").await?;
    let before = t.run_store().get_run_detail(run).await?;
    t.open(&t.own_config()).await?;
    let claimed = t.run_runtime_store().try_claim_step(run, "charge").await?;
    let dispatched = t.run_store().try_record_dispatch(run, "charge").await?;
    let after = t.run_store().get_run_detail(run).await?;
    t.expect("the claim is still held", &claimed, &false);
    t.expect("the entry is still there", &dispatched, &false);
    t.expect("run and step are as before", &after, &before);
    Ok(())
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
