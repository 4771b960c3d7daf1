use async_trait::async_trait;
use plimsoll_contract::{Result, RunId, RunRuntimeStore, RunStatus, StepStatus};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl RunRuntimeStore for WasmBackend {
    async fn get_step_statuses(&self, run_id: RunId) -> Result<Vec<(String, StepStatus)>> {
        call!(self, run_runtime_store, call_get_step_statuses(run_id.to_wit()))
    }

    async fn get_claimed_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        call!(self, run_runtime_store, call_get_claimed_step_keys(run_id.to_wit()))
    }

    async fn try_claim_step(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        call!(self, run_runtime_store, call_try_claim_step(run_id.to_wit(), step_key))
    }

    async fn release_step_claim(&self, run_id: RunId, step_key: &str) -> Result<()> {
        call!(self, run_runtime_store, call_release_step_claim(run_id.to_wit(), step_key))
    }

    async fn record_skipped_step(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
    ) -> Result<()> {
        call!(
            self,
            run_runtime_store,
            call_record_skipped_step(run_id.to_wit(), step_key, step_type, reason)
        )
    }

    async fn record_skipped_step_with_trace(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
        evaluation_trace_json: Option<&str>,
    ) -> Result<()> {
        call!(
            self,
            run_runtime_store,
            call_record_skipped_step_with_trace(
                run_id.to_wit(),
                step_key,
                step_type,
                reason,
                evaluation_trace_json
            )
        )
    }

    async fn get_run_status(&self, run_id: RunId) -> Result<Option<RunStatus>> {
        call!(self, run_runtime_store, call_get_run_status(run_id.to_wit()))
    }
}
