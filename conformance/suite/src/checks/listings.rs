//! Lists that are read while rows come and go: what stays must be in each of them, once.

use std::fmt::Debug;

use plimsoll_contract::Interface::{
    FlowStore, RunRuntimeStore, RunStore, ScheduleStateStore, WebhookRejectionStore,
};
use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{
    FlowDefinition, FlowRun, Page, RunId, RunStatus, ScheduleState, StartRun, WebhookRejection,
    WebhookRejectionQuery,
};

use super::run_store::ids as ids_of;
use crate::race::CALLERS;
use crate::watch::writers;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "run-runtime-store/claims-listed-in-pieces",
        clauses: &["RUNTIME-3"],
        goal: "Claims are listed while others are made and released; those that stay are in every \
               list, once.",
        usual_cause: "the list is read page by page, and what comes or goes shifts the rest",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(claims_listed_in_pieces(t)),
    },
    Check {
        id: "run-store/dispatches-listed-in-pieces",
        clauses: &["RUN-83"],
        goal: "Dispatch entries are listed while others are made and released; those that stay \
               are in every list, once.",
        usual_cause: "the list is read page by page, and what comes or goes shifts the rest",
        uses: &[RunStore],
        run: |t| Box::pin(dispatches_listed_in_pieces(t)),
    },
    Check {
        id: "run-runtime-store/statuses-listed-in-pieces",
        clauses: &["RUNTIME-1"],
        goal: "Steps are listed while others are skipped and reset; those that stay are in every \
               list, once.",
        usual_cause: "the list is read page by page, and what comes or goes shifts the rest",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(statuses_listed_in_pieces(t)),
    },
    Check {
        id: "run-store/active-runs-listed-in-pieces",
        clauses: &["RUN-57"],
        goal: "Active runs are listed while others start and end; those that stay are in every \
               list, once, and every one is running.",
        usual_cause: "the list is read page by page, or ids are read first and rows later",
        uses: &[RunStore],
        run: |t| Box::pin(active_runs_listed_in_pieces(t)),
    },
    Check {
        id: "run-store/page-of-another-status",
        clauses: &["RUN-31"],
        goal: "Running runs are paged while they end; every run on a page has the status that was \
               asked for.",
        usual_cause: "the runs of a page are chosen in one query and read in another",
        uses: &[RunStore],
        run: |t| Box::pin(page_of_another_status(t)),
    },
    Check {
        id: "run-store/derived-runs-listed-in-pieces",
        clauses: &["RUN-5"],
        goal: "The runs that repeat a run are listed while others are started; those that were \
               there are in every list, once.",
        usual_cause: "the list is read page by page, and a run that comes shifts the rest",
        uses: &[RunStore],
        run: |t| Box::pin(derived_runs_listed_in_pieces(t)),
    },
    Check {
        id: "run-store/started-run-listed-late",
        clauses: &["RUN-57", "BACKEND-28"],
        goal: "Runs are started while others ask for one of them and list the active ones; a run \
               that has been seen is in the lists.",
        usual_cause: "the lists come from an index that is brought up to date after the row",
        uses: &[RunStore],
        run: |t| Box::pin(started_run_listed_late(t)),
    },
    Check {
        id: "flow-store/definitions-listed-in-pieces",
        clauses: &["FLOW-1"],
        goal: "Definitions are listed while others are saved and deleted; those that stay are in \
               every list, once.",
        usual_cause: "the list is read page by page, and what comes or goes shifts the rest",
        uses: &[FlowStore],
        run: |t| Box::pin(definitions_listed_in_pieces(t)),
    },
    Check {
        id: "schedule-state-store/states-listed-in-pieces",
        clauses: &["SCHEDULE-2"],
        goal: "Schedules are listed while others are saved and deleted; those that stay are in \
               every list, once.",
        usual_cause: "the list is read page by page, and what comes or goes shifts the rest",
        uses: &[ScheduleStateStore],
        run: |t| Box::pin(states_listed_in_pieces(t)),
    },
    Check {
        id: "webhook-rejection-store/rows-listed-in-pieces",
        clauses: &["WEBHOOK-5", "WEBHOOK-10"],
        goal: "Rows are listed while others are written; those that were there are in every list, \
               once.",
        usual_cause: "the list is read page by page, and a row that comes shifts the rest",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(rows_listed_in_pieces(t)),
    },
];

