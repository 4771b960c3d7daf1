use std::sync::Arc;

use async_trait::async_trait;
use chrono::{TimeDelta, Timelike};
use plimsoll_contract::{
    Answer, DashboardStatistics, Error, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, Page,
    Result, RunId, RunStatus, RunStore, RunTimeseriesBucket, RunTimeseriesGranularity, StartRun,
    StepStatus,
};
use plimsoll_sql::{Limits, Window, assemble};
use sqlx::SqliteConnection;

use crate::SqliteBackend;
use crate::database::{Open, all};
use crate::rows::{AttemptRow, Record, RunRow, StepRow, records};
use crate::run_search::Filter;
use crate::run_timeseries::series;
use crate::steps::NewAttempt;

#[async_trait]
impl RunStore for SqliteBackend {
    async fn start_run(&self, start: &StartRun) -> Result<FlowRun> {
        let open = self.open_namespace()?;
        let run = start.to_run(open.opened.now());
        let insert = open
            .statement(
                "INSERT INTO flow_runs
                     (namespace, id, flow_id, flow_name, status, trigger_key, trigger_data_json,
                      background_job_id, started_at, source_run_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
            )
            .bind(run.id.0)
            .bind(run.flow_id.0)
            .bind(&run.flow_name)
            .bind(run.status.name())
            .bind(&run.trigger_key)
            .bind(&run.trigger_data_json)
            .bind(&run.background_job_id)
            .bind(run.started_at.timestamp_micros())
            .bind(run.source_run_id.map(|id| id.0));
        match open.database.execute(insert).await? {
            0 => Err(Error::AlreadyExists.into()),
            _ => Ok(run),
        }
    }

    async fn get_derived_runs(&self, source_run_id: RunId) -> Result<Vec<FlowRun>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<RunRow>(
                "SELECT * FROM flow_runs WHERE namespace = ?1 AND source_run_id = ?2
                 ORDER BY started_at DESC, id",
            )
            .bind(source_run_id.0);
        Ok(records(open.database.all(select).await?)?)
    }

    async fn record_step_start(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        input_json: Option<&str>,
        job_id: Option<&str>,
    ) -> Result<()> {
        let running = NewAttempt::running(step_type, input_json, job_id);
        Ok(self.add_attempt(run_id, step_key, &running).await?)
    }

    async fn record_step_complete(
        &self,
        run_id: RunId,
        step_key: &str,
        status: StepStatus,
        output_json: Option<&str>,
        error_message: Option<&str>,
    ) -> Result<()> {
        self.open_namespace()?;
        if status == StepStatus::Running {
            let message = "`running` does not complete a step".to_owned();
            return Err(Error::InvalidArgument(message).into());
        }
        Ok(self.complete_step(run_id, step_key, status, output_json, error_message).await?)
    }

    async fn complete_run(&self, run_id: RunId, status: RunStatus) -> Result<()> {
        let open = self.open_namespace()?;
        if status == RunStatus::Running {
            let message = "`running` does not complete a run".to_owned();
            return Err(Error::InvalidArgument(message).into());
        }
        let complete = open
            .statement(
                "UPDATE flow_runs SET status = ?3, completed_at = ?4
                 WHERE namespace = ?1 AND id = ?2",
            )
            .bind(run_id.0)
            .bind(status.name())
            .bind(open.now());
        open.database.execute(complete).await?;
        Ok(())
    }

    async fn get_runs(&self, flow_id: Option<FlowId>, page: Page) -> Result<Vec<FlowRun>> {
        let open = self.open_namespace()?;
        let limits = Limits::of_runs(page);
        let select = open
            .select::<RunRow>(match flow_id {
                None => {
                    "SELECT * FROM flow_runs WHERE namespace = ?1
                     ORDER BY started_at DESC, id LIMIT ?2 OFFSET ?3"
                }
                Some(_) => {
                    "SELECT * FROM flow_runs WHERE namespace = ?1 AND flow_id = ?4
                     ORDER BY started_at DESC, id LIMIT ?2 OFFSET ?3"
                }
            })
            .bind(limits.take)
            .bind(limits.skip)
            .bind(flow_id.map(|id| id.0));
        Ok(records(open.database.all(select).await?)?)
    }

    async fn get_runs_page(
        &self,
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<&str>,
    ) -> Result<FlowRunPage> {
        let open = self.open_namespace()?;
        let filter = Filter::new(flow_id, status, search);
        Ok(filter.page(&open, Limits::of_runs(page)).await?)
    }

    async fn get_run_detail(&self, run_id: RunId) -> Result<Option<FlowRunDetail>> {
        let open = self.open_namespace()?;
        let database = Arc::clone(&open.database);
        let read = database.read(move |connection| {
            Box::pin(async move { detail(connection, &open, run_id).await })
        });
        Ok(read.await?)
    }

