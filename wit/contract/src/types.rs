//! The records that the interfaces share: `wit/types.wit`, on uuid and chrono.
//!
//! Field meanings, units and absent values are those of the WIT; repeated here is only what Rust
//! adds.
#![allow(missing_docs, reason = "the names of fields and variants are the WIT's, documented there")]

use chrono::{DateTime, Utc};
use plimsoll_timeseries as timeseries;
use serde::{Deserialize, Serialize};

use crate::{FlowId, Page, RunId};

/// A point in time, UTC. The contract keeps years 0001 to 9999 (BACKEND-11).
pub type Instant = DateTime<Utc>;

/// The state of a run. All but `Running` are terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    Running,
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
    Skipped,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Skipped,
    ];

    /// The name of its WIT case, which search sees (RUN-33).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed-out",
            Self::Skipped => "skipped",
        }
    }
}

impl From<RunStatus> for timeseries::Status {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Running => Self::Running,
            RunStatus::Succeeded => Self::Succeeded,
            RunStatus::Failed => Self::Failed,
            RunStatus::Cancelled => Self::Cancelled,
            RunStatus::TimedOut => Self::TimedOut,
            RunStatus::Skipped => Self::Skipped,
        }
    }
}

/// The state of a step or of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    Pending,
    Running,
    Succeeded,
    Failed,
    Skipped,
}

/// A flow definition as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowDefinition {
    pub id: FlowId,
    pub name: String,
    pub version: String,
    pub manifest_json: Option<String>,
    pub is_enabled: bool,
    /// Set by the store; ignored by `save`.
    pub created_at: Instant,
    /// Set by the store; ignored by `save`.
    pub updated_at: Instant,
}

/// A flow that its owner registered in code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowHandle {
    pub id: FlowId,
    pub name: String,
    pub version: String,
    pub manifest_json: Option<String>,
}

/// What `start-run` is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartRun {
    pub flow_id: FlowId,
    pub flow_name: String,
    pub run_id: RunId,
    pub trigger_key: String,
    pub trigger_data_json: Option<String>,
    pub job_id: Option<String>,
    pub source_run_id: Option<RunId>,
}

impl StartRun {
    /// The run as it is at its start (RUN-1).
    #[must_use]
    pub fn to_run(&self, started_at: Instant) -> FlowRun {
        FlowRun {
            id: self.run_id,
            flow_id: self.flow_id,
            flow_name: self.flow_name.clone(),
            status: RunStatus::Running,
            trigger_key: self.trigger_key.clone(),
            trigger_data_json: self.trigger_data_json.clone(),
            background_job_id: self.job_id.clone(),
            started_at,
            completed_at: None,
            source_run_id: self.source_run_id,
        }
    }
}

/// One execution of a flow, without its steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRun {
    pub id: RunId,
    pub flow_id: FlowId,
    pub flow_name: String,
    pub status: RunStatus,
    pub trigger_key: String,
    pub trigger_data_json: Option<String>,
    pub background_job_id: Option<String>,
    pub started_at: Instant,
    pub completed_at: Option<Instant>,
    pub source_run_id: Option<RunId>,
}

/// The current state of a step of a run, with its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowStep {
    pub run_id: RunId,
    pub step_key: String,
    pub step_type: String,
    pub status: StepStatus,
    pub input_json: Option<String>,
    pub output_json: Option<String>,
    pub error_message: Option<String>,
    pub job_id: Option<String>,
    pub started_at: Instant,
    pub completed_at: Option<Instant>,
    pub evaluation_trace_json: Option<String>,
    /// Ascending by number.
    pub attempts: Vec<FlowStepAttempt>,
}

/// One execution of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowStepAttempt {
    /// From 1, without gaps.
    pub attempt: u32,
    pub step_type: String,
    pub status: StepStatus,
    pub input_json: Option<String>,
    pub output_json: Option<String>,
    pub error_message: Option<String>,
    pub job_id: Option<String>,
    pub started_at: Instant,
    pub completed_at: Option<Instant>,
    pub evaluation_trace_json: Option<String>,
}

/// A run with its steps, ascending by start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRunDetail {
    pub run: FlowRun,
    pub steps: Vec<FlowStep>,
}

/// Some of the runs that match a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRunPage {
    pub items: Vec<FlowRun>,
    /// All that match, on every page.
    pub total_count: u64,
}

/// The numbers on the dashboard's front page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardStatistics {
    pub total_flows: u64,
    pub active_runs: u64,
    pub completed_today: u64,
    pub failed_today: u64,
}

