//! What statements answer, and how it becomes the contract's records.

use plimsoll_contract::{
    Answer, FlowDefinition, FlowEventRecord, FlowId, FlowRun, FlowStep, FlowStepAttempt,
    RunControl, RunId, ScheduleState, SignalWaiter, WebhookRejection,
};
use plimsoll_sql::{from_micros, run_status, step_status, unreadable};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

/// A row that becomes a record of the contract.
pub(crate) trait Record {
    type Of;

    /// # Errors
    ///
    /// `other`, for values that no version of the backend wrote.
    fn record(self) -> Answer<Self::Of>;
}

/// Makes records of rows.
pub(crate) fn records<R: Record>(rows: Vec<R>) -> Answer<Vec<R::Of>> {
    rows.into_iter().map(Record::record).collect()
}

#[derive(FromRow)]
pub(crate) struct DefinitionRow {
    id: Uuid,
    name: String,
    version: String,
    manifest_json: Option<String>,
    is_enabled: bool,
    created_at: i64,
    updated_at: i64,
}

impl Record for DefinitionRow {
    type Of = FlowDefinition;

    fn record(self) -> Answer<FlowDefinition> {
        Ok(FlowDefinition {
            id: FlowId(self.id),
            name: self.name,
            version: self.version,
            manifest_json: self.manifest_json,
            is_enabled: self.is_enabled,
            created_at: from_micros(self.created_at)?,
            updated_at: from_micros(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct RunRow {
    id: Uuid,
    flow_id: Uuid,
    flow_name: String,
    status: String,
    trigger_key: String,
    trigger_data_json: Option<String>,
    background_job_id: Option<String>,
    started_at: i64,
    completed_at: Option<i64>,
    source_run_id: Option<Uuid>,
}

impl Record for RunRow {
    type Of = FlowRun;

    fn record(self) -> Answer<FlowRun> {
        Ok(FlowRun {
            id: RunId(self.id),
            flow_id: FlowId(self.flow_id),
            flow_name: self.flow_name,
            status: run_status(&self.status)?,
            trigger_key: self.trigger_key,
            trigger_data_json: self.trigger_data_json,
            background_job_id: self.background_job_id,
            started_at: from_micros(self.started_at)?,
            completed_at: self.completed_at.map(from_micros).transpose()?,
            source_run_id: self.source_run_id.map(RunId),
        })
    }
}

/// A row of a page: the total is there on all of them, and alone on a page without items.
pub(crate) struct PageRow {
    pub(crate) total_count: i64,
    pub(crate) run: Option<RunRow>,
}

impl FromRow<'_, SqliteRow> for PageRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let run = match row.try_get::<Option<Uuid>, _>("id")? {
            Some(_) => Some(RunRow::from_row(row)?),
            None => None,
        };
        Ok(Self { total_count: row.try_get("total_count")?, run })
    }
}

/// A step, joined with its latest attempt.
#[derive(FromRow)]
pub(crate) struct StepRow {
    step_key: String,
    status: String,
    started_at: i64,
    completed_at: Option<i64>,
    evaluation_trace_json: Option<String>,
    step_type: String,
    input_json: Option<String>,
    output_json: Option<String>,
    error_message: Option<String>,
    job_id: Option<String>,
}

impl StepRow {
    /// The step without its attempts.
    pub(crate) fn step(self, run_id: RunId) -> Answer<FlowStep> {
        // A retry takes the completion from the step and leaves it on the attempt.
        let is_completed = self.completed_at.is_some();
        Ok(FlowStep {
            run_id,
            step_key: self.step_key,
            step_type: self.step_type,
            status: step_status(&self.status)?,
            input_json: self.input_json,
            output_json: self.output_json.filter(|_| is_completed),
            error_message: self.error_message.filter(|_| is_completed),
            job_id: self.job_id,
            started_at: from_micros(self.started_at)?,
            completed_at: self.completed_at.map(from_micros).transpose()?,
            evaluation_trace_json: self.evaluation_trace_json,
            attempts: Vec::new(),
        })
    }
}

#[derive(FromRow)]
pub(crate) struct AttemptRow {
    step_key: String,
    attempt: u32,
    step_type: String,
    status: String,
    input_json: Option<String>,
    output_json: Option<String>,
    error_message: Option<String>,
    job_id: Option<String>,
    started_at: i64,
    completed_at: Option<i64>,
    evaluation_trace_json: Option<String>,
}

impl Record for AttemptRow {
    /// The step key beside the attempt.
    type Of = (String, FlowStepAttempt);

    fn record(self) -> Answer<(String, FlowStepAttempt)> {
        let attempt = FlowStepAttempt {
            attempt: self.attempt,
            step_type: self.step_type,
            status: step_status(&self.status)?,
            input_json: self.input_json,
            output_json: self.output_json,
            error_message: self.error_message,
            job_id: self.job_id,
            started_at: from_micros(self.started_at)?,
            completed_at: self.completed_at.map(from_micros).transpose()?,
            evaluation_trace_json: self.evaluation_trace_json,
        };
        Ok((self.step_key, attempt))
    }
}

#[derive(FromRow)]
pub(crate) struct ControlRow {
    run_id: Uuid,
    flow_id: Uuid,
    trigger_key: String,
    idempotency_key: Option<String>,
    created_at: i64,
    timeout_at: Option<i64>,
    cancel_requested: bool,
    cancel_reason: Option<String>,
    cancel_requested_at: Option<i64>,
    timed_out_at: Option<i64>,
}

impl Record for ControlRow {
    type Of = RunControl;

    fn record(self) -> Answer<RunControl> {
        Ok(RunControl {
            run_id: RunId(self.run_id),
            flow_id: FlowId(self.flow_id),
            trigger_key: self.trigger_key,
            idempotency_key: self.idempotency_key,
            created_at: from_micros(self.created_at)?,
            timeout_at: self.timeout_at.map(from_micros).transpose()?,
            cancel_requested: self.cancel_requested,
            cancel_reason: self.cancel_reason,
            cancel_requested_at: self.cancel_requested_at.map(from_micros).transpose()?,
            timed_out_at: self.timed_out_at.map(from_micros).transpose()?,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct EventRow {
    sequence: i64,
    run_id: Uuid,
    timestamp: i64,
    event_type: String,
    step_key: Option<String>,
    message: Option<String>,
}

impl Record for EventRow {
    type Of = FlowEventRecord;

    fn record(self) -> Answer<FlowEventRecord> {
        Ok(FlowEventRecord {
            sequence: self.sequence,
            run_id: RunId(self.run_id),
            timestamp: from_micros(self.timestamp)?,
            event_type: self.event_type,
            step_key: self.step_key,
            message: self.message,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct WaiterRow {
    run_id: Uuid,
    step_key: String,
    signal_name: String,
    created_at: i64,
    expires_at: Option<i64>,
    delivered_at: Option<i64>,
    payload_json: Option<String>,
}

impl Record for WaiterRow {
    type Of = SignalWaiter;

    fn record(self) -> Answer<SignalWaiter> {
        Ok(SignalWaiter {
            run_id: RunId(self.run_id),
            step_key: self.step_key,
            signal_name: self.signal_name,
            created_at: from_micros(self.created_at)?,
            expires_at: self.expires_at.map(from_micros).transpose()?,
            delivered_at: self.delivered_at.map(from_micros).transpose()?,
            payload_json: self.payload_json,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct ScheduleRow {
    job_id: String,
    flow_id: Uuid,
    flow_name: String,
    trigger_key: String,
    is_paused: bool,
    cron_override: Option<String>,
    updated_at: i64,
}

impl Record for ScheduleRow {
    type Of = ScheduleState;

    fn record(self) -> Answer<ScheduleState> {
        Ok(ScheduleState {
            job_id: self.job_id,
            flow_id: FlowId(self.flow_id),
            flow_name: self.flow_name,
            trigger_key: self.trigger_key,
            is_paused: self.is_paused,
            cron_override: self.cron_override,
            updated_at: from_micros(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct RejectionRow {
    id: i64,
    flow_id: Option<Uuid>,
    trigger_key: Option<String>,
    received_at: i64,
    remote_ip: Option<String>,
    reason: String,
    status_code: i64,
    body_bytes: i64,
    body_truncated: Option<String>,
    headers_json: Option<String>,
    scheme: Option<String>,
    processing_ms_bits: Option<i64>,
    is_accepted: bool,
}

impl Record for RejectionRow {
    type Of = WebhookRejection;

    fn record(self) -> Answer<WebhookRejection> {
        let status_code = u16::try_from(self.status_code)
            .map_err(|_| unreadable(&format!("the status code {}", self.status_code)))?;
        Ok(WebhookRejection {
            id: self.id,
            flow_id: self.flow_id.map(FlowId),
            trigger_key: self.trigger_key,
            received_at: from_micros(self.received_at)?,
            remote_ip: self.remote_ip,
            reason: self.reason,
            status_code,
            body_bytes: self.body_bytes.cast_unsigned(),
            body_truncated: self.body_truncated,
            headers_json: self.headers_json,
            scheme: self.scheme,
            processing_ms: self.processing_ms_bits.map(|bits| f64::from_bits(bits.cast_unsigned())),
            is_accepted: self.is_accepted,
        })
    }
}
