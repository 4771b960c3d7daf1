//! Claims: who may execute a step.

use chrono::TimeDelta;
use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::{RunId, RunStatus, StepStatus};

use super::ENDINGS;
use crate::given::NEAR_EQUAL;
use crate::race::{CALLERS, is_of_first_half};
use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
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
        id: "run-runtime-store/listing-misses-claim",
        clauses: &["RUNTIME-3"],
        goal: "One worker claims a step while another releases it; afterwards the listing and the \
               next claim must agree on whether it is held.",
        usual_cause: "the listing is kept apart from the claims and updated after them",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(listing_misses_claim(t)),
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
        id: "run-runtime-store/start-of-run-frees-claim",
        clauses: &["RUNTIME-5", "RUN-74"],
        goal: "A step is claimed and dispatched before its run starts; where that is granted, it \
               stays so.",
        usual_cause: "starting a run begins with empty ledgers",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(start_of_run_frees_claim(t)),
    },
    Check {
        id: "run-runtime-store/release-race-frees-others",
        clauses: &["RUNTIME-12", "RUN-82", "RUNTIME-3", "RUN-83"],
        goal: "In one run half of the callers release the claims and entries of their steps while \
               the others claim and dispatch theirs; each release is of one step.",
        usual_cause: "the run's claims are read, and written back with the new one or without the \
                      released one",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(release_race_frees_others(t)),
    },
];

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

async fn start_of_run_frees_claim(t: &Trial) -> Outcome {
    let start = t.start_of(t.flow_id());
    let (run, runs, claims) = (start.run_id, t.run_store(), t.run_runtime_store());
    // Whether they are granted without a run is the business of other checks.
    let claimed = claims.try_claim_step(run, "charge").await == Ok(true);
    let dispatched = runs.try_record_dispatch(run, "charge").await == Ok(true);
    runs.start_run(&start).await?;
    if claimed {
        let again = claims.try_claim_step(run, "charge").await?;
        t.expect("the claim is still held", &again, &false);
    }
    if dispatched {
        let again = runs.try_record_dispatch(run, "charge").await?;
        t.expect("the entry is still there", &again, &false);
    }
    Ok(())
}

async fn release_race_frees_others(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let key_of = |caller: usize| format!("step-{caller}");
        for caller in (0..CALLERS).filter(|caller| !is_of_first_half(*caller)) {
            t.run_runtime_store().try_claim_step(run, &key_of(caller)).await?;
            t.run_store().try_record_dispatch(run, &key_of(caller)).await?;
        }
        let answers = t
            .release(move |caller, instance| async move {
                let (key, takes) = (key_of(caller), is_of_first_half(caller));
                let (runs, claims) = (instance.run_store(), instance.run_runtime_store());
                if takes {
                    claims.try_claim_step(run, &key).await?;
                    return runs.try_record_dispatch(run, &key).await.map(|_| ());
                }
                claims.release_step_claim(run, &key).await?;
                runs.release_dispatch(run, &key).await
            })
            .await;
        t.expect_all_succeed("every call succeeds", &answers);
        let taken: Vec<_> =
            (0..CALLERS).filter(|caller| is_of_first_half(*caller)).map(key_of).collect();
        let claimed = claimed_keys(t, run).await?;
        let dispatched = t.run_store().get_dispatched_step_keys(run).await?;
        t.expect_same_items("the claims that were granted are held", &claimed, &taken);
        t.expect_same_items("the entries that were made are there", &dispatched, &taken);
    }
    t.overlap_shown()
}
