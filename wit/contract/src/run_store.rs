//! The interface `run-store`.

use async_trait::async_trait;

use crate::{
    DashboardStatistics, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, Page, Result, RunId,
    RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity, StartRun, StepStatus,
};

/// The error text of a step that was skipped because a predecessor did not end as required. Only
/// steps with exactly this text are reset by `reset-cascade-skipped-dependents` (RUN-67).
pub const PREREQUISITE_NOT_SATISFIED: &str =
    "Prerequisite status did not satisfy runAfter conditions.";

/// Runs, their steps and attempts, the dispatch ledger, and what the dashboard asks about them.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Creates a run and answers it. RUN-1 to 4.
    ///
    /// # Errors
    ///
    /// `already-exists` for an id that is in use.
    async fn start_run(&self, start: &StartRun) -> Result<FlowRun>;

    /// Lists the runs that repeat a run. RUN-5 to 7.
    async fn get_derived_runs(&self, source_run_id: RunId) -> Result<Vec<FlowRun>>;

    /// Records that a step starts: one more attempt, and the step runs. RUN-8 to 14.
    async fn record_step_start(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        input_json: Option<&str>,
        job_id: Option<&str>,
    ) -> Result<()>;

    /// Records the outcome of a step's latest attempt. RUN-15 to 21.
    ///
    /// # Errors
    ///
    /// `invalid-argument` for the status `running`.
    async fn record_step_complete(
        &self,
        run_id: RunId,
        step_key: &str,
        status: StepStatus,
        output_json: Option<&str>,
        error_message: Option<&str>,
    ) -> Result<()>;

    /// Ends a run. RUN-22 to 26.
    ///
    /// # Errors
    ///
    /// `invalid-argument` for the status `running`.
    async fn complete_run(&self, run_id: RunId, status: RunStatus) -> Result<()>;

    /// Lists runs, the latest first. RUN-27 to 30.
    async fn get_runs(&self, flow_id: Option<FlowId>, page: Page) -> Result<Vec<FlowRun>>;

    /// Lists runs that match every given condition, and counts them. RUN-31 to 38.
    async fn get_runs_page(
        &self,
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<&str>,
    ) -> Result<FlowRunPage>;

    /// Answers a run with its steps and their attempts. RUN-39 to 41.
    async fn get_run_detail(&self, run_id: RunId) -> Result<Option<FlowRunDetail>>;

    /// Counts for the dashboard's front page. RUN-42 to 45.
    async fn get_statistics(&self) -> Result<DashboardStatistics>;

    /// Counts runs by the hour or day in which they started. RUN-46 to 56.
    ///
    /// # Errors
    ///
    /// `invalid-argument` for more than 10,000 buckets.
    async fn get_run_timeseries(
        &self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<FlowId>,
    ) -> Result<Vec<RunTimeseriesBucket>>;

    /// Lists all runs that are running. RUN-57, 58.
    async fn get_active_runs(&self) -> Result<Vec<FlowRun>>;

    /// Prepares a finished step to run again. RUN-59 to 66.
    async fn retry_step(&self, run_id: RunId, step_key: &str) -> Result<()>;

    /// Forgets steps that were skipped only because a predecessor failed. RUN-67 to 73.
    async fn reset_cascade_skipped_dependents(
        &self,
        run_id: RunId,
        step_keys: &[String],
    ) -> Result<()>;

    /// Enters a step in the dispatch ledger: true for one caller. RUN-74 to 78, 84.
    async fn try_record_dispatch(&self, run_id: RunId, step_key: &str) -> Result<bool>;

    /// Adds the job runtime's id to a dispatch entry. RUN-79, 80.
    async fn annotate_dispatch(&self, run_id: RunId, step_key: &str, job_id: &str) -> Result<()>;

    /// Removes a dispatch entry. RUN-81, 82.
    async fn release_dispatch(&self, run_id: RunId, step_key: &str) -> Result<()>;

    /// Lists the keys in a run's dispatch ledger, in any order. RUN-83.
    async fn get_dispatched_step_keys(&self, run_id: RunId) -> Result<Vec<String>>;
}
