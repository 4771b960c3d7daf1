use async_trait::async_trait;
use plimsoll_contract::{Instant, Result, RetentionStore};
use plimsoll_sql::keep;

use crate::PostgresBackend;

/// How many runs go in one transaction: enough to be fast, few enough that nobody who wants one of
/// them waits long.
const BATCH: i32 = 200;

#[async_trait]
impl RetentionStore for PostgresBackend {
    async fn cleanup(&self, cutoff: Instant) -> Result<()> {
        let call = self.call()?;
        let cutoff = keep(cutoff)?;
        let mut from: Option<Instant> = None;
        loop {
            let removed: Option<(Option<Instant>,)> = call
                .statement("SELECT remove_completed_runs($1, $2, $3, $4)")
                .bind(from)
                .bind(cutoff)
                .bind(BATCH)
                .change()
                .await?;
            match removed {
                Some((Some(latest),)) => from = Some(latest),
                _ => return Ok(()),
            }
        }
    }
}