    async fn get_statistics(&self) -> Result<DashboardStatistics> {
        let open = self.open_namespace()?;
        let (today, tomorrow) = day_of(open.opened.now());
        let select = open
            .select::<(i64, i64, i64, i64)>(
                "SELECT
                     (SELECT count(*) FROM flow_definitions WHERE namespace = ?1 AND is_enabled),
                     (SELECT count(*) FROM flow_runs
                      WHERE namespace = ?1 AND status = 'running'),
                     (SELECT count(*) FROM flow_runs
                      WHERE namespace = ?1 AND completed_at >= ?2 AND completed_at < ?3
                          AND status = 'succeeded'),
                     (SELECT count(*) FROM flow_runs
                      WHERE namespace = ?1 AND completed_at >= ?2 AND completed_at < ?3
                          AND status = 'failed')",
            )
            .bind(today)
            .bind(tomorrow);
        let counts = open.database.optional(select).await?.unwrap_or_default();
        Ok(DashboardStatistics {
            total_flows: counts.0.cast_unsigned(),
            active_runs: counts.1.cast_unsigned(),
            completed_today: counts.2.cast_unsigned(),
            failed_today: counts.3.cast_unsigned(),
        })
    }

    async fn get_run_timeseries(
        &self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<FlowId>,
    ) -> Result<Vec<RunTimeseriesBucket>> {
        let open = self.open_namespace()?;
        let window = Window::new(granularity, since, until)?;
        Ok(series(&open, &window, flow_id).await?)
    }

    async fn get_active_runs(&self) -> Result<Vec<FlowRun>> {
        let open = self.open_namespace()?;
        let select = open.select::<RunRow>(
            "SELECT * FROM flow_runs WHERE namespace = ?1 AND status = 'running'
             ORDER BY started_at DESC, id",
        );
        Ok(records(open.database.all(select).await?)?)
    }

    async fn retry_step(&self, run_id: RunId, step_key: &str) -> Result<()> {
        Ok(self.reopen_step(run_id, step_key).await?)
    }

    async fn reset_cascade_skipped_dependents(
        &self,
        run_id: RunId,
        step_keys: &[String],
    ) -> Result<()> {
        Ok(self.reset_steps(run_id, step_keys).await?)
    }

    async fn try_record_dispatch(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        let open = self.open_namespace()?;
        let enter = open
            .statement(
                "INSERT INTO flow_step_dispatches (namespace, run_id, step_key)
                 VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )
            .bind(run_id.0)
            .bind(step_key);
        Ok(open.database.execute(enter).await? > 0)
    }

    async fn annotate_dispatch(&self, run_id: RunId, step_key: &str, job_id: &str) -> Result<()> {
        let open = self.open_namespace()?;
        let annotate = open
            .statement(
                "UPDATE flow_step_dispatches SET job_id = ?4
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
            )
            .bind(run_id.0)
            .bind(step_key)
            .bind(job_id);
        open.database.execute(annotate).await?;
        Ok(())
    }

    async fn release_dispatch(&self, run_id: RunId, step_key: &str) -> Result<()> {
        let open = self.open_namespace()?;
        let release = open
            .statement(
                "DELETE FROM flow_step_dispatches
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
            )
            .bind(run_id.0)
            .bind(step_key);
        open.database.execute(release).await?;
        Ok(())
    }

    async fn get_dispatched_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<(String,)>(
                "SELECT step_key FROM flow_step_dispatches WHERE namespace = ?1 AND run_id = ?2",
            )
            .bind(run_id.0);
        let rows = open.database.all(select).await?;
        Ok(rows.into_iter().map(|(key,)| key).collect())
    }
}

async fn detail(
    connection: &mut SqliteConnection,
    open: &Open,
    run_id: RunId,
) -> Answer<Option<FlowRunDetail>> {
    let run = open
        .select::<RunRow>("SELECT * FROM flow_runs WHERE namespace = ?1 AND id = ?2")
        .bind(run_id.0);
    let Some(run) = all(connection, run).await?.into_iter().next() else { return Ok(None) };
    let steps = open
        .select::<StepRow>(
            "SELECT step_key, step.status, step.started_at, step.completed_at,
                 step.evaluation_trace_json, step_type, input_json, output_json, error_message,
                 job_id
             FROM flow_steps AS step
             JOIN flow_step_attempts AS latest USING (namespace, run_id, step_key)
             WHERE namespace = ?1 AND run_id = ?2 AND step.status IS NOT NULL
                 AND latest.attempt = step.attempt_count",
        )
        .bind(run_id.0);
    let steps = all(connection, steps).await?.into_iter().map(|step| step.step(run_id));
    let steps = steps.collect::<Answer<Vec<_>>>()?;
    let attempts = open
        .select::<AttemptRow>(
            "SELECT * FROM flow_step_attempts WHERE namespace = ?1 AND run_id = ?2",
        )
        .bind(run_id.0);
    let attempts = records(all(connection, attempts).await?)?;
    Ok(Some(assemble(run.record()?, steps, attempts)))
}

/// The bounds of the UTC day, in microseconds since 1970, the second one left out.
fn day_of(now: Instant) -> (i64, i64) {
    let into_day = i64::from(now.num_seconds_from_midnight());
    let first = (now.timestamp() - into_day) * 1_000_000;
    (first, first + TimeDelta::days(1).num_seconds() * 1_000_000)
}
