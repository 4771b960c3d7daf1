use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, RunControl, RunControlStore, RunId};
use plimsoll_sql::{fold_key, keep};
use uuid::Uuid;

use crate::{PostgresBackend, text};

#[derive(sqlx::FromRow)]
struct ControlRow {
    flow_id: Uuid,
    trigger_key: String,
    idempotency_key: Option<String>,
    created_at: Instant,
    timeout_at: Option<Instant>,
    cancel_requested: bool,
    cancel_reason: Option<String>,
    cancel_requested_at: Option<Instant>,
    timed_out_at: Option<Instant>,
}

#[async_trait]
impl RunControlStore for PostgresBackend {
    async fn configure_run(
        &self,
        run_id: RunId,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: Option<&str>,
        timeout_at: Option<Instant>,
    ) -> Result<()> {
        let call = self.call()?;
        let timeout_at = timeout_at.map(keep).transpose()?;
        let idempotency_key =
            idempotency_key.map(|key| text::key("the idempotency key", key)).transpose()?;
        call.statement(
            "INSERT INTO flow_run_controls (namespace, run_id, flow_id, trigger_key, \
                 idempotency_key, timeout_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (namespace, run_id) DO UPDATE \
             SET flow_id = $3, trigger_key = $4, idempotency_key = $5, timeout_at = $6",
        )
        .bind(run_id.0)
        .bind(flow_id.0)
        .bind(text::key("the trigger key", trigger_key)?)
        .bind(idempotency_key)
        .bind(timeout_at)
        .bind(call.now())
        .execute()
        .await?;
        Ok(())
    }

    async fn get_run_control(&self, run_id: RunId) -> Result<Option<RunControl>> {
        let call = self.call()?;
        let row: Option<ControlRow> = call
            .statement("SELECT * FROM flow_run_controls WHERE namespace = $1 AND run_id = $2")
            .bind(run_id.0)
            .read_optional()
            .await?;
        Ok(row.map(|row| RunControl {
            run_id,
            flow_id: FlowId(row.flow_id),
            trigger_key: row.trigger_key,
            idempotency_key: row.idempotency_key,
            created_at: row.created_at,
            timeout_at: row.timeout_at,
            cancel_requested: row.cancel_requested,
            cancel_reason: row.cancel_reason,
            cancel_requested_at: row.cancel_requested_at,
            timed_out_at: row.timed_out_at,
        }))
    }

    async fn request_cancel(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        let call = self.call()?;
        let changed = call
            .statement(
                "UPDATE flow_run_controls \
                 SET cancel_requested = true, cancel_reason = $3, cancel_requested_at = $4 \
                 WHERE namespace = $1 AND run_id = $2 AND NOT cancel_requested",
            )
            .bind(run_id.0)
            .bind(text::optional("the reason", reason)?)
            .bind(call.now())
            .execute()
            .await?;
        Ok(changed == 1)
    }

    async fn mark_timed_out(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        let call = self.call()?;
        let changed = call
            .statement(
                "UPDATE flow_run_controls \
                 SET timed_out_at = $4, cancel_requested = true, \
                     cancel_requested_at = COALESCE(cancel_requested_at, $4), \
                     cancel_reason = COALESCE($3, cancel_reason) \
                 WHERE namespace = $1 AND run_id = $2 AND timed_out_at IS NULL",
            )
            .bind(run_id.0)
            .bind(text::optional("the reason", reason)?)
            .bind(call.now())
            .execute()
            .await?;
        Ok(changed == 1)
    }

    async fn find_run_id_by_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
    ) -> Result<Option<RunId>> {
        let call = self.call()?;
        let (trigger_key, idempotency_key) = folded(trigger_key, idempotency_key)?;
        let found: Option<(Uuid,)> = call
            .statement(
                "SELECT run_id FROM flow_idempotency_keys WHERE namespace = $1 AND flow_id = $2 \
                     AND trigger_key = $3 AND idempotency_key = $4",
            )
            .bind(flow_id.0)
            .bind(trigger_key)
            .bind(idempotency_key)
            .read_optional()
            .await?;
        Ok(found.map(|(id,)| RunId(id)))
    }

    async fn try_register_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
        run_id: RunId,
    ) -> Result<bool> {
        let call = self.call()?;
        let (trigger_key, idempotency_key) = folded(trigger_key, idempotency_key)?;
        let added = call
            .statement(
                "INSERT INTO flow_idempotency_keys \
                     (namespace, flow_id, trigger_key, idempotency_key, run_id) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            )
            .bind(flow_id.0)
            .bind(trigger_key)
            .bind(idempotency_key)
            .bind(run_id.0)
            .execute()
            .await?;
        Ok(added == 1)
    }
}

/// Trigger key and idempotency key as they are compared (CONTROL-21).
fn folded(trigger_key: &str, idempotency_key: &str) -> plimsoll_contract::Answer<(String, String)> {
    let trigger_key = text::key("the trigger key", trigger_key)?;
    let idempotency_key = text::key("the idempotency key", idempotency_key)?;
    Ok((fold_key(trigger_key), fold_key(idempotency_key)))
}
