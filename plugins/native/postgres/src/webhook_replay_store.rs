use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, WebhookReplayStore};
use plimsoll_sql::keep;

use crate::{PostgresBackend, text};

#[async_trait]
impl WebhookReplayStore for PostgresBackend {
    async fn try_register(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        nonce: &str,
        expires_at: Instant,
    ) -> Result<bool> {
        let call = self.call()?;
        let added = call
            .statement(
                "INSERT INTO webhook_replay_nonces \
                     (namespace, flow_id, trigger_key, nonce, expires_at) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            )
            .bind(flow_id.0)
            .bind(text::key("the trigger key", trigger_key)?)
            .bind(text::key("the nonce", nonce)?)
            .bind(keep(expires_at)?)
            .execute()
            .await?;
        Ok(added == 1)
    }

    async fn purge_expired(&self, now: Instant) -> Result<u64> {
        let call = self.call()?;
        call.statement(
            "DELETE FROM webhook_replay_nonces WHERE namespace = $1 AND expires_at <= $2",
        )
        .bind(keep(now)?)
        .execute()
        .await
    }
}
