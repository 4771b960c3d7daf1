use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, WebhookReplayStore};
use plimsoll_sql::micros;

use crate::SqliteBackend;

#[async_trait]
impl WebhookReplayStore for SqliteBackend {
    async fn try_register(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        nonce: &str,
        expires_at: Instant,
    ) -> Result<bool> {
        let open = self.open_namespace()?;
        let register = open
            .statement(
                "INSERT INTO webhook_replay_nonces
                     (namespace, flow_id, trigger_key, nonce, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )
            .bind(flow_id.0)
            .bind(trigger_key)
            .bind(nonce)
            .bind(micros(expires_at)?);
        Ok(open.database.execute(register).await? > 0)
    }

    async fn purge_expired(&self, now: Instant) -> Result<u64> {
        let open = self.open_namespace()?;
        let purge = open
            .statement(
                "DELETE FROM webhook_replay_nonces WHERE namespace = ?1 AND expires_at <= ?2",
            )
            .bind(micros(now)?);
        Ok(open.database.execute(purge).await?)
    }
}
