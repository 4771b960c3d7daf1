use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::{RunStatus, StepStatus};

use super::{detail, step};
use crate::given::NEAR_EQUAL;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/second-dispatch-wins",
        clauses: &["RUN-74"],
        goal: "A step is dispatched three times; only the first may enqueue it.",
        usual_cause: "the entry is written without looking whether it is there",
        uses: &[RunStore],
        run: |t| Box::pin(second_dispatch_wins(t)),
    },
    Check {
        id: "run-store/dispatch-race-has-two-winners",
        clauses: &["RUN-75"],
        goal: "Many callers dispatch one step at once; one may, the others are told no.",
        usual_cause: "looking for the entry and writing it are two steps; use insert-if-absent, \
                      and answer false to the losers",
        uses: &[RunStore],
        run: |t| Box::pin(dispatch_race_has_two_winners(t)),
    },
    Check {
        id: "run-store/completion-frees-dispatch",
        clauses: &["RUN-76"],
        goal: "A dispatched step starts and completes, and its run ends; the entry must stay.",
        usual_cause: "the entry is removed when the step starts or completes",
        uses: &[RunStore],
        run: |t| Box::pin(completion_frees_dispatch(t)),
    },
    Check {
        id: "run-store/dispatch-of-other-run-counts",
        clauses: &["RUN-77"],
        goal: "The same key is dispatched in two runs, and two keys in one.",
        usual_cause: "run or key is missing from the ledger's key",
        uses: &[RunStore],
        run: |t| Box::pin(dispatch_of_other_run_counts(t)),
    },
    Check {
        id: "run-store/dispatch-needs-run",
        clauses: &["RUN-78"],
        goal: "A step of a run that is not there is dispatched.",
        usual_cause: "a foreign key",
        uses: &[RunStore],
        run: |t| Box::pin(dispatch_needs_run(t)),
    },
    Check {
        id: "run-store/dispatch-needs-step",
        clauses: &["RUN-84"],
        goal: "A step that has never started is dispatched.",
        usual_cause: "a foreign key, or the entry is a column of the step's row",
        uses: &[RunStore],
        run: |t| Box::pin(dispatch_needs_step(t)),
    },
    Check {
        id: "run-store/annotation-creates-entry",
        clauses: &["RUN-79"],
        goal: "A step that was never dispatched is annotated; it must stay dispatchable.",
        usual_cause: "the annotation is an upsert; make it an update",
        uses: &[RunStore],
        run: |t| Box::pin(annotation_creates_entry(t)),
    },
    Check {
        id: "run-store/late-annotation-revives-entry",
        clauses: &["RUN-79"],
        goal: "A step is annotated after its entry was released, as a slow dispatcher does.",
        usual_cause: "the annotation is an upsert, or releases only hide the entry",
        uses: &[RunStore],
        run: |t| Box::pin(late_annotation_revives_entry(t)),
    },
    Check {
        id: "run-store/annotation-race-revives-entry",
        clauses: &["RUN-79"],
        goal: "Entries are annotated and released at once; they are gone afterwards.",
        usual_cause: "the annotation reads the entry and writes it back, also when it was released \
                      in between",
        uses: &[RunStore],
        run: |t| Box::pin(annotation_race_revives_entry(t)),
    },
    Check {
        id: "run-store/annotation-frees-entry",
        clauses: &["RUN-80", "BACKEND-6"],
        goal: "An entry is annotated twice, once with a long id; it must stay in force.",
        usual_cause: "the annotation replaces the entry, or its column is too small",
        uses: &[RunStore],
        run: |t| Box::pin(annotation_frees_entry(t)),
    },
    Check {
        id: "run-store/release-keeps-dispatch",
        clauses: &["RUN-81"],
        goal: "An entry is released; the step can be dispatched again. Releasing none is fine.",
        usual_cause: "the release is a stub, or fails where there is nothing",
        uses: &[RunStore],
        run: |t| Box::pin(release_keeps_dispatch(t)),
    },
    Check {
        id: "run-store/release-frees-more",
        clauses: &["RUN-82"],
        goal: "One of two entries is released; the other, the claim and the step stay.",
        usual_cause: "the release is of the run instead of the step, or frees the claim too",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(release_frees_more(t)),
    },
    Check {
        id: "run-store/dispatched-keys-wrong",
        clauses: &["RUN-83"],
        goal: "Of five keys one was released, one has finished, one was annotated, one was never \
               dispatched.",
        usual_cause: "the list is joined with the steps, or is a second copy that goes stale",
        uses: &[RunStore],
        run: |t| Box::pin(dispatched_keys_wrong(t)),
    },
    Check {
        id: "run-store/dispatch-keys-merged",
        clauses: &["BACKEND-5"],
        goal: "Keys that differ in letter case, a blank, a mark or a wildcard are dispatched, and \
               released one by one.",
        usual_cause: "keys are trimmed or folded, or the database's collation ignores them",
        uses: &[RunStore],
        run: |t| Box::pin(dispatch_keys_merged(t)),
    },
    Check {
        id: "run-store/long-annotation-fails",
        clauses: &["RUN-80", "BACKEND-4"],
        goal: "An entry is annotated with a job id of 300 KiB; it is kept or refused, and the \
               entry stays.",
        usual_cause: "the column is too short, and its error is passed on as it is",
        uses: &[RunStore],
        run: |t| Box::pin(long_annotation_fails(t)),
    },
];

