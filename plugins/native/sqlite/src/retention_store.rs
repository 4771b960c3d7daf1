use async_trait::async_trait;
use plimsoll_contract::{Answer, Instant, Result, RetentionStore};
use plimsoll_sql::micros;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteBackend;
use crate::database::{Open, all, execute};

/// How many runs go in one transaction: other writers wait for it.
const BATCH: usize = 64;

/// What belongs to a run, besides the run itself.
const BELONGINGS: [&str; 9] = [
    "DELETE FROM flow_steps WHERE namespace = ",
    "DELETE FROM flow_step_attempts WHERE namespace = ",
    "DELETE FROM flow_outputs WHERE namespace = ",
    "DELETE FROM flow_step_dispatches WHERE namespace = ",
    "DELETE FROM flow_step_claims WHERE namespace = ",
    "DELETE FROM flow_run_controls WHERE namespace = ",
    "DELETE FROM flow_idempotency_keys WHERE namespace = ",
    "DELETE FROM flow_events WHERE namespace = ",
    "DELETE FROM flow_signal_waiters WHERE namespace = ",
];

#[async_trait]
impl RetentionStore for SqliteBackend {
    async fn cleanup(&self, cutoff: Instant) -> Result<()> {
        let open = self.open_namespace()?;
        let cutoff = micros(cutoff)?;
        loop {
            let batch = open.clone();
            let removed = open.database.write(move |connection| {
                Box::pin(async move { remove_some(connection, &batch, cutoff).await })
            });
            if removed.await? < BATCH {
                return Ok(());
            }
        }
    }
}

/// Removes a batch of the old runs, each with everything; how many they were.
async fn remove_some(connection: &mut SqliteConnection, open: &Open, cutoff: i64) -> Answer<usize> {
    let remove = open
        .select::<(Uuid,)>(
            "DELETE FROM flow_runs WHERE namespace = ?1 AND id IN
                 (SELECT id FROM flow_runs WHERE namespace = ?1 AND completed_at < ?2 LIMIT ?3)
             RETURNING id",
        )
        .bind(cutoff)
        .bind(BATCH as i64);
    let removed = all(connection, remove).await?;
    if removed.is_empty() {
        return Ok(0);
    }
    for belongings in BELONGINGS {
        let mut delete = open.builder(belongings);
        delete.push(" AND run_id IN (");
        let mut listed = delete.separated(", ");
        for (id,) in &removed {
            listed.push_bind(id);
        }
        delete.push(")");
        execute(connection, open.built(&mut delete)).await?;
    }
    Ok(removed.len())
}
