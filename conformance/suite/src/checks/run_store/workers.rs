//! What the engine's workers do at once: they finish predecessors, recover after a crash, and
//! enqueue polling steps again.

use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::{Result, RunId, StepStatus};

use crate::instance::Instance;
use crate::race::CALLERS;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/join-missed-or-enqueued-twice",
        clauses: &["RUN-75", "BACKEND-1"],
        goal: "Two predecessors finish together; each worker completes its step, looks at both, \
               and dispatches the successor if both are done. It must be enqueued once.",
        usual_cause: "statuses come from a snapshot or a cache taken before the completion \
                      returned, so that each worker sees the other's step running",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(join_missed_or_enqueued_twice(t)),
    },
    Check {
        id: "run-store/recovery-enqueues-twice",
        clauses: &["RUN-75"],
        goal: "Many workers recover one run: each reads the ledger and dispatches what is not in \
               it.",
        usual_cause: "the insert does not look whether the entry is there, or the listing lags",
        uses: &[RunStore],
        run: |t| Box::pin(recovery_enqueues_twice(t)),
    },
    Check {
        id: "run-store/polling-step-lost",
        clauses: &["RUN-83"],
        goal: "Two workers release a polling step and one dispatches it again; afterwards the \
               listing and the next dispatch must agree on whether it is queued.",
        usual_cause: "the listing is kept apart from the entries and updated after them",
        uses: &[RunStore],
        run: |t| Box::pin(polling_step_lost(t)),
    },
];

/// The runs of a round in which each has two callers.
const RUNS: usize = CALLERS / 2;

async fn join_missed_or_enqueued_twice(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            let run = t.a_run().await?;
            t.a_running_step(run, "left").await?;
            t.a_running_step(run, "right").await?;
            runs.push(run);
        }
        let joined = runs.clone();
        let answers = t
            .release(move |caller, instance| {
                // Neighbours are on different cores.
                let (run, is_left) = (joined[caller / 2], caller % 2 == 0);
                async move { join(&instance, run, if is_left { "left" } else { "right" }).await }
            })
            .await;
        let enqueued: Result<Vec<bool>> = answers.into_iter().collect();
        let enqueued = enqueued?;
        let times: Vec<_> =
            enqueued.chunks(2).map(|pair| pair.iter().filter(|won| **won).count()).collect();
        t.lost(RUNS);
        t.expect("the successor of each pair is enqueued once", &times, &vec![1; RUNS]);
    }
    t.overlap_shown()
}

/// Completes a step and, if its sibling is done too, tries to dispatch their successor.
async fn join(instance: &Instance, run: RunId, key: &str) -> Result<bool> {
    let runs = instance.run_store();
    runs.record_step_complete(run, key, StepStatus::Succeeded, None, None).await?;
    let statuses = instance.run_runtime_store().get_step_statuses(run).await?;
    match statuses.iter().all(|(_, status)| *status == StepStatus::Succeeded) {
        true => runs.try_record_dispatch(run, "successor").await,
        false => Ok(false),
    }
}

async fn recovery_enqueues_twice(t: &Trial) -> Outcome {
    const READY: [&str; 4] = ["a", "b", "c", "d"];
    while t.next_round().await? {
        let run = t.a_run().await?;
        t.run_store().try_record_dispatch(run, "b").await?;
        let answers = t
            .release(move |_, instance| async move {
                let runs = instance.run_store();
                let listed = runs.get_dispatched_step_keys(run).await?;
                let mut enqueued = Vec::new();
                for key in READY.iter().filter(|key| !listed.iter().any(|of| of == *key)) {
                    if runs.try_record_dispatch(run, key).await? {
                        enqueued.push(*key);
                    }
                }
                Ok(enqueued)
            })
            .await;
        let enqueued: Vec<Vec<&str>> = answers.into_iter().collect::<Result<_>>()?;
        t.lost(CALLERS - 1);
        let what = "what was not in the ledger is enqueued once, the rest never";
        t.expect_same_items(what, &enqueued.concat(), &["a", "c", "d"]);
    }
    t.overlap_shown()
}

async fn polling_step_lost(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            let run = t.a_run().await?;
            t.run_store().try_record_dispatch(run, "poll").await?;
            runs.push(run);
        }
        let polled = runs.clone();
        let answers = t
            .release(move |caller, instance| {
                // Neighbours are on different cores; one enqueues again what both release.
                let (run, enqueues) = (polled[caller / 2], caller % 2 == 0);
                async move {
                    let runs = instance.run_store();
                    runs.release_dispatch(run, "poll").await?;
                    match enqueues {
                        true => runs.try_record_dispatch(run, "poll").await,
                        false => runs.release_dispatch(run, "poll").await.map(|()| true),
                    }
                }
            })
            .await;
        let enqueued: Vec<bool> = answers.into_iter().collect::<Result<_>>()?;
        t.expect("who released it may enqueue it", &enqueued, &vec![true; CALLERS]);
        for run in runs {
            let listed = !t.run_store().get_dispatched_step_keys(run).await?.is_empty();
            let was_free = t.run_store().try_record_dispatch(run, "poll").await?;
            t.expect("it is listed if, and only if, it cannot be dispatched", &listed, &!was_free);
        }
    }
    t.overlap_shown()
}
