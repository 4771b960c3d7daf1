use async_trait::async_trait;
use chrono::TimeDelta;
use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{
    Answer, DashboardStatistics, Error, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, Page,
    Result, RunId, RunStatus, RunStore, RunTimeseriesBucket, RunTimeseriesGranularity, StartRun,
    StepStatus,
};
use plimsoll_sql::{Limits, Window, run_search, step_status_name};

use crate::run_detail::run_detail;
use crate::run_page::run_page;
use crate::run_row::{RunRow, SpansRow, runs};
use crate::{PostgresBackend, text};

/// A new attempt of a step, running or skipped.
pub(crate) struct Attempt<'a> {
    pub(crate) run_id: RunId,
    pub(crate) step_key: &'a str,
    pub(crate) step_type: &'a str,
    pub(crate) status: StepStatus,
    pub(crate) input: Option<&'a str>,
    pub(crate) job_id: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) trace: Option<&'a str>,
}

/// The row of the step counts its attempts and is locked until the new one is there, so numbers
/// have no gaps; the row of a step that was reset goes on counting (RUN-12, RUN-69).
const ADD_ATTEMPT: &str = "
WITH step AS (
    INSERT INTO flow_steps AS s (namespace, run_id, step_key, attempt_count, step_type, status,
        input_json, job_id, error_message, evaluation_trace_json, started_at, completed_at)
    VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (namespace, run_id, step_key) DO UPDATE
    SET is_reset = false, attempt_count = s.attempt_count + 1, step_type = $4, status = $5,
        input_json = $6, job_id = $7, output_json = NULL, error_message = $8,
        evaluation_trace_json = $9, completed_at = $11
    RETURNING s.attempt_count
)
INSERT INTO flow_step_attempts (namespace, run_id, step_key, attempt, step_type, status,
    input_json, job_id, error_message, evaluation_trace_json, started_at, completed_at)
SELECT $1, $2, $3, step.attempt_count, $4, $5, $6, $7, $8, $9, $10, $11 FROM step";