/// How often a writer makes its row come and go in a round.
const TURNS: usize = 2;

/// What stays. By name it stands between the rows that come and go.
fn staying() -> Vec<String> {
    (0..CALLERS).map(|number| format!("{number:02}-stays")).collect()
}

fn going(writer: usize) -> String {
    format!("{writer:02}-goes")
}

/// Every list must hold what stays, and nothing twice.
fn expect_whole<K: Ord + Debug + Clone>(
    t: &Trial,
    what: &str,
    lists: impl IntoIterator<Item = Vec<K>>,
    staying: &[K],
) {
    let mut wrong = None;
    for mut list in lists {
        list.sort_unstable();
        let twice = list.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone());
        let missing = staying.iter().find(|key| list.binary_search(key).is_err()).cloned();
        if twice.is_some() || missing.is_some() {
            wrong = Some((twice.map(|key| (key, "twice")), missing.map(|key| (key, "missing"))));
            break;
        }
    }
    t.expect(&format!("every list of {what} shows what stays, once"), &wrong, &None);
}

async fn claims_listed_in_pieces(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        for key in staying() {
            t.run_runtime_store().try_claim_step(run, &key).await?;
        }
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let (claims, key) = (instance.run_runtime_store(), going(writer));
                    for _ in 0..TURNS {
                        claims.try_claim_step(run, &key).await?;
                        claims.release_step_claim(run, &key).await?;
                    }
                    Ok(())
                },
                move |instance| async move {
                    instance.run_runtime_store().get_claimed_step_keys(run).await
                },
            )
            .await?;
        expect_whole(t, "claims", seen.into_iter().flatten(), &staying());
    }
    t.overlap_shown()
}

async fn dispatches_listed_in_pieces(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        for key in staying() {
            t.run_store().try_record_dispatch(run, &key).await?;
        }
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let (runs, key) = (instance.run_store(), going(writer));
                    for _ in 0..TURNS {
                        runs.try_record_dispatch(run, &key).await?;
                        runs.release_dispatch(run, &key).await?;
                    }
                    Ok(())
                },
                move |instance| async move {
                    instance.run_store().get_dispatched_step_keys(run).await
                },
            )
            .await?;
        expect_whole(t, "dispatch entries", seen.into_iter().flatten(), &staying());
    }
    t.overlap_shown()
}

async fn statuses_listed_in_pieces(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        for key in staying() {
            t.a_running_step(run, &key).await?;
        }
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let (runs, steps) = (instance.run_store(), instance.run_runtime_store());
                    let (key, reason) = (going(writer), Some(PREREQUISITE_NOT_SATISFIED));
                    for _ in 0..TURNS {
                        steps.record_skipped_step(run, &key, "http", reason).await?;
                        let keys = [key.clone()];
                        runs.reset_cascade_skipped_dependents(run, &keys).await?;
                    }
                    Ok(())
                },
                move |instance| async move {
                    let statuses = instance.run_runtime_store().get_step_statuses(run).await?;
                    Ok(statuses.into_iter().map(|(key, _)| key).collect())
                },
            )
            .await?;
        expect_whole(t, "steps", seen.into_iter().flatten(), &staying());
    }
    t.overlap_shown()
}

fn is_running(run: &FlowRun) -> bool {
    run.status == RunStatus::Running && run.completed_at.is_none()
}

/// Runs of one flow that repeat one source, and stay.
async fn running_repeats(t: &Trial, start: &StartRun) -> Result<Vec<RunId>, Halt> {
    let mut staying = Vec::new();
    for _ in 0..CALLERS {
        let start = StartRun { run_id: t.run_id(), ..start.clone() };
        staying.push(t.run_store().start_run(&start).await?.id);
    }
    Ok(staying)
}

