use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use plimsoll_contract::{Page, RunTimeseriesGranularity};

use super::FLOW;
use super::runs::{CHAIN_TURN, expect_chain};
use crate::clock::now;
use crate::trouble::expect;
use crate::workload::Made;
use crate::{Crowd, Pace, Site, Turn, Workload};

/// How often a dashboard refreshes, each second.
const REFRESHES: f64 = 10.0;
/// The runs that it shows at first.
const RUNS: u64 = 500;

/// An engine and a dashboard beside each other, seen from either.
pub(super) const ALL: [Workload; 2] = [
    Workload {
        id: "chain-beside-dashboard",
        what: "a run of ten steps, while a dashboard refreshes ten times a second",
        prepare: |site| Box::pin(async move { site.fill(RUNS).await }),
        unit: CHAIN_TURN,
        verify: |site, turn| expect_chain(site, turn),
        beside: Some((refresh, Pace::Open(REFRESHES))),
        ..FLOW
    },
    Workload {
        id: "dashboard-beside-chains",
        what: "a dashboard's refresh, ten a second, while the callers run chains",
        payloads: &[],
        pace: Pace::Open(REFRESHES),
        crowd: Crowd::Beside,
        prepare: |site| Box::pin(async move { site.fill(RUNS).await }),
        unit: refresh,
        beside: Some((CHAIN_TURN, Pace::Closed)),
        ..FLOW
    },
];

/// The front page: statistics, the latest runs, and the last day by hour.
fn refresh(site: Arc<Site>, _: Turn) -> Made<Duration> {
    Box::pin(async move {
        let (began, runs) = (Instant::now(), site.runs()?);
        let statistics = runs.get_statistics().await?;
        expect("nobody is active", &(statistics.active_runs == 0), &false)?;
        let page = runs.get_runs_page(None, None, Page::default(), None).await?;
        expect("the runs of a page", &page.items.len(), &(Page::DEFAULT_RUNS as usize))?;
        let (hour, since) = (RunTimeseriesGranularity::Hour, now() - TimeDelta::days(1));
        let series = runs.get_run_timeseries(hour, since, now(), None).await?;
        expect("the hours of a day", &series.len(), &24)?;
        Ok(began.elapsed())
    })
}
