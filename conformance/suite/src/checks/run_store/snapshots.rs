//! What a reader may see while others write: all of a change or nothing of it.

use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::{
    FlowRunDetail, FlowStep, Page, Result, RunId, RunStatus, StartRun, StepStatus,
};

use crate::instance::Instance;
use crate::watch::writers;
use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/completion-seen-in-parts",
        clauses: &["RUN-21"],
        goal: "Steps complete while others read them: status, output and instant come together.",
        usual_cause: "the row is written field by field, or status and output in two statements",
        uses: &[RunStore],
        run: |t| Box::pin(completion_seen_in_parts(t)),
    },
    Check {
        id: "run-store/total-of-another-moment",
        clauses: &["RUN-37"],
        goal: "Runs start while others ask for the only page of their flow.",
        usual_cause: "the page and the count are two queries without a transaction",
        uses: &[RunStore],
        run: |t| Box::pin(total_of_another_moment(t)),
    },
    Check {
        id: "run-store/detail-of-two-moments",
        clauses: &["RUN-41"],
        goal: "Runs finish, each after its step, or a retry opens them again, while others read \
               their details.",
        usual_cause: "the run and its steps are two queries without a transaction",
        uses: &[RunStore],
        run: |t| Box::pin(detail_of_two_moments(t)),
    },
    Check {
        id: "run-store/end-seen-in-parts",
        clauses: &["BACKEND-28"],
        goal: "Runs end while others read them: status and completed-at come together.",
        usual_cause: "the status and the instant are written in two statements",
        uses: &[RunStore],
        run: |t| Box::pin(end_seen_in_parts(t)),
    },
    Check {
        id: "run-store/retry-seen-in-parts",
        clauses: &["RUN-64"],
        goal: "Steps are retried while others read statuses, claims and the dispatch ledger.",
        usual_cause: "step, run, claim and dispatch entry are changed one after the other; do it \
                      in one transaction",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(retry_seen_in_parts(t)),
    },
    Check {
        id: "run-store/reset-seen-in-parts",
        clauses: &["RUN-72"],
        goal: "Skipped steps are reset while others read statuses, claims and the ledger.",
        usual_cause: "step, claim and dispatch entry are removed one after the other",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(reset_seen_in_parts(t)),
    },
];

const OUTPUT: &str = r#"{"paid":true}"#;

fn key_of(writer: usize) -> String {
    format!("step-{writer}")
}

async fn completion_seen_in_parts(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        for writer in writers() {
            t.a_running_step(run, &key_of(writer)).await?;
        }
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let (key, status) = (key_of(writer), StepStatus::Succeeded);
                    let runs = instance.run_store();
                    runs.record_step_complete(run, &key, status, Some(OUTPUT), None).await
                },
                move |instance| async move { instance.run_store().get_run_detail(run).await },
            )
            .await?;
        let mut steps = seen.iter().flatten().flatten().flat_map(|detail| &detail.steps);
        let torn = steps.find(|step| !is_whole(step));
        let expected = "status, output and completed-at of one completion, or none of them";
        t.expect_that("a step is complete or it is not", torn.is_none(), expected, &torn);
    }
    t.overlap_shown()
}

/// Whether a step and its attempt are as before their completion, or as after it.
fn is_whole(step: &FlowStep) -> bool {
    let attempts = step.attempts.iter().map(|attempt| {
        (attempt.status, attempt.output_json.as_deref(), attempt.completed_at.is_some())
    });
    let own = (step.status, step.output_json.as_deref(), step.completed_at.is_some());
    let running = (StepStatus::Running, None, false);
    let succeeded = (StepStatus::Succeeded, Some(OUTPUT), true);
    let mut all = attempts.chain([own]);
    all.clone().all(|row| row == running) || all.all(|row| row == succeeded)
}