async fn active_runs_listed_in_pieces(t: &Trial) -> Outcome {
    let start = t.start_of(t.flow_id());
    let staying = running_repeats(t, &start).await?;
    while t.next_slow_round().await? {
        let ids: Vec<_> = (0..CALLERS).map(|_| t.run_id()).collect();
        let start = start.clone();
        let seen = t
            .watch(
                move |writer, instance| {
                    let start = StartRun { run_id: ids[writer], ..start.clone() };
                    async move {
                        instance.run_store().start_run(&start).await?;
                        instance.run_store().complete_run(start.run_id, RunStatus::Failed).await
                    }
                },
                move |instance| async move { instance.run_store().get_active_runs().await },
            )
            .await?;
        let lists: Vec<_> = seen.into_iter().flatten().collect();
        let ended = lists.iter().flatten().find(|run| !is_running(run));
        t.expect("every active run is running", &ended, &None);
        expect_whole(t, "active runs", lists.iter().map(|list| ids_of(list)), &staying);
    }
    t.overlap_shown()
}

async fn page_of_another_status(t: &Trial) -> Outcome {
    while t.next_slow_round().await? {
        let flow = t.flow_id();
        let running = running_repeats(t, &t.start_of(flow)).await?;
        let seen = t
            .watch(
                move |writer, instance| {
                    let run = running[writer];
                    async move { instance.run_store().complete_run(run, RunStatus::Failed).await }
                },
                move |instance| async move {
                    let (runs, status) = (instance.run_store(), Some(RunStatus::Running));
                    runs.get_runs_page(Some(flow), status, Page::all(), None).await
                },
            )
            .await?;
        let mut items = seen.iter().flatten().flat_map(|page| &page.items);
        let other = items.find(|run| !is_running(run));
        t.expect("every run on a page of running ones is running", &other, &None);
    }
    t.overlap_shown()
}

async fn derived_runs_listed_in_pieces(t: &Trial) -> Outcome {
    while t.next_slow_round().await? {
        let source_run_id = Some(t.run_id());
        let start = StartRun { source_run_id, ..t.start_of(t.flow_id()) };
        let staying = running_repeats(t, &start).await?;
        let ids: Vec<_> = (0..CALLERS).map(|_| t.run_id()).collect();
        let source = start.source_run_id.unwrap_or_default();
        let seen = t
            .watch(
                move |writer, instance| {
                    let start = StartRun { run_id: ids[writer], ..start.clone() };
                    async move { instance.run_store().start_run(&start).await.map(|_| ()) }
                },
                move |instance| async move { instance.run_store().get_derived_runs(source).await },
            )
            .await?;
        let lists: Vec<_> = seen.into_iter().flatten().collect();
        expect_whole(t, "derived runs", lists.iter().map(|list| ids_of(list)), &staying);
    }
    t.overlap_shown()
}

async fn started_run_listed_late(t: &Trial) -> Outcome {
    while t.next_slow_round().await? {
        let flow = t.flow_id();
        // What is asked for first is seen soonest after the start.
        let page_first = t.race().rounds.is_multiple_of(2);
        let starts: Vec<_> = (0..CALLERS).map(|_| t.start_of(flow)).collect();
        let known: Vec<_> = writers().map(|writer| starts[writer].run_id).collect();
        let all = known.clone();
        let seen = t
            .watch(
                move |writer, instance| {
                    let start = starts[writer].clone();
                    async move { instance.run_store().start_run(&start).await.map(|_| ()) }
                },
                move |instance| {
                    let known = known.clone();
                    async move {
                        let runs = instance.run_store();
                        let mut found = Vec::new();
                        for id in known {
                            found.extend(runs.get_run_detail(id).await?.map(|_| id));
                        }
                        let what = if page_first { "the flow's runs" } else { "active runs" };
                        let listed = match page_first {
                            true => {
                                let page = runs.get_runs_page(Some(flow), None, Page::all(), None);
                                page.await?.items
                            }
                            false => runs.get_active_runs().await?,
                        };
                        Ok((found, what, listed))
                    }
                },
            )
            .await?;
        for (found, what, list) in seen.into_iter().flatten() {
            let listed = ids_of(&list);
            let missing = found.iter().find(|id| !listed.contains(id));
            t.expect(&format!("{what} hold every run that was seen before"), &missing, &None);
        }
        // The active runs must not grow for ever.
        for id in all {
            t.run_store().complete_run(id, RunStatus::Failed).await?;
        }
    }
    t.overlap_shown()
}

