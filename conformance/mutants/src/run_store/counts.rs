//! Mutants of statistics and timeseries that count by something else than the runs themselves.

use std::collections::BTreeSet;

use chrono::{SubsecRound, TimeDelta};
use plimsoll_contract::{
    Answer, DashboardStatistics, FlowId, FlowRun, RunId, RunStatus, RunTimeseriesBucket, StepStatus,
};
use plimsoll_model::{Model, Namespace, RunStore, Spec};

use super::calls::{BreaksSeries, Series, override_run_store};
use crate::Mutant;
use crate::broken::{keeping, models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/counts-names-of-flows",
        clause: "RUN-42",
        how: "counts the enabled definitions of one name as one",
        dies: &[("run-store/total-flows-counts-runs", "two of one name are two")],
        backend: run_store::<CountsNames>,
    },
    Mutant {
        id: "run-store/counts-ends",
        clause: "RUN-43",
        how: "takes the number of completions from the number of runs",
        dies: &[("run-store/active-runs-miscounted", "two are running")],
        backend: run_store::<CountsEnds>,
    },
    Mutant {
        id: "run-store/failed-steps-fail-runs",
        clause: "RUN-45",
        how: "counts a cancelled run with a failed step as failed",
        dies: &[("run-store/other-endings-counted", "one succeeded and one failed")],
        backend: run_store::<FailedStepsFailRuns>,
    },
    Mutant {
        id: "run-store/since-in-seconds",
        clause: "RUN-46",
        how: "cuts `since` to the second",
        dies: &[("run-store/run-before-unaligned-since-counted", "from 600001 ms")],
        backend: run_store::<SinceInSeconds>,
    },
    Mutant {
        id: "run-store/series-of-the-enabled",
        clause: "RUN-49",
        how: "leaves runs of disabled flows out of the series of all",
        dies: &[("run-store/series-joins-definitions", "both count among all")],
        backend: run_store::<SeriesOfEnabled>,
    },
    Mutant {
        id: "run-store/no-series-of-the-disabled",
        clause: "RUN-55",
        how: "counts no run in the series of a disabled flow",
        dies: &[("run-store/series-joins-definitions", "one counts as the flow's")],
        backend: run_store::<NoSeriesOfDisabled>,
    },
    Mutant {
        id: "run-store/long-durations-in-seconds",
        clause: "RUN-50",
        how: "keeps durations of a second and more in whole seconds",
        dies: &[("run-store/percentile-of-other-definition", "p50 of 60000.25")],
        backend: run_store::<LongDurationsInSeconds>,
    },
];

models! {
    CountsNames FailedStepsFailRuns SinceInSeconds SeriesOfEnabled NoSeriesOfDisabled
    LongDurationsInSeconds
}

override_run_store! {
    get_run_timeseries: SinceInSeconds SeriesOfEnabled NoSeriesOfDisabled LongDurationsInSeconds
}

impl RunStore for CountsNames {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let statistics = self.0.get_statistics()?;
        let enabled = self.space()?.definitions.values().filter(|flow| flow.is_enabled);
        let names: BTreeSet<_> = enabled.map(|flow| flow.name.clone()).collect();
        Ok(DashboardStatistics { total_flows: names.len() as u64, ..statistics })
    }
}

keeping! {
    /// A mutant that counts completions.
    CountsEnds {
        ends: u64,
    }
}

impl RunStore for CountsEnds {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        self.ends += 1;
        self.model.complete_run(run, status)
    }

    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let statistics = self.model.get_statistics()?;
        let runs = self.space()?.runs.len() as u64;
        Ok(DashboardStatistics { active_runs: runs.saturating_sub(self.ends), ..statistics })
    }
}

impl RunStore for FailedStepsFailRuns {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let (statistics, today) = (self.0.get_statistics()?, self.now().date_naive());
        let space = self.space()?;
        let has_failed = |id: RunId| {
            let mut steps = space.steps.iter().filter(|((run, _), _)| *run == id);
            steps.any(|(_, step)| step.status == StepStatus::Failed)
        };
        let cancelled = space.runs.values().filter(|run| run.status == RunStatus::Cancelled);
        let of_today =
            cancelled.filter(|run| run.completed_at.is_some_and(|at| at.date_naive() == today));
        let more = of_today.filter(|run| has_failed(run.id)).count() as u64;
        Ok(DashboardStatistics { failed_today: statistics.failed_today + more, ..statistics })
    }
}

impl BreaksSeries for SinceInSeconds {
    fn series(&mut self, series: Series) -> Answer<Vec<RunTimeseriesBucket>> {
        Series { since: series.since.trunc_subsecs(0), ..series }.on(&mut self.0)
    }
}

/// The series of those runs alone.
fn series_of(
    model: &mut Model,
    series: Series,
    keep: impl Fn(&Namespace, &FlowRun) -> bool,
) -> Answer<Vec<RunTimeseriesBucket>> {
    let all = model.space()?.runs.clone();
    let kept = all.iter().filter(|(_, run)| model.state().space().is_some_and(|it| keep(it, run)));
    let kept = kept.map(|(id, run)| (*id, run.clone())).collect();
    model.space()?.runs = kept;
    let answer = series.on(model);
    model.space()?.runs = all;
    answer
}

fn is_enabled(space: &Namespace, flow: FlowId) -> bool {
    space.definitions.get(&flow).is_none_or(|flow| flow.is_enabled)
}

impl BreaksSeries for SeriesOfEnabled {
    fn series(&mut self, series: Series) -> Answer<Vec<RunTimeseriesBucket>> {
        match series.flow {
            Some(_) => series.on(&mut self.0),
            None => series_of(&mut self.0, series, |space, run| is_enabled(space, run.flow_id)),
        }
    }
}

impl BreaksSeries for NoSeriesOfDisabled {
    fn series(&mut self, series: Series) -> Answer<Vec<RunTimeseriesBucket>> {
        match series.flow {
            Some(flow) => series_of(&mut self.0, series, |space, _| is_enabled(space, flow)),
            None => series.on(&mut self.0),
        }
    }
}

impl BreaksSeries for LongDurationsInSeconds {
    fn series(&mut self, series: Series) -> Answer<Vec<RunTimeseriesBucket>> {
        let second = TimeDelta::seconds(1);
        let all = self.space()?.runs.clone();
        for run in self.space()?.runs.values_mut() {
            let Some(end) = run.completed_at.filter(|end| *end - run.started_at >= second) else {
                continue;
            };
            let whole = TimeDelta::seconds((end - run.started_at).num_seconds());
            run.completed_at = Some(run.started_at + whole);
        }
        let answer = series.on(&mut self.0);
        self.space()?.runs = all;
        answer
    }
}