async fn second_dispatch_wins(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    let first = runs.try_record_dispatch(run, "charge").await?;
    let second = runs.try_record_dispatch(run, "charge").await?;
    let third = runs.try_record_dispatch(run, "charge").await?;
    t.expect("the first caller may enqueue", &first, &true);
    t.expect("the second may not", &second, &false);
    t.expect("nor the third", &third, &false);
    Ok(())
}

async fn dispatch_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |_, caller| async move {
                caller.run_store().try_record_dispatch(run, "charge").await
            })
            .await;
        t.expect_one_true("exactly one of the callers may enqueue the step", &answers);
        let listed = t.run_store().get_dispatched_step_keys(run).await?;
        t.expect("the ledger lists the step once", &listed, &vec!["charge".to_owned()]);
    }
    t.overlap_shown()
}

async fn completion_frees_dispatch(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    runs.try_record_dispatch(run, "charge").await?;
    t.a_running_step(run, "charge").await?;
    let after_start = runs.try_record_dispatch(run, "charge").await?;
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some("{}"), None).await?;
    let after_step = runs.try_record_dispatch(run, "charge").await?;
    runs.complete_run(run, RunStatus::Succeeded).await?;
    let after_run = runs.try_record_dispatch(run, "charge").await?;
    t.expect("a running step is not dispatched again", &after_start, &false);
    t.expect("nor a finished one", &after_step, &false);
    t.expect("nor one of a finished run", &after_run, &false);
    for status in [StepStatus::Pending, StepStatus::Failed, StepStatus::Skipped] {
        let run = t.a_run().await?;
        for key in ["charge", "unstarted"] {
            runs.try_record_dispatch(run, key).await?;
        }
        t.a_running_step(run, "charge").await?;
        runs.record_step_complete(run, "charge", status, None, None).await?;
        let finished = runs.try_record_dispatch(run, "charge").await?;
        t.expect(&format!("nor one that {status:?}"), &finished, &false);
        runs.complete_run(run, RunStatus::Failed).await?;
        let unstarted = runs.try_record_dispatch(run, "unstarted").await?;
        t.expect("nor one that never started in a finished run", &unstarted, &false);
    }
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        let run = t.a_run().await?;
        runs.try_record_dispatch(run, "charge").await?;
        runs.complete_run(run, status).await?;
        let listed = runs.get_dispatched_step_keys(run).await?;
        let what = format!("its entry outlives a run that is {}", status.name());
        t.expect(&what, &listed, &vec!["charge".to_owned()]);
    }
    Ok(())
}