#[async_trait]
impl RunStore for PostgresBackend {
    async fn start_run(&self, start: &StartRun) -> Result<FlowRun> {
        let call = self.call()?;
        let added = call
            .statement(
                "INSERT INTO flow_runs (namespace, id, flow_id, flow_name, status, trigger_key, \
                     trigger_data_json, background_job_id, started_at, source_run_id) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            )
            .bind(start.run_id.0)
            .bind(start.flow_id.0)
            .bind(text::plain("the flow name", &start.flow_name)?)
            .bind(RunStatus::Running.name())
            .bind(text::key("the trigger key", &start.trigger_key)?)
            .bind(text::optional("the trigger data", start.trigger_data_json.as_deref())?)
            .bind(text::optional("the job id", start.job_id.as_deref())?)
            .bind(call.now())
            .bind(start.source_run_id.map(|id| id.0))
            .execute()
            .await?;
        match added {
            0 => Err(Error::AlreadyExists.into()),
            _ => Ok(start.to_run(call.now())),
        }
    }

    async fn get_derived_runs(&self, source_run_id: RunId) -> Result<Vec<FlowRun>> {
        let call = self.call()?;
        let rows: Vec<RunRow> = call
            .statement(
                "SELECT * FROM flow_runs WHERE namespace = $1 AND source_run_id = $2 \
                 ORDER BY started_at DESC, id",
            )
            .bind(source_run_id.0)
            .read_all()
            .await?;
        Ok(runs(rows)?)
    }

    async fn record_step_start(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        input_json: Option<&str>,
        job_id: Option<&str>,
    ) -> Result<()> {
        self.add_attempt(Attempt {
            run_id,
            step_key,
            step_type,
            status: StepStatus::Running,
            input: input_json,
            job_id,
            error: None,
            trace: None,
        })
        .await
    }

    async fn record_step_complete(
        &self,
        run_id: RunId,
        step_key: &str,
        status: StepStatus,
        output_json: Option<&str>,
        error_message: Option<&str>,
    ) -> Result<()> {
        let call = self.call()?;
        if status == StepStatus::Running {
            let message = "`running` does not complete a step".to_owned();
            return Err(Error::InvalidArgument(message).into());
        }
        call.statement("SELECT complete_step($1, $2, $3, $4, $5, $6, $7)")
            .bind(run_id.0)
            .bind(text::step_key(step_key)?)
            .bind(step_status_name(status))
            .bind(text::optional("the output", output_json)?)
            .bind(text::optional("the error", error_message)?)
            .bind(call.now())
            .execute()
            .await?;
        Ok(())
    }

    async fn complete_run(&self, run_id: RunId, status: RunStatus) -> Result<()> {
        let call = self.call()?;
        if status == RunStatus::Running {
            let message = "`running` does not complete a run".to_owned();
            return Err(Error::InvalidArgument(message).into());
        }
        call.statement(
            "UPDATE flow_runs SET status = $3, completed_at = $4 WHERE namespace = $1 AND id = $2",
        )
        .bind(run_id.0)
        .bind(status.name())
        .bind(call.now())
        .execute()
        .await?;
        Ok(())
    }

    async fn get_runs(&self, flow_id: Option<FlowId>, page: Page) -> Result<Vec<FlowRun>> {
        let call = self.call()?;
        let limits = Limits::of_runs(page);
        let statement = match flow_id {
            None => call.statement(
                "SELECT * FROM flow_runs WHERE namespace = $1 \
                 ORDER BY started_at DESC, id LIMIT $2 OFFSET $3",
            ),
            Some(_) => call.statement(
                "SELECT * FROM flow_runs WHERE namespace = $1 AND flow_id = $4 \
                 ORDER BY started_at DESC, id LIMIT $2 OFFSET $3",
            ),
        };
        let mut statement = statement.bind(limits.take).bind(limits.skip);
        if let Some(id) = flow_id {
            statement = statement.bind(id.0);
        }
        Ok(runs(statement.read_all().await?)?)
    }

    async fn get_runs_page(
        &self,
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<&str>,
    ) -> Result<FlowRunPage> {
        let call = self.call()?;
        let search = run_search(text::optional("the search", search)?);
        run_page(&call, flow_id, status, page, search).await
    }

    async fn get_run_detail(&self, run_id: RunId) -> Result<Option<FlowRunDetail>> {
        run_detail(&self.call()?, run_id).await
    }

    async fn get_statistics(&self) -> Result<DashboardStatistics> {
        let call = self.call()?;
        let today = call.now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let (total_flows, active_runs, completed_today, failed_today): (i64, i64, i64, i64) = call
            .statement(
                "SELECT \
                     (SELECT count(*) FROM flow_definitions \
                      WHERE namespace = $1 AND is_enabled), \
                     (SELECT count(*) FROM flow_runs \
                      WHERE namespace = $1 AND status = 'running'), \
                     count(*) FILTER (WHERE status = 'succeeded'), \
                     count(*) FILTER (WHERE status = 'failed') \
                 FROM flow_runs \
                 WHERE namespace = $1 AND completed_at >= $2 AND completed_at < $3",
            )
            .bind(today)
            .bind(today + TimeDelta::days(1))
            .read_one()
            .await?;
        Ok(DashboardStatistics {
            total_flows: total_flows.cast_unsigned(),
            active_runs: active_runs.cast_unsigned(),
            completed_today: completed_today.cast_unsigned(),
            failed_today: failed_today.cast_unsigned(),
        })
    }

    async fn get_run_timeseries(
        &self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<FlowId>,
    ) -> Result<Vec<RunTimeseriesBucket>> {
        let call = self.call()?;
        let window = Window::new(granularity, since, until)?;
        let (first, last) = window.bounds()?;
        let statement = match flow_id {
            None => call.statement(
                "SELECT status, array_agg(started_at) AS starts, array_agg(completed_at) AS ends \
                 FROM flow_runs WHERE namespace = $1 AND started_at >= $2 AND started_at < $3 \
                 GROUP BY status",
            ),
            Some(_) => call.statement(
                "SELECT status, array_agg(started_at) AS starts, array_agg(completed_at) AS ends \
                 FROM flow_runs \
                 WHERE namespace = $1 AND started_at >= $2 AND started_at < $3 AND flow_id = $4 \
                 GROUP BY status",
            ),
        };
        let mut statement = statement.bind(first).bind(last);
        if let Some(id) = flow_id {
            statement = statement.bind(id.0);
        }
        let rows: Vec<SpansRow> = statement.read_all().await?;
        let spans = rows.into_iter().map(SpansRow::spans).collect::<Answer<Vec<_>>>()?;
        Ok(window.buckets(spans.into_iter().flatten())?)
    }

    async fn get_active_runs(&self) -> Result<Vec<FlowRun>> {
        let call = self.call()?;
        let rows: Vec<RunRow> = call
            .statement(
                "SELECT * FROM flow_runs WHERE namespace = $1 AND status = 'running' \
                 ORDER BY started_at DESC, id",
            )
            .read_all()
            .await?;
        Ok(runs(rows)?)
    }

    async fn retry_step(&self, run_id: RunId, step_key: &str) -> Result<()> {
        let call = self.call()?;
        call.statement("SELECT retry_step($1, $2, $3)")
            .bind(run_id.0)
            .bind(text::step_key(step_key)?)
            .execute()
            .await?;
        Ok(())
    }

    async fn reset_cascade_skipped_dependents(
        &self,
        run_id: RunId,
        step_keys: &[String],
    ) -> Result<()> {
        let call = self.call()?;
        for key in step_keys {
            text::step_key(key)?;
        }
        call.statement("SELECT reset_steps($1, $2, $3, $4)")
            .bind(run_id.0)
            .bind(step_keys)
            .bind(PREREQUISITE_NOT_SATISFIED)
            .execute()
            .await?;
        Ok(())
    }

    async fn try_record_dispatch(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        let call = self.call()?;
        let added = call
            .statement(
                "INSERT INTO flow_step_dispatches (namespace, run_id, step_key, dispatched_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(run_id.0)
            .bind(text::step_key(step_key)?)
            .bind(call.now())
            .execute()
            .await?;
        Ok(added == 1)
    }

    async fn annotate_dispatch(&self, run_id: RunId, step_key: &str, job_id: &str) -> Result<()> {
        let call = self.call()?;
        call.statement(
            "UPDATE flow_step_dispatches SET job_id = $4 \
             WHERE namespace = $1 AND run_id = $2 AND step_key = $3",
        )
        .bind(run_id.0)
        .bind(text::step_key(step_key)?)
        .bind(text::plain("the job id", job_id)?)
        .execute()
        .await?;
        Ok(())
    }

    async fn release_dispatch(&self, run_id: RunId, step_key: &str) -> Result<()> {
        let call = self.call()?;
        call.statement(
            "DELETE FROM flow_step_dispatches \
             WHERE namespace = $1 AND run_id = $2 AND step_key = $3",
        )
        .bind(run_id.0)
        .bind(text::step_key(step_key)?)
        .execute()
        .await?;
        Ok(())
    }

    async fn get_dispatched_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        let call = self.call()?;
        let rows: Vec<(String,)> = call
            .statement(
                "SELECT step_key FROM flow_step_dispatches WHERE namespace = $1 AND run_id = $2",
            )
            .bind(run_id.0)
            .read_all()
            .await?;
        Ok(rows.into_iter().map(|(key,)| key).collect())
    }
}

impl PostgresBackend {
    /// Adds an attempt, and makes the step what the attempt is.
    pub(crate) async fn add_attempt(&self, attempt: Attempt<'_>) -> Result<()> {
        let call = self.call()?;
        let is_over = attempt.status != StepStatus::Running;
        call.statement(ADD_ATTEMPT)
            .bind(attempt.run_id.0)
            .bind(text::step_key(attempt.step_key)?)
            .bind(text::plain("the step type", attempt.step_type)?)
            .bind(step_status_name(attempt.status))
            .bind(text::optional("the input", attempt.input)?)
            .bind(text::optional("the job id", attempt.job_id)?)
            .bind(text::optional("the reason", attempt.error)?)
            .bind(text::optional("the trace", attempt.trace)?)
            .bind(call.now())
            .bind(is_over.then(|| call.now()))
            .execute()
            .await?;
        Ok(())
    }
}
