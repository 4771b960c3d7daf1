use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, RunControl, RunControlStore, RunId};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl RunControlStore for WasmBackend {
    async fn configure_run(
        &self,
        run_id: RunId,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: Option<&str>,
        timeout_at: Option<Instant>,
    ) -> Result<()> {
        call!(
            self,
            run_control_store,
            call_configure_run(
                run_id.to_wit(),
                flow_id.to_wit(),
                trigger_key,
                idempotency_key,
                timeout_at.to_wit()
            )
        )
    }

    async fn get_run_control(&self, run_id: RunId) -> Result<Option<RunControl>> {
        call!(self, run_control_store, call_get_run_control(run_id.to_wit()))
    }

    async fn request_cancel(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        call!(self, run_control_store, call_request_cancel(run_id.to_wit(), reason))
    }

    async fn mark_timed_out(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        call!(self, run_control_store, call_mark_timed_out(run_id.to_wit(), reason))
    }

    async fn find_run_id_by_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
    ) -> Result<Option<RunId>> {
        call!(
            self,
            run_control_store,
            call_find_run_id_by_idempotency_key(flow_id.to_wit(), trigger_key, idempotency_key)
        )
    }

    async fn try_register_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
        run_id: RunId,
    ) -> Result<bool> {
        call!(
            self,
            run_control_store,
            call_try_register_idempotency_key(
                flow_id.to_wit(),
                trigger_key,
                idempotency_key,
                run_id.to_wit()
            )
        )
    }
}
