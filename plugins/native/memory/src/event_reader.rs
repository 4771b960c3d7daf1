use async_trait::async_trait;
use plimsoll_contract::{EventReader, FlowEventRecord, Page, Result, RunId};

use crate::MemoryBackend;

#[async_trait]
impl EventReader for MemoryBackend {
    async fn get_run_events(&self, run_id: RunId, page: Page) -> Result<Vec<FlowEventRecord>> {
        self.with(|store, _| {
            let events = store.run(run_id).map_or(&[][..], |data| &data.events);
            Ok(page.cut(events.iter().cloned(), Page::DEFAULT_EVENTS))
        })
    }
}
