//! `get-run-detail`: a run, its steps and their attempts, of one moment (RUN-41).

use plimsoll_contract::{Answer, FlowRunDetail, FlowStep, FlowStepAttempt, Instant, Result, RunId};
use plimsoll_sql::{assemble, step_status, unreadable};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use crate::call::Call;
use crate::run_row::RunRow;

/// The run comes as a row whose attempt is -1, each step as one whose attempt is 0. One statement
/// sees one moment and takes one round trip; three would need a transaction, and five.
const DETAIL: &str = "
SELECT -1 AS attempt, id, flow_id, flow_name, status, trigger_key, trigger_data_json,
    background_job_id, started_at, completed_at, source_run_id,
    NULL AS step_key, NULL AS step_type, NULL AS input_json, NULL AS output_json,
    NULL AS error_message, NULL AS job_id, NULL AS evaluation_trace_json
FROM flow_runs WHERE namespace = $1 AND id = $2
UNION ALL
SELECT 0, NULL, NULL, NULL, s.status, NULL, NULL, NULL, s.started_at, s.completed_at, NULL,
    s.step_key, s.step_type, s.input_json, s.output_json, s.error_message, s.job_id,
    s.evaluation_trace_json
FROM flow_steps s WHERE s.namespace = $1 AND s.run_id = $2 AND NOT s.is_reset
UNION ALL
SELECT a.attempt, NULL, NULL, NULL, a.status, NULL, NULL, NULL, a.started_at, a.completed_at, NULL,
    a.step_key, a.step_type, a.input_json, a.output_json, a.error_message, a.job_id,
    a.evaluation_trace_json
FROM flow_step_attempts a WHERE a.namespace = $1 AND a.run_id = $2";

/// A row of a step or of an attempt.
#[derive(sqlx::FromRow)]
struct StepRow {
    attempt: i32,
    step_key: String,
    step_type: String,
    status: String,
    input_json: Option<String>,
    output_json: Option<String>,
    error_message: Option<String>,
    job_id: Option<String>,
    started_at: Instant,
    completed_at: Option<Instant>,
    evaluation_trace_json: Option<String>,
}

/// Whichever of the three a row is.
enum DetailRow {
    Run(RunRow),
    Step(StepRow),
}

impl FromRow<'_, PgRow> for DetailRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        match row.try_get::<i32, _>("attempt")? {
            -1 => Ok(Self::Run(RunRow::from_row(row)?)),
            _ => Ok(Self::Step(StepRow::from_row(row)?)),
        }
    }
}

impl StepRow {
    fn into_step(self, run_id: RunId) -> Answer<FlowStep> {
        Ok(FlowStep {
            run_id,
            status: step_status(&self.status)?,
            step_key: self.step_key,
            step_type: self.step_type,
            input_json: self.input_json,
            output_json: self.output_json,
            error_message: self.error_message,
            job_id: self.job_id,
            started_at: self.started_at,
            completed_at: self.completed_at,
            evaluation_trace_json: self.evaluation_trace_json,
            attempts: Vec::new(),
        })
    }

    fn into_attempt(self) -> Answer<(String, FlowStepAttempt)> {
        let attempt = FlowStepAttempt {
            attempt: u32::try_from(self.attempt)
                .map_err(|_| unreadable(&format!("an attempt {}", self.attempt)))?,
            step_type: self.step_type,
            status: step_status(&self.status)?,
            input_json: self.input_json,
            output_json: self.output_json,
            error_message: self.error_message,
            job_id: self.job_id,
            started_at: self.started_at,
            completed_at: self.completed_at,
            evaluation_trace_json: self.evaluation_trace_json,
        };
        Ok((self.step_key, attempt))
    }
}

/// The run with its steps and attempts; none without a run.
pub(crate) async fn run_detail(call: &Call, run_id: RunId) -> Result<Option<FlowRunDetail>> {
    let rows: Vec<DetailRow> = call.statement(DETAIL).bind(run_id.0).read_all().await?;
    let (mut run, mut steps, mut attempts) = (None, Vec::new(), Vec::new());
    for row in rows {
        match row {
            DetailRow::Run(row) => run = Some(row.into_run()?),
            DetailRow::Step(row) if row.attempt == 0 => steps.push(row.into_step(run_id)?),
            DetailRow::Step(row) => attempts.push(row.into_attempt()?),
        }
    }
    Ok(run.map(|run| assemble(run, steps, attempts)))
}