async fn definitions_listed_in_pieces(t: &Trial) -> Outcome {
    let mut ids = Vec::new();
    for name in staying() {
        ids.push(t.flow_store().save(&t.a_definition(&name)).await?.id);
    }
    let others: Vec<_> = (0..CALLERS).map(|writer| t.a_definition(&going(writer))).collect();
    while t.next_round().await? {
        let others = others.clone();
        let seen = t
            .watch(
                move |writer, instance| {
                    let own: FlowDefinition = others[writer].clone();
                    async move {
                        for _ in 0..TURNS {
                            instance.flow_store().save(&own).await?;
                            instance.flow_store().delete(own.id).await?;
                        }
                        Ok(())
                    }
                },
                move |instance| async move {
                    let listed = instance.flow_store().get_all().await?;
                    Ok(listed.iter().map(|definition| definition.id).collect())
                },
            )
            .await?;
        expect_whole(t, "definitions", seen.into_iter().flatten(), &ids);
    }
    t.overlap_shown()
}

async fn states_listed_in_pieces(t: &Trial) -> Outcome {
    for key in staying() {
        t.schedule_state_store().save(&t.a_schedule(&key)).await?;
    }
    let others: Vec<_> = (0..CALLERS).map(|writer| t.a_schedule(&going(writer))).collect();
    while t.next_round().await? {
        let others = others.clone();
        let seen = t
            .watch(
                move |writer, instance| {
                    let own: ScheduleState = others[writer].clone();
                    async move {
                        for _ in 0..TURNS {
                            instance.schedule_state_store().save(&own).await?;
                            instance.schedule_state_store().delete(&own.job_id).await?;
                        }
                        Ok(())
                    }
                },
                move |instance| async move {
                    let listed = instance.schedule_state_store().get_all().await?;
                    Ok(listed.into_iter().map(|state| state.job_id).collect())
                },
            )
            .await?;
        expect_whole(t, "schedules", seen.into_iter().flatten(), &staying());
    }
    t.overlap_shown()
}

/// The reasons of the newest rows of a flow, as both functions list them.
type Reasons = [Vec<String>; 2];

async fn rows_listed_in_pieces(t: &Trial) -> Outcome {
    while t.next_slow_round().await? {
        let flow_id = Some(t.flow_id());
        let row = WebhookRejection { flow_id, ..t.a_rejection("") };
        for reason in staying().into_iter().chain(staying().iter().map(|it| format!("{it}-too"))) {
            let row = WebhookRejection { reason, ..row.clone() };
            t.webhook_rejection_store().write(&row).await?;
        }
        let page = Page::new(0, Page::MAX_WEBHOOK_ROWS);
        let filter = WebhookRejectionQuery { flow_id, page, ..WebhookRejectionQuery::default() };
        let seen: Vec<Vec<Reasons>> = t
            .watch(
                move |writer, instance| {
                    let row = WebhookRejection { reason: going(writer), ..row.clone() };
                    async move { instance.webhook_rejection_store().write(&row).await }
                },
                move |instance| {
                    let filter = filter.clone();
                    async move {
                        let log = instance.webhook_rejection_store();
                        let queried = log.query(&filter).await?.items;
                        let recent = log.query_recent(flow_id, None, true, page).await?;
                        Ok([queried, recent]
                            .map(|rows| rows.into_iter().map(|row| row.reason).collect()))
                    }
                },
            )
            .await?;
        expect_whole(t, "rows", seen.into_iter().flatten().flatten(), &staying());
    }
    t.overlap_shown()
}
