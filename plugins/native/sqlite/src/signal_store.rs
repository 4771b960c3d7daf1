use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_contract::{
    Answer, Instant, Result, RunId, SignalDelivery, SignalDeliveryResult, SignalStore, SignalWaiter,
};
use plimsoll_sql::{from_micros, micros};
use sqlx::SqliteConnection;

use crate::SqliteBackend;
use crate::database::{Open, all, execute};
use crate::rows::{Record, WaiterRow};

#[async_trait]
impl SignalStore for SqliteBackend {
    async fn register_waiter(
        &self,
        run_id: RunId,
        step_key: &str,
        signal_name: &str,
        expires_at: Option<Instant>,
    ) -> Result<()> {
        let open = self.open_namespace()?;
        let register = open
            .statement(
                "INSERT INTO flow_signal_waiters
                     (namespace, run_id, step_key, signal_name, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (namespace, run_id, step_key) DO UPDATE SET
                     signal_name = excluded.signal_name, expires_at = excluded.expires_at",
            )
            .bind(run_id.0)
            .bind(step_key)
            .bind(signal_name)
            .bind(open.now())
            .bind(expires_at.map(micros).transpose()?);
        open.database.execute(register).await?;
        Ok(())
    }

    async fn deliver_signal(
        &self,
        run_id: RunId,
        signal_name: &str,
        payload_json: &str,
    ) -> Result<SignalDeliveryResult> {
        let open = self.open_namespace()?;
        let database = Arc::clone(&open.database);
        let (name, payload) = (signal_name.to_owned(), payload_json.to_owned());
        let write = database.write(move |connection| {
            Box::pin(async move { deliver(connection, &open, run_id, &name, &payload).await })
        });
        Ok(write.await?)
    }

    async fn get_waiter(&self, run_id: RunId, step_key: &str) -> Result<Option<SignalWaiter>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<WaiterRow>(
                "SELECT * FROM flow_signal_waiters
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
            )
            .bind(run_id.0)
            .bind(step_key);
        Ok(open.database.optional(select).await?.map(Record::record).transpose()?)
    }

    async fn remove_waiter(&self, run_id: RunId, step_key: &str) -> Result<()> {
        let open = self.open_namespace()?;
        let remove = open
            .statement(
                "DELETE FROM flow_signal_waiters
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
            )
            .bind(run_id.0)
            .bind(step_key);
        open.database.execute(remove).await?;
        Ok(())
    }
}

async fn deliver(
    connection: &mut SqliteConnection,
    open: &Open,
    run_id: RunId,
    name: &str,
    payload: &str,
) -> Answer<SignalDeliveryResult> {
    // Undelivered ones stand before delivered ones, then the oldest comes first (SIGNAL-9).
    let next = open
        .select::<(String, Option<i64>)>(
            "SELECT step_key, delivered_at FROM flow_signal_waiters
             WHERE namespace = ?1 AND run_id = ?2 AND signal_name = ?3
             ORDER BY delivered_at IS NOT NULL, created_at, step_key LIMIT 1",
        )
        .bind(run_id.0)
        .bind(name);
    let Some((step_key, delivered_at)) = all(connection, next).await?.into_iter().next() else {
        return Ok(SignalDeliveryResult::NotFound);
    };
    if let Some(delivered_at) = delivered_at {
        let delivered_at = from_micros(delivered_at)?;
        let earlier = SignalDelivery { step_key, delivered_at };
        return Ok(SignalDeliveryResult::AlreadyDelivered(earlier));
    }
    let delivered_at = open.opened.now();
    let keep = open
        .statement(
            "UPDATE flow_signal_waiters SET delivered_at = ?4, payload_json = ?5
             WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
        )
        .bind(run_id.0)
        .bind(&step_key)
        .bind(delivered_at.timestamp_micros())
        .bind(payload);
    execute(connection, keep).await?;
    Ok(SignalDeliveryResult::Delivered(SignalDelivery { step_key, delivered_at }))
}
