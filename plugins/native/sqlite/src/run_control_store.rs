use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, RunControl, RunControlStore, RunId};
use plimsoll_sql::{fold_key, micros};
use uuid::Uuid;

use crate::SqliteBackend;
use crate::rows::{ControlRow, Record};

#[async_trait]
impl RunControlStore for SqliteBackend {
    async fn configure_run(
        &self,
        run_id: RunId,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: Option<&str>,
        timeout_at: Option<Instant>,
    ) -> Result<()> {
        let open = self.open_namespace()?;
        let configure = open
            .statement(
                "INSERT INTO flow_run_controls
                     (namespace, run_id, flow_id, trigger_key, idempotency_key, created_at,
                      timeout_at, cancel_requested)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)
                 ON CONFLICT (namespace, run_id) DO UPDATE SET
                     flow_id = excluded.flow_id, trigger_key = excluded.trigger_key,
                     idempotency_key = excluded.idempotency_key, timeout_at = excluded.timeout_at",
            )
            .bind(run_id.0)
            .bind(flow_id.0)
            .bind(trigger_key)
            .bind(idempotency_key)
            .bind(open.now())
            .bind(timeout_at.map(micros).transpose()?);
        open.database.execute(configure).await?;
        Ok(())
    }

    async fn get_run_control(&self, run_id: RunId) -> Result<Option<RunControl>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<ControlRow>(
                "SELECT * FROM flow_run_controls WHERE namespace = ?1 AND run_id = ?2",
            )
            .bind(run_id.0);
        Ok(open.database.optional(select).await?.map(Record::record).transpose()?)
    }

    async fn request_cancel(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        let open = self.open_namespace()?;
        let cancel = open
            .statement(
                "UPDATE flow_run_controls
                 SET cancel_requested = 1, cancel_reason = ?3, cancel_requested_at = ?4
                 WHERE namespace = ?1 AND run_id = ?2 AND NOT cancel_requested",
            )
            .bind(run_id.0)
            .bind(reason)
            .bind(open.now());
        Ok(open.database.execute(cancel).await? > 0)
    }

    async fn mark_timed_out(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        let open = self.open_namespace()?;
        let mark = open
            .statement(
                "UPDATE flow_run_controls
                 SET timed_out_at = ?4, cancel_requested = 1,
                     cancel_requested_at = coalesce(cancel_requested_at, ?4),
                     cancel_reason = coalesce(?3, cancel_reason)
                 WHERE namespace = ?1 AND run_id = ?2 AND timed_out_at IS NULL",
            )
            .bind(run_id.0)
            .bind(reason)
            .bind(open.now());
        Ok(open.database.execute(mark).await? > 0)
    }

    async fn find_run_id_by_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
    ) -> Result<Option<RunId>> {
        let open = self.open_namespace()?;
        let find = open
            .select::<(Uuid,)>(
                "SELECT run_id FROM flow_idempotency_keys
                 WHERE namespace = ?1 AND flow_id = ?2 AND trigger_key = ?3
                     AND idempotency_key = ?4",
            )
            .bind(flow_id.0)
            .bind(fold_key(trigger_key))
            .bind(fold_key(idempotency_key));
        Ok(open.database.optional(find).await?.map(|(run_id,)| RunId(run_id)))
    }

    async fn try_register_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
        run_id: RunId,
    ) -> Result<bool> {
        let open = self.open_namespace()?;
        let register = open
            .statement(
                "INSERT INTO flow_idempotency_keys
                     (namespace, flow_id, trigger_key, idempotency_key, run_id)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )
            .bind(flow_id.0)
            .bind(fold_key(trigger_key))
            .bind(fold_key(idempotency_key))
            .bind(run_id.0);
        Ok(open.database.execute(register).await? > 0)
    }
}
