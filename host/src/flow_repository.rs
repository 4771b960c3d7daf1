use async_trait::async_trait;
use plimsoll_contract::{FlowHandle, FlowRepository, Result};

use crate::WasmBackend;
use crate::call::call;

#[async_trait]
impl FlowRepository for WasmBackend {
    async fn get_all_flows(&self) -> Result<Vec<FlowHandle>> {
        call!(self, flow_repository, call_get_all_flows())
    }
}
