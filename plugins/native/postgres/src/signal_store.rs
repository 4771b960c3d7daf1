use async_trait::async_trait;
use plimsoll_contract::{
    Instant, Result, RunId, SignalDelivery, SignalDeliveryResult, SignalStore, SignalWaiter,
};
use plimsoll_sql::keep;

use crate::{PostgresBackend, text};

#[derive(sqlx::FromRow)]
struct WaiterRow {
    step_key: String,
    signal_name: String,
    created_at: Instant,
    expires_at: Option<Instant>,
    delivered_at: Option<Instant>,
    payload_json: Option<String>,
}

#[async_trait]
impl SignalStore for PostgresBackend {
    async fn register_waiter(
        &self,
        run_id: RunId,
        step_key: &str,
        signal_name: &str,
        expires_at: Option<Instant>,
    ) -> Result<()> {
        let call = self.call()?;
        call.statement("SELECT register_waiter($1, $2, $3, $4, $5, $6)")
            .bind(run_id.0)
            .bind(text::step_key(step_key)?)
            .bind(text::key("the signal name", signal_name)?)
            .bind(expires_at.map(keep).transpose()?)
            .bind(call.now())
            .execute()
            .await?;
        Ok(())
    }

    async fn deliver_signal(
        &self,
        run_id: RunId,
        signal_name: &str,
        payload_json: &str,
    ) -> Result<SignalDeliveryResult> {
        let call = self.call()?;
        let found: Option<(bool, String, Instant)> = call
            .statement(
                "SELECT is_new, delivered_key, delivered FROM deliver_signal($1, $2, $3, $4, $5)",
            )
            .bind(run_id.0)
            .bind(text::key("the signal name", signal_name)?)
            .bind(text::plain("the payload", payload_json)?)
            .bind(call.now())
            .change()
            .await?;
        Ok(match found {
            None => SignalDeliveryResult::NotFound,
            Some((is_new, step_key, delivered_at)) => {
                let delivery = SignalDelivery { step_key, delivered_at };
                match is_new {
                    true => SignalDeliveryResult::Delivered(delivery),
                    false => SignalDeliveryResult::AlreadyDelivered(delivery),
                }
            }
        })
    }

    async fn get_waiter(&self, run_id: RunId, step_key: &str) -> Result<Option<SignalWaiter>> {
        let call = self.call()?;
        let row: Option<WaiterRow> = call
            .statement(
                "SELECT * FROM flow_signal_waiters \
                 WHERE namespace = $1 AND run_id = $2 AND step_key = $3",
            )
            .bind(run_id.0)
            .bind(text::step_key(step_key)?)
            .read_optional()
            .await?;
        Ok(row.map(|row| SignalWaiter {
            run_id,
            step_key: row.step_key,
            signal_name: row.signal_name,
            created_at: row.created_at,
            expires_at: row.expires_at,
            delivered_at: row.delivered_at,
            payload_json: row.payload_json,
        }))
    }

    async fn remove_waiter(&self, run_id: RunId, step_key: &str) -> Result<()> {
        let call = self.call()?;
        call.statement("SELECT remove_waiter($1, $2, $3)")
            .bind(run_id.0)
            .bind(text::step_key(step_key)?)
            .execute()
            .await?;
        Ok(())
    }
}