async fn dispatch_of_other_run_counts(t: &Trial) -> Outcome {
    let (run, other) = (t.a_run().await?, t.a_run().await?);
    let runs = t.run_store();
    runs.try_record_dispatch(run, "charge").await?;
    let same_key = runs.try_record_dispatch(other, "charge").await?;
    let other_key = runs.try_record_dispatch(run, "send").await?;
    t.expect("the other run is free", &same_key, &true);
    t.expect("the other key is free", &other_key, &true);
    Ok(())
}

async fn dispatch_needs_run(t: &Trial) -> Outcome {
    let recorded = t.run_store().try_record_dispatch(t.run_id(), "charge").await?;
    t.expect("it is recorded", &recorded, &true);
    Ok(())
}

async fn dispatch_needs_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let recorded = t.run_store().try_record_dispatch(run, "charge").await?;
    let listed = t.run_store().get_dispatched_step_keys(run).await?;
    t.expect("it is recorded", &recorded, &true);
    t.expect("it is listed", &listed, &vec!["charge".to_owned()]);
    t.expect("no step was created", &detail(t, run).await?.steps, &Vec::new());
    Ok(())
}

async fn annotation_creates_entry(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    let annotated = runs.annotate_dispatch(run, "charge", "job-7").await;
    let listed = runs.get_dispatched_step_keys(run).await?;
    let recorded = runs.try_record_dispatch(run, "charge").await?;
    t.expect("annotating nothing is a no-op", &annotated, &Ok(()));
    t.expect("nothing is listed", &listed, &Vec::new());
    t.expect("the step can be dispatched", &recorded, &true);
    Ok(())
}

async fn late_annotation_revives_entry(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    runs.try_record_dispatch(run, "poll").await?;
    runs.release_dispatch(run, "poll").await?;
    runs.annotate_dispatch(run, "poll", "job-7").await?;
    let listed = runs.get_dispatched_step_keys(run).await?;
    let recorded = runs.try_record_dispatch(run, "poll").await?;
    t.expect("the released entry stays released", &listed, &Vec::new());
    t.expect("the step can be dispatched again", &recorded, &true);
    Ok(())
}

const KEYS: [&str; 4] = ["poll", "send", "archive", "charge"];

async fn annotation_race_revives_entry(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        // Only one release of a key can fall into an annotation: each key is another chance.
        for key in KEYS {
            t.run_store().try_record_dispatch(run, key).await?;
        }
        let answers = t
            .release(move |caller, instance| async move {
                let runs = instance.run_store();
                for key in KEYS {
                    match caller % 4 {
                        3 => runs.release_dispatch(run, key).await?,
                        _ => runs.annotate_dispatch(run, key, "job-7").await?,
                    }
                }
                Ok(())
            })
            .await;
        t.expect_all_succeed("annotations and releases succeed", &answers);
        let listed = t.run_store().get_dispatched_step_keys(run).await?;
        t.expect("the released entries stay released", &listed, &Vec::new());
    }
    t.overlap_shown()
}

async fn annotation_frees_entry(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    runs.try_record_dispatch(run, "charge").await?;
    for job in ["job-7", &"j".repeat(500)] {
        runs.annotate_dispatch(run, "charge", job).await?;
    }
    let recorded = runs.try_record_dispatch(run, "charge").await?;
    let listed = runs.get_dispatched_step_keys(run).await?;
    t.expect("the entry stays in force", &recorded, &false);
    t.expect("it is listed once", &listed, &vec!["charge".to_owned()]);
    Ok(())
}

