//! Numbers over all runs.

use plimsoll_timeseries as timeseries;

use crate::flow::storage::types::{
    DashboardStatistics, Error, FlowDefinition, Instant, RunStatus, RunTimeseriesBucket,
    RunTimeseriesGranularity, Uuid,
};
use crate::run::Record;
use crate::session::{Session, now};
use crate::store;

impl Session {
    pub fn statistics(&self) -> Result<DashboardStatistics, Error> {
        let day = |instant: Instant| instant.seconds.div_euclid(86_400);
        let today = day(now());
        let (mut total_flows, mut active_runs) = (0, 0);
        let (mut completed_today, mut failed_today) = (0, 0);
        store::each(&self.buckets.definitions, |definition: FlowDefinition| {
            total_flows += u64::from(definition.is_enabled);
            Ok(())
        })?;
        self.each_run(|run| {
            let ended_today = run.record.completed_at.map(day) == Some(today);
            match run.record.status {
                RunStatus::Running => active_runs += 1,
                RunStatus::Succeeded => completed_today += u64::from(ended_today),
                RunStatus::Failed => failed_today += u64::from(ended_today),
                RunStatus::Cancelled | RunStatus::TimedOut | RunStatus::Skipped => {}
            }
            Ok(())
        })?;
        Ok(DashboardStatistics { total_flows, active_runs, completed_today, failed_today })
    }

    pub fn timeseries(
        &self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<Uuid>,
    ) -> Result<Vec<RunTimeseriesBucket>, Error> {
        let granularity = match granularity {
            RunTimeseriesGranularity::Hour => timeseries::Granularity::Hour,
            RunTimeseriesGranularity::Day => timeseries::Granularity::Day,
        };
        let mut rows = Vec::new();
        self.each_run(|run| {
            let is_in_window = (since..until).contains(&run.record.started_at);
            if is_in_window && flow_id.is_none_or(|id| id == run.record.flow_id) {
                rows.push(to_row(&run.record));
            }
            Ok(())
        })?;
        timeseries::aggregate(rows, granularity, to_library(since), to_library(until))
            .map(|buckets| buckets.into_iter().map(to_bucket).collect())
            .map_err(|error| Error::InvalidArgument(error.to_string()))
    }
}

fn to_library(instant: Instant) -> timeseries::Instant {
    timeseries::Instant::new(instant.seconds, instant.nanoseconds)
}

fn to_row(run: &Record) -> timeseries::Run {
    timeseries::Run {
        started_at: to_library(run.started_at),
        completed_at: run.completed_at.map(to_library),
        status: match run.status {
            RunStatus::Running => timeseries::Status::Running,
            RunStatus::Succeeded => timeseries::Status::Succeeded,
            RunStatus::Failed => timeseries::Status::Failed,
            RunStatus::Cancelled => timeseries::Status::Cancelled,
            RunStatus::TimedOut => timeseries::Status::TimedOut,
            RunStatus::Skipped => timeseries::Status::Skipped,
        },
    }
}

fn to_bucket(bucket: timeseries::Bucket) -> RunTimeseriesBucket {
    let timeseries::Instant { seconds, nanoseconds } = bucket.timestamp;
    RunTimeseriesBucket {
        timestamp: Instant { seconds, nanoseconds },
        total: bucket.total,
        succeeded: bucket.succeeded,
        failed: bucket.failed,
        cancelled: bucket.cancelled,
        running: bucket.running,
        p50_duration_ms: bucket.p50_duration_ms,
        p95_duration_ms: bucket.p95_duration_ms,
    }
}
