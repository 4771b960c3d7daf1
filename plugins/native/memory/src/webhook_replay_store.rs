use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, WebhookReplayStore};

use crate::MemoryBackend;

#[async_trait]
impl WebhookReplayStore for MemoryBackend {
    async fn try_register(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        nonce: &str,
        expires_at: Instant,
    ) -> Result<bool> {
        self.with(|store, _| {
            let mut is_new = false;
            let key = (flow_id, trigger_key.to_owned(), nonce.to_owned());
            store.nonces.entry(key).or_insert_with(|| {
                is_new = true;
                expires_at
            });
            Ok(is_new)
        })
    }

    async fn purge_expired(&self, now: Instant) -> Result<u64> {
        self.with(|store, _| {
            let expired = store.nonces.extract_if(|_, expires_at| *expires_at <= now);
            Ok(expired.count() as u64)
        })
    }
}