async fn total_of_another_moment(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let flow = t.flow_id();
        let starts: Vec<StartRun> = (0..=crate::race::CALLERS).map(|_| t.start_of(flow)).collect();
        let seen = t
            .watch(
                move |writer, instance| {
                    let start = starts[writer].clone();
                    async move { instance.run_store().start_run(&start).await.map(|_| ()) }
                },
                move |instance| async move {
                    let runs = instance.run_store();
                    runs.get_runs_page(Some(flow), None, Page::default(), None).await
                },
            )
            .await?;
        let mut pages = seen.iter().flatten();
        let apart = pages.find(|page| page.total_count != page.items.len() as u64);
        let apart = apart.map(|page| (page.items.len(), page.total_count));
        let what = "a page that holds all runs holds as many as it counts";
        t.expect_that(what, apart.is_none(), "the same number of items as the total", &apart);
    }
    t.overlap_shown()
}

async fn detail_of_two_moments(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let is_odd = t.race().rounds % 2 == 1;
        if is_odd { of_finished_runs(t).await? } else { of_retried_runs(t).await? }
    }
    t.overlap_shown()
}

async fn of_finished_runs(t: &Trial) -> Outcome {
    let runs = runs_with_a_step(t).await?;
    let read = runs.clone();
    let seen = t
        .watch(
            move |writer, instance| {
                let run = runs[writer];
                async move { finish(&instance, run).await }
            },
            move |instance| details(instance, read.clone()),
        )
        .await?;
    let mixed = seen.iter().flatten().flatten().find(|detail| {
        let unfinished = |step: &FlowStep| step.status == StepStatus::Running;
        detail.run.status != RunStatus::Running && detail.steps.iter().any(unfinished)
    });
    let what = "of one moment: a finished run has finished steps";
    t.expect_that(what, mixed.is_none(), "run and steps of one moment", &mixed);
    Ok(())
}

/// A retry reopens run and step in one call, which leaves less time to read in between.
async fn of_retried_runs(t: &Trial) -> Outcome {
    let mut runs = Vec::new();
    for _ in 0..crate::race::CALLERS {
        let run = t.a_run().await?;
        t.a_failed_step(run, "charge").await?;
        t.run_store().complete_run(run, RunStatus::Failed).await?;
        runs.push(run);
    }
    let read = runs.clone();
    let seen = t
        .watch(
            move |writer, instance| {
                let run = runs[writer];
                async move { instance.run_store().retry_step(run, "charge").await }
            },
            move |instance| details(instance, read.clone()),
        )
        .await?;
    let mixed = seen.iter().flatten().flatten().find(|detail| {
        let is_running = |step: &FlowStep| step.status == StepStatus::Running;
        (detail.run.status == RunStatus::Running) != detail.steps.iter().any(is_running)
    });
    let what = "of one moment: a retry opens run and step again";
    t.expect_that(what, mixed.is_none(), "run and steps of one moment", &mixed);
    Ok(())
}

async fn end_seen_in_parts(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let mut runs = Vec::new();
        for _ in 0..crate::race::CALLERS {
            runs.push(t.a_run().await?);
        }
        let read = runs.clone();
        let seen = t
            .watch(
                move |writer, instance| {
                    let run = runs[writer];
                    async move { instance.run_store().complete_run(run, RunStatus::Failed).await }
                },
                move |instance| details(instance, read.clone()),
            )
            .await?;
        let torn = seen.iter().flatten().flatten().find(|detail| {
            (detail.run.status == RunStatus::Running) != detail.run.completed_at.is_none()
        });
        let what = "a run has ended and says when, or neither";
        t.expect_that(what, torn.is_none(), "status and completed-at together", &torn);
    }
    t.overlap_shown()
}

/// The details of two of the runs that are written to.
async fn details(instance: Instance, runs: Vec<RunId>) -> Result<Vec<FlowRunDetail>> {
    let mut details = Vec::new();
    for writer in writers().take(2) {
        details.extend(instance.run_store().get_run_detail(runs[writer]).await?);
    }
    Ok(details)
}

/// A run with one running step for every caller.
async fn runs_with_a_step(t: &Trial) -> std::result::Result<Vec<RunId>, Halt> {
    let mut runs = Vec::new();
    for _ in 0..crate::race::CALLERS {
        let run = t.a_run().await?;
        t.a_running_step(run, "charge").await?;
        runs.push(run);
    }
    Ok(runs)
}

async fn finish(instance: &Instance, run: RunId) -> Result<()> {
    let runs = instance.run_store();
    runs.record_step_complete(run, "charge", StepStatus::Succeeded, Some(OUTPUT), None).await?;
    runs.complete_run(run, RunStatus::Succeeded).await
}

