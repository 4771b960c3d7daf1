//! The interface `run-runtime-store`.

use async_trait::async_trait;

use crate::{Result, RunId, RunStatus, StepStatus};

/// Step claims and statuses, as the engine asks for them while a run executes.
#[async_trait]
pub trait RunRuntimeStore: Send + Sync {
    /// Lists the steps of a run with their status, in any order. RUNTIME-1, 2.
    async fn get_step_statuses(&self, run_id: RunId) -> Result<Vec<(String, StepStatus)>>;

    /// Lists the step keys of a run that are claimed, in any order. RUNTIME-3, 4.
    async fn get_claimed_step_keys(&self, run_id: RunId) -> Result<Vec<String>>;

    /// Claims a step: true for one caller. RUNTIME-5 to 10, 19.
    async fn try_claim_step(&self, run_id: RunId, step_key: &str) -> Result<bool>;

    /// Frees a claim; any caller may. RUNTIME-11, 12.
    async fn release_step_claim(&self, run_id: RunId, step_key: &str) -> Result<()>;

    /// Records that a step was skipped. RUNTIME-13 to 15.
    async fn record_skipped_step(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
    ) -> Result<()>;

    /// Records that a step was skipped, with the evaluation that decided it. RUNTIME-16, 17.
    async fn record_skipped_step_with_trace(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
        evaluation_trace_json: Option<&str>,
    ) -> Result<()>;

    /// Answers the status of a run. RUNTIME-18.
    async fn get_run_status(&self, run_id: RunId) -> Result<Option<RunStatus>>;
}
