//! The interface `webhook-replay-store`.

use async_trait::async_trait;

use crate::{FlowId, Instant, Result};

/// The nonces of webhook deliveries that were accepted.
#[async_trait]
pub trait WebhookReplayStore: Send + Sync {
    /// Registers a nonce: true the first time, false for a replay. REPLAY-1 to 5.
    async fn try_register(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        nonce: &str,
        expires_at: Instant,
    ) -> Result<bool>;

    /// Forgets the nonces that have expired by `now` and answers their number. REPLAY-6, 7.
    async fn purge_expired(&self, now: Instant) -> Result<u64>;
}
