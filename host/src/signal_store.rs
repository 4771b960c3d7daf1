use async_trait::async_trait;
use plimsoll_contract::{Instant, Result, RunId, SignalDeliveryResult, SignalStore, SignalWaiter};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl SignalStore for WasmBackend {
    async fn register_waiter(
        &self,
        run_id: RunId,
        step_key: &str,
        signal_name: &str,
        expires_at: Option<Instant>,
    ) -> Result<()> {
        call!(
            self,
            signal_store,
            call_register_waiter(run_id.to_wit(), step_key, signal_name, expires_at.to_wit())
        )
    }

    async fn deliver_signal(
        &self,
        run_id: RunId,
        signal_name: &str,
        payload_json: &str,
    ) -> Result<SignalDeliveryResult> {
        call!(self, signal_store, call_deliver_signal(run_id.to_wit(), signal_name, payload_json))
    }

    async fn get_waiter(&self, run_id: RunId, step_key: &str) -> Result<Option<SignalWaiter>> {
        call!(self, signal_store, call_get_waiter(run_id.to_wit(), step_key))
    }

    async fn remove_waiter(&self, run_id: RunId, step_key: &str) -> Result<()> {
        call!(self, signal_store, call_remove_waiter(run_id.to_wit(), step_key))
    }
}