async fn retry_seen_in_parts(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        for writer in writers() {
            t.a_failed_step(run, &key_of(writer)).await?;
            take(t, run, &key_of(writer)).await?;
        }
        t.run_store().complete_run(run, RunStatus::Failed).await?;
        let seen = t
            .watch(
                move |writer, instance| async move {
                    instance.run_store().retry_step(run, &key_of(writer)).await
                },
                move |instance| async move { Glimpse::of(&instance, run).await },
            )
            .await?;
        let partial = seen.iter().flatten().find_map(|glimpse| {
            glimpse.partial(|status| status == Some(StepStatus::Running), RunStatus::Running)
        });
        let what = "who sees any part of a retry sees all of it";
        t.expect_that(what, partial.is_none(), "all of it", &partial);
    }
    t.overlap_shown()
}

async fn reset_seen_in_parts(t: &Trial) -> Outcome {
    const PREREQUISITE: &str = "Prerequisite status did not satisfy runAfter conditions.";
    while t.next_round().await? {
        let run = t.a_run().await?;
        for writer in writers() {
            let (key, steps) = (key_of(writer), t.run_runtime_store());
            steps.record_skipped_step(run, &key, "http", Some(PREREQUISITE)).await?;
            take(t, run, &key).await?;
        }
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let keys = [key_of(writer)];
                    instance.run_store().reset_cascade_skipped_dependents(run, &keys).await
                },
                move |instance| async move { Glimpse::of(&instance, run).await },
            )
            .await?;
        let partial = seen
            .iter()
            .flatten()
            .find_map(|glimpse| glimpse.partial(|status| status.is_none(), RunStatus::Running));
        let what = "who sees any part of a reset sees all of it";
        t.expect_that(what, partial.is_none(), "all of it", &partial);
    }
    t.overlap_shown()
}

/// Claims a step and enters it in the ledger.
async fn take(t: &Trial, run: RunId, key: &str) -> Outcome {
    t.run_runtime_store().try_claim_step(run, key).await?;
    t.run_store().try_record_dispatch(run, key).await?;
    Ok(())
}

/// What a worker reads one after the other, before and after it reads the statuses. Claims count
/// only after them: those of finished steps need not be listed.
#[derive(Debug)]
struct Glimpse {
    dispatched_before: Vec<String>,
    statuses: Vec<(String, StepStatus)>,
    claimed_after: Vec<String>,
    dispatched_after: Vec<String>,
    run_after: Option<RunStatus>,
}

impl Glimpse {
    async fn of(instance: &Instance, run: RunId) -> Result<Self> {
        let (runs, steps) = (instance.run_store(), instance.run_runtime_store());
        Ok(Self {
            dispatched_before: runs.get_dispatched_step_keys(run).await?,
            statuses: steps.get_step_statuses(run).await?,
            claimed_after: steps.get_claimed_step_keys(run).await?,
            dispatched_after: runs.get_dispatched_step_keys(run).await?,
            run_after: steps.get_run_status(run).await?,
        })
    }

    /// What of a change was missing though another part of it had been seen before; `is_done`
    /// says whether a step's status is the changed one.
    fn partial(
        &self,
        is_done: impl Fn(Option<StepStatus>) -> bool,
        run: RunStatus,
    ) -> Option<String> {
        writers().find_map(|writer| {
            let key = key_of(writer);
            let status = self.statuses.iter().find(|(of, _)| *of == key).map(|(_, status)| *status);
            if !self.dispatched_before.contains(&key) && !is_done(status) {
                return Some(format!("{key}: its dispatch entry was gone, and its step as before"));
            }
            if !is_done(status) {
                return None;
            }
            let missing = [
                (self.claimed_after.contains(&key), "its claim was held"),
                (self.dispatched_after.contains(&key), "its dispatch entry was there"),
                (self.run_after != Some(run), "its run was not running"),
            ];
            let missing = missing.iter().find(|(is_missing, _)| *is_missing);
            missing.map(|(_, words)| format!("{key}: its step was changed, and {words}"))
        })
    }
}
