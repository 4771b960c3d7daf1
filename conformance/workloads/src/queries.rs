//! What a dashboard and a sweep ask. They are measured beside a history.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use plimsoll_contract::{Page, RunStatus, RunTimeseriesGranularity, StepStatus};

use crate::clock::now;
use crate::operations::{STEPS, key};
use crate::site::flow_id;
use crate::trouble::expect;
use crate::workload::{Made, NOTHING_LEFT, NOTHING_TO_PREPARE, timed};
use crate::{Crowd, Group, Growth, Pace, Site, Trouble, Turn, Workload};

/// The runs that one cleanup removes.
const OLD_RUNS: u64 = 20;

const QUERY: Workload = Workload {
    id: "",
    group: Group::Query,
    what: "",
    payloads: &[],
    pace: Pace::Closed,
    crowd: Crowd::Timed,
    growth: Growth::May,
    leaves: 0,
    prepare: NOTHING_TO_PREPARE,
    unit: |_, _| Box::pin(std::future::ready(Err(Trouble::Panicked))),
    verify: NOTHING_LEFT,
    beside: None,
};

pub(crate) const ALL: [Workload; 9] = [
    Workload {
        id: "runs",
        what: "get-runs, the first fifty",
        growth: Growth::MustNot,
        unit: |site, _| {
            Box::pin(async move {
                let runs = site.runs()?;
                let (took, page) = timed(|| runs.get_runs(None, Page::default())).await?;
                expect("the runs of a page", &page.len(), &(Page::DEFAULT_RUNS as usize))?;
                Ok(took)
            })
        },
        ..QUERY
    },
    Workload {
        id: "page",
        what: "get-runs-page of a flow's failed runs, counted",
        unit: |site, _| {
            Box::pin(async move {
                let (runs, flow) = (site.runs()?, Some(flow_id(3)));
                let (status, page) = (Some(RunStatus::Failed), Page::default());
                let (took, page) = timed(|| runs.get_runs_page(flow, status, page, None)).await?;
                let are_right = page.items.iter().all(|run| run.status == RunStatus::Failed);
                expect("only failed runs are on the page", &are_right, &true)?;
                expect("the page is empty", &page.items.is_empty(), &false)?;
                Ok(took)
            })
        },
        ..QUERY
    },
    Workload {
        id: "search",
        what: "get-runs-page with a text that a step of one run answered",
        prepare: |site| {
            Box::pin(async move {
                let (run, runs, text) = (site.prepared_id(0), site.runs()?, needle(&site));
                runs.start_run(&site.start(run)).await?;
                runs.record_step_start(run, "charge", "http", None, None).await?;
                let (status, output) = (StepStatus::Succeeded, Some(text.as_str()));
                runs.record_step_complete(run, "charge", status, output, None).await?;
                Ok(())
            })
        },
        unit: |site, _| {
            Box::pin(async move {
                let (runs, text) = (site.runs()?, needle(&site));
                let (page, text) = (Page::default(), Some(text.as_str()));
                let (took, page) = timed(|| runs.get_runs_page(None, None, page, text)).await?;
                let found: Vec<_> = page.items.iter().map(|run| run.id).collect();
                expect("the run that was searched for", &found, &vec![site.prepared_id(0)])?;
                Ok(took)
            })
        },
        ..QUERY
    },
    Workload {
        id: "detail",
        what: "get-run-detail of a run with fifty steps",
        growth: Growth::MustNot,
        prepare: |site| {
            Box::pin(async move {
                let (run, runs) = (site.prepared_id(0), site.runs()?);
                runs.start_run(&site.start(run)).await?;
                for number in 0..STEPS {
                    let (key, json) = (key(number), Some(site.json()));
                    runs.record_step_start(run, &key, "http", json, None).await?;
                    let status = StepStatus::Succeeded;
                    runs.record_step_complete(run, &key, status, json, None).await?;
                }
                Ok(())
            })
        },
        unit: |site, _| {
            Box::pin(async move {
                let (run, runs) = (site.prepared_id(0), site.runs()?);
                let (took, detail) = timed(|| runs.get_run_detail(run)).await?;
                let steps = detail.map(|detail| detail.steps.len() as u64);
                expect("the steps of the run", &steps, &Some(STEPS))?;
                Ok(took)
            })
        },
        ..QUERY
    },
    Workload {
        id: "active",
        what: "get-active-runs, of which the history has a hundred",
        unit: |site, _| {
            Box::pin(async move {
                let runs = site.runs()?;
                let (took, active) = timed(|| runs.get_active_runs()).await?;
                expect("nobody is active", &active.is_empty(), &false)?;
                Ok(took)
            })
        },
        ..QUERY
    },
    Workload {
        id: "statistics",
        what: "get-statistics",
        unit: |site, _| {
            Box::pin(async move {
                let runs = site.runs()?;
                let (took, statistics) = timed(|| runs.get_statistics()).await?;
                expect("nobody is active", &(statistics.active_runs == 0), &false)?;
                Ok(took)
            })
        },
        ..QUERY
    },
    Workload {
        id: "timeseries-hour",
        what: "get-run-timeseries of seven days by hour",
        unit: |site, _| series(site, RunTimeseriesGranularity::Hour, 7, 7 * 24),
        ..QUERY
    },
    Workload {
        id: "timeseries-day",
        what: "get-run-timeseries of ninety days by day",
        unit: |site, _| series(site, RunTimeseriesGranularity::Day, 90, 90),
        ..QUERY
    },
    Workload {
        id: "cleanup",
        what: "cleanup that removes twenty runs and keeps the history",
        crowd: Crowd::Alone,
        // The runs are removed; their ids are not used again.
        leaves: 100,
        unit: |site, turn| {
            Box::pin(async move {
                age(&site, turn).await?;
                let (retention, cutoff) = (site.retention()?, now() - TimeDelta::days(300));
                Ok(timed(|| retention.cleanup(cutoff)).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let left = site.runs()?.get_run_detail(old_run(&site, turn, 0)).await?;
                expect("a run that was too old is left", &left.is_some(), &false)
            })
        },
        ..QUERY
    },
];

fn series(
    site: Arc<Site>,
    granularity: RunTimeseriesGranularity,
    days: i64,
    buckets: usize,
) -> Made<Duration> {
    Box::pin(async move {
        let (runs, since) = (site.runs()?, now() - TimeDelta::days(days));
        let asking = timed(|| runs.get_run_timeseries(granularity, since, now(), None));
        let (took, series) = asking.await?;
        // Noon lies within a day's bucket, so the last day has two halves.
        let is_whole = series.len() == buckets || series.len() == buckets + 1;
        expect("every bucket is there", &is_whole, &true)?;
        let counted: u64 = series.iter().map(|bucket| bucket.total).sum();
        expect("runs are counted", &(counted > 0), &true)?;
        Ok(took)
    })
}

/// A text that no other run has.
fn needle(site: &Site) -> String {
    format!("{{\"invoice\":\"INV-{}\"}}", site.prepared_id(1))
}

fn old_run(site: &Site, turn: Turn, number: u64) -> plimsoll_contract::RunId {
    site.run_id(Turn { number: turn.number * OLD_RUNS + number, ..turn })
}

/// Makes runs that ended a year ago.
async fn age(site: &Arc<Site>, turn: Turn) -> Result<(), Trouble> {
    let runs = site.runs()?;
    site.clock().set(now() - TimeDelta::days(365), TimeDelta::milliseconds(1));
    for number in 0..OLD_RUNS {
        let run = old_run(site, turn, number);
        runs.start_run(&site.start(run)).await?;
        runs.record_step_start(run, "charge", "http", Some("{}"), None).await?;
        let output = Some(site.json());
        runs.record_step_complete(run, "charge", StepStatus::Succeeded, output, None).await?;
        runs.complete_run(run, RunStatus::Succeeded).await?;
    }
    site.clock().reset();
    Ok(())
}
