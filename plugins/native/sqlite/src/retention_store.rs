use std::time::{Duration, Instant as Moment};

use async_trait::async_trait;
use plimsoll_contract::{Answer, Instant, Result, RetentionStore};
use plimsoll_sql::micros;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteBackend;
use crate::database::{Open, all, execute};

/// How many runs go in one transaction at the most.
const BATCH: usize = 64;

/// How long other writers wait for it, and for one run more.
const BUDGET: Duration = Duration::from_millis(3);

/// How many runs go before what is written of them is moved into the file: fewer than SQLite
/// would move by itself, which somebody's commit would wait for.
const MOVED: usize = 64;

const OLD: &str = "SELECT id FROM flow_runs WHERE namespace = ?1 AND completed_at < ?2
                   ORDER BY completed_at LIMIT ?3";

/// A run, and what belongs to it.
const REMOVE: &str = "
    DELETE FROM flow_runs WHERE namespace = ?1 AND id = ?2;
    DELETE FROM flow_steps WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_step_attempts WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_outputs WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_step_dispatches WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_step_claims WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_run_controls WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_idempotency_keys WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_events WHERE namespace = ?1 AND run_id = ?2;
    DELETE FROM flow_signal_waiters WHERE namespace = ?1 AND run_id = ?2";

#[async_trait]
impl RetentionStore for SqliteBackend {
    async fn cleanup(&self, cutoff: Instant) -> Result<()> {
        let open = self.open_namespace()?;
        let cutoff = micros(cutoff)?;
        let (mut removed, mut moved) = (0, 0);
        loop {
            let batch = open.clone();
            let remove = open.database.write_behind(move |connection| {
                Box::pin(async move { remove_some(connection, &batch, cutoff).await })
            });
            match remove.await? {
                0 => break,
                some => removed += some,
            }
            if removed - moved >= MOVED {
                open.database.move_log().await;
                moved = removed;
            }
        }
        if removed > 0 {
            open.database.sync().await?;
        }
        Ok(())
    }
}

/// Removes some of the old runs, each with everything; how many they were.
async fn remove_some(connection: &mut SqliteConnection, open: &Open, cutoff: i64) -> Answer<usize> {
    let began = Moment::now();
    let old = open.select::<(Uuid,)>(OLD).bind(cutoff).bind(BATCH as i64);
    let mut removed = 0;
    for (id,) in all(connection, old).await? {
        execute(connection, open.statement(REMOVE).bind(id)).await?;
        removed += 1;
        if began.elapsed() > BUDGET {
            break;
        }
    }
    Ok(removed)
}
