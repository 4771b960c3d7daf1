use async_trait::async_trait;
use plimsoll_contract::{EventReader, FlowEventRecord, Page, Result, RunId};
use plimsoll_sql::Limits;

use crate::SqliteBackend;
use crate::rows::{EventRow, records};

#[async_trait]
impl EventReader for SqliteBackend {
    async fn get_run_events(&self, run_id: RunId, page: Page) -> Result<Vec<FlowEventRecord>> {
        let open = self.open_namespace()?;
        let limits = Limits::of_events(page);
        let select = open
            .select::<EventRow>(
                "SELECT * FROM flow_events WHERE namespace = ?1 AND run_id = ?2
                 ORDER BY sequence LIMIT ?3 OFFSET ?4",
            )
            .bind(run_id.0)
            .bind(limits.take)
            .bind(limits.skip);
        Ok(records(open.database.all(select).await?)?)
    }
}
