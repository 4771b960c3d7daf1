//! Rows of runs.

use plimsoll_contract::{Answer, FlowId, FlowRun, Instant, RunId};
use plimsoll_sql::run_status;
use uuid::Uuid;

/// A row of `flow_runs`.
#[derive(sqlx::FromRow)]
pub(crate) struct RunRow {
    id: Uuid,
    flow_id: Uuid,
    flow_name: String,
    status: String,
    trigger_key: String,
    trigger_data_json: Option<String>,
    background_job_id: Option<String>,
    started_at: Instant,
    completed_at: Option<Instant>,
    source_run_id: Option<Uuid>,
}

impl RunRow {
    /// The run as the contract shows it.
    pub(crate) fn into_run(self) -> Answer<FlowRun> {
        Ok(FlowRun {
            id: RunId(self.id),
            flow_id: FlowId(self.flow_id),
            flow_name: self.flow_name,
            status: run_status(&self.status)?,
            trigger_key: self.trigger_key,
            trigger_data_json: self.trigger_data_json,
            background_job_id: self.background_job_id,
            started_at: self.started_at,
            completed_at: self.completed_at,
            source_run_id: self.source_run_id.map(RunId),
        })
    }
}

/// The runs as the contract shows them.
pub(crate) fn runs(rows: Vec<RunRow>) -> Answer<Vec<FlowRun>> {
    rows.into_iter().map(RunRow::into_run).collect()
}