async fn release_keeps_dispatch(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    let of_none = runs.release_dispatch(run, "poll").await;
    runs.try_record_dispatch(run, "poll").await?;
    runs.release_dispatch(run, "poll").await?;
    let listed = runs.get_dispatched_step_keys(run).await?;
    let again = runs.try_record_dispatch(run, "poll").await?;
    runs.annotate_dispatch(run, "poll", "job-7").await?;
    runs.release_dispatch(run, "poll").await?;
    let annotated = runs.try_record_dispatch(run, "poll").await?;
    t.expect("releasing none is a no-op", &of_none, &Ok(()));
    t.expect("the entry is gone", &listed, &Vec::new());
    t.expect("the step can be dispatched again", &again, &true);
    t.expect("also when the entry had a job", &annotated, &true);
    Ok(())
}

async fn release_frees_more(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    for key in ["poll", "send"] {
        runs.try_record_dispatch(run, key).await?;
        t.run_runtime_store().try_claim_step(run, key).await?;
        t.a_running_step(run, key).await?;
    }
    let alike = ["Poll", "pol", "poll ", "poll.0", "poll0"];
    for key in alike {
        runs.try_record_dispatch(run, key).await?;
    }
    runs.record_step_complete(run, "poll", StepStatus::Pending, Some("1"), None).await?;
    let before = (step(t, run, "poll").await?, step(t, run, "send").await?);
    runs.release_dispatch(run, "poll").await?;
    let listed = runs.get_dispatched_step_keys(run).await?;
    let claimed = t.run_runtime_store().try_claim_step(run, "poll").await?;
    let other = t.run_runtime_store().try_claim_step(run, "send").await?;
    let after = (step(t, run, "poll").await?, step(t, run, "send").await?);
    let others: Vec<_> = alike.iter().chain(&["send"]).map(|key| (*key).to_owned()).collect();
    t.expect_same_items("the other entries stay", &listed, &others);
    t.expect("the claim stays", &claimed, &false);
    t.expect("so does the other claim", &other, &false);
    t.expect("both steps stay as they were", &after, &before);
    runs.try_record_dispatch(run, "unstarted").await?;
    t.run_runtime_store().try_claim_step(run, "unstarted").await?;
    runs.release_dispatch(run, "unstarted").await?;
    let claimed = t.run_runtime_store().try_claim_step(run, "unstarted").await?;
    t.expect("the claim of a step that has not started stays", &claimed, &false);
    Ok(())
}

async fn dispatched_keys_wrong(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    for key in ["waiting", "released", "finished", "annotated"] {
        runs.try_record_dispatch(run, key).await?;
    }
    runs.release_dispatch(run, "released").await?;
    runs.annotate_dispatch(run, "annotated", "job-7").await?;
    t.a_failed_step(run, "finished").await?;
    t.a_running_step(run, "never-dispatched").await?;
    let listed = runs.get_dispatched_step_keys(run).await?;
    let of_other = runs.get_dispatched_step_keys(t.run_id()).await?;
    let expected = ["waiting", "finished", "annotated"].map(str::to_owned);
    t.expect_same_items("exactly the keys with an entry", &listed, &expected);
    t.expect("a run without entries has none", &of_other, &Vec::new());
    Ok(())
}

async fn dispatch_keys_merged(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for key in NEAR_EQUAL {
        let recorded = t.run_store().try_record_dispatch(run, key).await?;
        t.expect(&format!("{key:?} is a key of its own"), &recorded, &true);
    }
    for (released, key) in NEAR_EQUAL.iter().enumerate().rev() {
        t.run_store().release_dispatch(run, key).await?;
        let listed = t.run_store().get_dispatched_step_keys(run).await?;
        let others: Vec<_> = NEAR_EQUAL[..released].iter().map(|key| (*key).to_owned()).collect();
        t.expect_same_items(&format!("releasing {key:?} releases no other"), &listed, &others);
    }
    Ok(())
}

async fn long_annotation_fails(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let runs = t.run_store();
    runs.try_record_dispatch(run, "charge").await?;
    let outcome = runs.annotate_dispatch(run, "charge", &"j".repeat(300 * 1024)).await;
    t.kept_or_refused(outcome)?;
    let recorded = runs.try_record_dispatch(run, "charge").await?;
    t.expect("the entry stays in force", &recorded, &false);
    Ok(())
}
