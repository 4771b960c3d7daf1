//! The interface `run-control-store`.

use async_trait::async_trait;

use crate::{FlowId, Instant, Result, RunControl, RunId};

/// Cancellation, deadlines and idempotency keys of runs.
#[async_trait]
pub trait RunControlStore: Send + Sync {
    /// Writes the control record of a run. CONTROL-1 to 4.
    async fn configure_run(
        &self,
        run_id: RunId,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: Option<&str>,
        timeout_at: Option<Instant>,
    ) -> Result<()>;

    /// Answers the control record of a run. CONTROL-5.
    async fn get_run_control(&self, run_id: RunId) -> Result<Option<RunControl>>;

    /// Asks for a run to be cancelled: true for the call that set the flag. CONTROL-6 to 9.
    async fn request_cancel(&self, run_id: RunId, reason: Option<&str>) -> Result<bool>;

    /// Marks a run as timed out: true for the call that marked it. CONTROL-10 to 15.
    async fn mark_timed_out(&self, run_id: RunId, reason: Option<&str>) -> Result<bool>;

    /// Finds the run that an idempotency key was registered for. CONTROL-16.
    async fn find_run_id_by_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
    ) -> Result<Option<RunId>>;

    /// Registers an idempotency key for a run: true for one caller. CONTROL-17 to 23.
    async fn try_register_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
        run_id: RunId,
    ) -> Result<bool>;
}
