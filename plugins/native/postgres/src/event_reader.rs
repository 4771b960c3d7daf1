use async_trait::async_trait;
use plimsoll_contract::{EventReader, FlowEventRecord, Instant, Page, Result, RunId};
use plimsoll_sql::Limits;

use crate::PostgresBackend;

#[derive(sqlx::FromRow)]
struct EventRow {
    sequence: i64,
    recorded_at: Instant,
    event_type: String,
    step_key: Option<String>,
    message: Option<String>,
}

#[async_trait]
impl EventReader for PostgresBackend {
    async fn get_run_events(&self, run_id: RunId, page: Page) -> Result<Vec<FlowEventRecord>> {
        let call = self.call()?;
        let limits = Limits::of_events(page);
        let rows: Vec<EventRow> = call
            .statement(
                "SELECT sequence, recorded_at, event_type, step_key, message FROM flow_events \
                 WHERE namespace = $1 AND run_id = $2 ORDER BY sequence LIMIT $3 OFFSET $4",
            )
            .bind(run_id.0)
            .bind(limits.take)
            .bind(limits.skip)
            .read_all()
            .await?;
        let record = |row: EventRow| FlowEventRecord {
            sequence: row.sequence,
            run_id,
            timestamp: row.recorded_at,
            event_type: row.event_type,
            step_key: row.step_key,
            message: row.message,
        };
        Ok(rows.into_iter().map(record).collect())
    }
}
