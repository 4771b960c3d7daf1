use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, WebhookReplayStore};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl WebhookReplayStore for WasmBackend {
    async fn try_register(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        nonce: &str,
        expires_at: Instant,
    ) -> Result<bool> {
        call!(
            self,
            webhook_replay_store,
            call_try_register(flow_id.to_wit(), trigger_key, nonce, expires_at.to_wit())
        )
    }

    async fn purge_expired(&self, now: Instant) -> Result<u64> {
        call!(self, webhook_replay_store, call_purge_expired(now.to_wit()))
    }
}
