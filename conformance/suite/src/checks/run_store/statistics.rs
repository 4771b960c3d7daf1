use chrono::TimeDelta;
use plimsoll_contract::Interface::{FlowStore, RunStore};
use plimsoll_contract::{Clock, Instant, RunStatus};

use crate::{Check, Halt, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "run-store/total-flows-counts-runs",
        clauses: &["RUN-42"],
        goal: "Two definitions are enabled, one is disabled, and a run has a flow that is not \
               stored.",
        usual_cause: "flows are counted among the runs, or disabled ones are counted too",
        uses: &[FlowStore, RunStore],
        run: |t| Box::pin(total_flows_counts_runs(t)),
    },
    Check {
        id: "run-store/active-runs-miscounted",
        clauses: &["RUN-43"],
        goal: "Two runs are running, one of them for days; others have ended in every way.",
        usual_cause: "all runs are counted, or only those of today",
        uses: &[RunStore],
        run: |t| Box::pin(active_runs_miscounted(t)),
    },
    Check {
        id: "run-store/today-is-not-utc",
        clauses: &["RUN-44"],
        goal: "Runs end just before and just after midnight, UTC.",
        usual_cause: "the day is the machine's or the session's local one, or the last 24 hours",
        uses: &[RunStore],
        run: |t| Box::pin(today_is_not_utc(t)),
    },
    Check {
        id: "run-store/today-counts-starts",
        clauses: &["RUN-44"],
        goal: "A run starts yesterday and ends today.",
        usual_cause: "the day is taken from started-at",
        uses: &[RunStore],
        run: |t| Box::pin(today_counts_starts(t)),
    },
    Check {
        id: "run-store/other-endings-counted",
        clauses: &["RUN-45"],
        goal: "Runs end in every way today.",
        usual_cause: "whatever has not succeeded counts as failed",
        uses: &[RunStore],
        run: |t| Box::pin(other_endings_counted(t)),
    },
];

async fn total_flows_counts_runs(t: &Trial) -> Outcome {
    let flows = t.flow_store();
    for name in ["Invoice", "Refund"] {
        flows.save(&t.a_definition(name)).await?;
    }
    let disabled = flows.save(&t.a_definition("Old")).await?;
    flows.set_enabled(disabled.id, false).await?;
    t.a_run().await?;
    let statistics = t.run_store().get_statistics().await?;
    t.expect("two flows are enabled", &statistics.total_flows, &2);
    flows.set_enabled(disabled.id, true).await?;
    let statistics = t.run_store().get_statistics().await?;
    t.expect("three are, when the other is too", &statistics.total_flows, &3);
    flows.save(&t.a_definition("Namesake")).await?;
    flows.save(&t.a_definition("Namesake")).await?;
    let statistics = t.run_store().get_statistics().await?;
    t.expect("two of one name are two", &statistics.total_flows, &5);
    Ok(())
}

async fn active_runs_miscounted(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    t.a_run().await?;
    clock.advance(TimeDelta::days(2));
    t.a_run().await?;
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        let ended = t.a_run().await?;
        t.run_store().complete_run(ended, status).await?;
    }
    let again = t.a_run().await?;
    for status in [RunStatus::Failed, RunStatus::Failed, RunStatus::Succeeded] {
        t.run_store().complete_run(again, status).await?;
    }
    let statistics = t.run_store().get_statistics().await?;
    t.expect("two are running", &statistics.active_runs, &2);
    Ok(())
}

/// An instant in the trial's time, `milliseconds` from a midnight.
fn around_midnight(t: &Trial, milliseconds: i64) -> Result<Instant, Halt> {
    let today = t.clock()?.now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    Ok(today + TimeDelta::days(1) + TimeDelta::milliseconds(milliseconds))
}

async fn ends_at(t: &Trial, at: Instant, status: RunStatus) -> Outcome {
    let run = t.a_run().await?;
    t.clock()?.set(at);
    Ok(t.run_store().complete_run(run, status).await?)
}

async fn completed_and_failed(t: &Trial) -> Result<(u64, u64), Halt> {
    let statistics = t.run_store().get_statistics().await?;
    Ok((statistics.completed_today, statistics.failed_today))
}

async fn today_is_not_utc(t: &Trial) -> Outcome {
    ends_at(t, around_midnight(t, -1)?, RunStatus::Succeeded).await?;
    let before = completed_and_failed(t).await?;
    t.clock()?.set(around_midnight(t, 0)?);
    let midnight = t.clock()?.now();
    let after = completed_and_failed(t).await?;
    ends_at(t, midnight, RunStatus::Succeeded).await?;
    ends_at(t, midnight + TimeDelta::hours(23), RunStatus::Failed).await?;
    let later = completed_and_failed(t).await?;
    t.expect("completed and failed before midnight", &before, &(1, 0));
    t.expect("at midnight a new day begins", &after, &(0, 0));
    t.expect("it lasts until the next", &later, &(1, 1));
    t.clock()?.set(midnight - TimeDelta::milliseconds(1));
    let day_before = completed_and_failed(t).await?;
    t.expect("the day before counts none of it", &day_before, &(1, 0));
    Ok(())
}

async fn today_counts_starts(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    clock.advance(TimeDelta::days(1));
    t.run_store().complete_run(run, RunStatus::Succeeded).await?;
    t.expect("it counts on the day of its end", &completed_and_failed(t).await?, &(1, 0));
    clock.advance(TimeDelta::days(1));
    t.expect("and on no other", &completed_and_failed(t).await?, &(0, 0));
    Ok(())
}

async fn other_endings_counted(t: &Trial) -> Outcome {
    t.clock()?;
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Running) {
        let run = t.a_run().await?;
        t.a_failed_step(run, "charge").await?;
        t.run_store().complete_run(run, status).await?;
    }
    let counted = completed_and_failed(t).await?;
    t.expect("one succeeded and one failed", &counted, &(1, 1));
    Ok(())
}
