//! The interface `event-reader`.

use async_trait::async_trait;

use crate::{FlowEventRecord, Page, Result, RunId};

/// Reads what [`OutputsRepository::record_event`](crate::OutputsRepository::record_event) recorded.
#[async_trait]
pub trait EventReader: Send + Sync {
    /// Lists the events of a run in the order in which they were recorded. EVENT-1 to 5.
    async fn get_run_events(&self, run_id: RunId, page: Page) -> Result<Vec<FlowEventRecord>>;
}
