use async_trait::async_trait;
use plimsoll_contract::{EventReader, FlowEventRecord, Page, Result, RunId};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl EventReader for WasmBackend {
    async fn get_run_events(&self, run_id: RunId, page: Page) -> Result<Vec<FlowEventRecord>> {
        call!(self, event_reader, call_get_run_events(run_id.to_wit(), page.to_wit()))
    }
}