/// The width of a timeseries bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunTimeseriesGranularity {
    Hour,
    Day,
}

impl From<RunTimeseriesGranularity> for timeseries::Granularity {
    fn from(granularity: RunTimeseriesGranularity) -> Self {
        match granularity {
            RunTimeseriesGranularity::Hour => Self::Hour,
            RunTimeseriesGranularity::Day => Self::Day,
        }
    }
}

/// The runs that started in one hour or day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunTimeseriesBucket {
    pub timestamp: Instant,
    pub total: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub cancelled: u64,
    pub running: u64,
    /// Milliseconds with their fraction.
    #[serde(with = "crate::bits")]
    pub p50_duration_ms: Option<f64>,
    /// Milliseconds with their fraction.
    #[serde(with = "crate::bits")]
    pub p95_duration_ms: Option<f64>,
}

/// What controls a run from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunControl {
    pub run_id: RunId,
    pub flow_id: FlowId,
    pub trigger_key: String,
    pub idempotency_key: Option<String>,
    pub created_at: Instant,
    pub timeout_at: Option<Instant>,
    pub cancel_requested: bool,
    pub cancel_reason: Option<String>,
    pub cancel_requested_at: Option<Instant>,
    pub timed_out_at: Option<Instant>,
}

/// Something that happened to a run, as the engine reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowEvent {
    pub timestamp: Instant,
    pub event_type: String,
    pub step_key: Option<String>,
    pub message: Option<String>,
}

/// A recorded event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowEventRecord {
    pub sequence: i64,
    pub run_id: RunId,
    pub timestamp: Instant,
    pub event_type: String,
    pub step_key: Option<String>,
    pub message: Option<String>,
}

/// A step that waits, or has waited, for a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalWaiter {
    pub run_id: RunId,
    pub step_key: String,
    pub signal_name: String,
    pub created_at: Instant,
    pub expires_at: Option<Instant>,
    pub delivered_at: Option<Instant>,
    pub payload_json: Option<String>,
}

/// Where and when a signal was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalDelivery {
    pub step_key: String,
    pub delivered_at: Instant,
}

/// What became of a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalDeliveryResult {
    /// This call delivered it.
    Delivered(SignalDelivery),
    /// No step of the run waits, or has waited, for that name.
    NotFound,
    /// An earlier call did.
    AlreadyDelivered(SignalDelivery),
}

/// What the dashboard changed about a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    pub job_id: String,
    pub flow_id: FlowId,
    pub flow_name: String,
    pub trigger_key: String,
    pub is_paused: bool,
    pub cron_override: Option<String>,
    /// Set by the store; ignored by `save`.
    pub updated_at: Instant,
}

/// One delivery in the webhook log, rejected or accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookRejection {
    /// Set by the store; ignored by `write`.
    pub id: i64,
    pub flow_id: Option<FlowId>,
    pub trigger_key: Option<String>,
    pub received_at: Instant,
    pub remote_ip: Option<String>,
    pub reason: String,
    pub status_code: u16,
    pub body_bytes: u64,
    pub body_truncated: Option<String>,
    pub headers_json: Option<String>,
    pub scheme: Option<String>,
    #[serde(with = "crate::bits")]
    pub processing_ms: Option<f64>,
    pub is_accepted: bool,
}

/// Which webhook rows to answer; the conditions are ANDed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRejectionQuery {
    pub flow_id: Option<FlowId>,
    pub reason: Option<String>,
    pub search: Option<String>,
    pub include_accepted: bool,
    pub include_rejected: bool,
    pub page: Page,
}

impl WebhookRejectionQuery {
    /// What `query-recent` asks for, as a query.
    #[must_use]
    pub fn recent(
        flow_id: Option<FlowId>,
        reason: Option<&str>,
        include_accepted: bool,
        page: Page,
    ) -> Self {
        let reason = reason.map(str::to_owned);
        Self { flow_id, reason, include_accepted, page, ..Self::default() }
    }
}

impl Default for WebhookRejectionQuery {
    /// Every row, the newest first.
    fn default() -> Self {
        Self {
            flow_id: None,
            reason: None,
            search: None,
            include_accepted: true,
            include_rejected: true,
            page: Page::default(),
        }
    }
}

/// Some of the webhook rows that match a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookRejectionPage {
    pub items: Vec<WebhookRejection>,
    /// All that match, on every page.
    pub total_count: u64,
}
