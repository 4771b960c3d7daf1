use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use plimsoll_contract::{Answer, DashboardStatistics, FlowRun, Instant, RunStatus};
use plimsoll_model::{Model, RunStore, Spec};

use crate::Mutant;
use crate::broken::{keeping, models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/counts-flows-among-runs",
        clause: "RUN-42",
        how: "counts the flows that have runs",
        dies: &[("run-store/total-flows-counts-runs", "two flows are enabled")],
        backend: run_store::<CountsFlowsAmongRuns>,
    },
    Mutant {
        id: "run-store/counts-disabled-flows",
        clause: "RUN-42",
        how: "counts disabled definitions too",
        dies: &[("run-store/total-flows-counts-runs", "two flows are enabled")],
        backend: run_store::<CountsDisabledFlows>,
    },
    Mutant {
        id: "run-store/keeps-the-count-of-flows",
        clause: "RUN-42",
        how: "counts the enabled definitions anew only when one is added or removed",
        dies: &[("run-store/total-flows-counts-runs", "three are, when the other is too")],
        backend: run_store::<KeepsTheCount>,
    },
    Mutant {
        id: "run-store/counts-active-runs-of-today",
        clause: "RUN-43",
        how: "counts the active runs that started today",
        dies: &[("run-store/active-runs-miscounted", "two are running")],
        backend: run_store::<CountsActiveOfToday>,
    },
    Mutant {
        id: "run-store/day-begins-in-another-zone",
        clause: "RUN-44",
        how: "takes the day of a zone eight hours behind UTC",
        dies: &[("run-store/today-is-not-utc", "at midnight a new day begins")],
        backend: run_store::<DayOfAnotherZone>,
    },
    Mutant {
        id: "run-store/today-is-the-last-24-hours",
        clause: "RUN-44",
        how: "takes the last 24 hours for today",
        dies: &[("run-store/today-is-not-utc", "at midnight a new day begins")],
        backend: run_store::<LastDay>,
    },
    Mutant {
        id: "run-store/today-is-when-a-run-started",
        clause: "RUN-44",
        how: "counts the runs that started today and have ended",
        dies: &[("run-store/today-counts-starts", "it counts on the day of its end")],
        backend: run_store::<CountsStarts>,
    },
    Mutant {
        id: "run-store/whatever-did-not-succeed-failed",
        clause: "RUN-45",
        how: "counts every ending but succeeded as failed",
        dies: &[("run-store/other-endings-counted", "one succeeded and one failed")],
        backend: run_store::<WhateverDidNotSucceedFailed>,
    },
];

models! {
    CountsFlowsAmongRuns CountsDisabledFlows CountsActiveOfToday DayOfAnotherZone LastDay
    CountsStarts WhateverDidNotSucceedFailed
}

keeping! {
    KeepsTheCount {
        /// The definitions when they were last counted, and how many were enabled.
        kept: Option<(usize, u64)>,
    }
}

impl RunStore for KeepsTheCount {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let statistics = self.model.get_statistics()?;
        let definitions = self.space()?.definitions.len();
        let kept = self.kept.filter(|(counted, _)| *counted == definitions);
        let (_, total_flows) =
            *self.kept.insert(kept.unwrap_or((definitions, statistics.total_flows)));
        Ok(DashboardStatistics { total_flows, ..statistics })
    }
}

fn count(model: &mut Model, is_counted: impl Fn(&FlowRun) -> bool) -> Answer<u64> {
    Ok(model.space()?.runs.values().filter(|run| is_counted(run)).count() as u64)
}

/// The statistics with another idea of which runs are today's.
fn with_today(
    model: &mut Model,
    is_todays: impl Fn(&FlowRun) -> bool,
) -> Answer<DashboardStatistics> {
    let ended = |status| move |run: &FlowRun| run.status == status;
    let (succeeded, failed) = (ended(RunStatus::Succeeded), ended(RunStatus::Failed));
    Ok(DashboardStatistics {
        completed_today: count(model, |run| succeeded(run) && is_todays(run))?,
        failed_today: count(model, |run| failed(run) && is_todays(run))?,
        ..model.get_statistics()?
    })
}

impl RunStore for CountsFlowsAmongRuns {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let flows: BTreeSet<_> = self.space()?.runs.values().map(|run| run.flow_id).collect();
        Ok(DashboardStatistics { total_flows: flows.len() as u64, ..self.0.get_statistics()? })
    }
}

impl RunStore for CountsDisabledFlows {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let total_flows = self.space()?.definitions.len() as u64;
        Ok(DashboardStatistics { total_flows, ..self.0.get_statistics()? })
    }
}

impl RunStore for CountsActiveOfToday {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let today = self.now().date_naive();
        let is_active = |run: &FlowRun| {
            run.status == RunStatus::Running && run.started_at.date_naive() == today
        };
        let active_runs = count(&mut self.0, is_active)?;
        Ok(DashboardStatistics { active_runs, ..self.0.get_statistics()? })
    }
}

impl RunStore for DayOfAnotherZone {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let day = |instant: Instant| -> NaiveDate { (instant - TimeDelta::hours(8)).date_naive() };
        let today = day(self.now());
        with_today(&mut self.0, |run| run.completed_at.map(day) == Some(today))
    }
}

impl RunStore for LastDay {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let since = self.now() - TimeDelta::days(1);
        with_today(&mut self.0, |run| run.completed_at.is_some_and(|at| at > since))
    }
}

impl RunStore for CountsStarts {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let today = self.now().date_naive();
        with_today(&mut self.0, |run| run.started_at.date_naive() == today)
    }
}

impl RunStore for WhateverDidNotSucceedFailed {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let statistics = self.0.get_statistics()?;
        let today = self.now().date_naive();
        let failed_today = count(&mut self.0, |run| {
            run.status != RunStatus::Succeeded
                && run.completed_at.is_some_and(|at| at.date_naive() == today)
        })?;
        Ok(DashboardStatistics { failed_today, ..statistics })
    }
}
