//! Rows of runs.

use plimsoll_contract::{Answer, FlowId, FlowRun, Instant, RunId, RunStatus};
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

/// The runs of one status, when each began and ended: what timeseries read. A row a run would take
/// longer to hand over than to find.
#[derive(sqlx::FromRow)]
pub(crate) struct SpansRow {
    status: String,
    starts: Vec<Instant>,
    ends: Vec<Option<Instant>>,
}

impl SpansRow {
    /// Start, end and status of each.
    pub(crate) fn spans(
        self,
    ) -> Answer<impl Iterator<Item = (Instant, Option<Instant>, RunStatus)>> {
        let status = run_status(&self.status)?;
        let spans = self.starts.into_iter().zip(self.ends);
        Ok(spans.map(move |(start, end)| (start, end, status)))
    }
}
