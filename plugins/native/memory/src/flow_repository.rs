use async_trait::async_trait;
use plimsoll_contract::{FlowHandle, FlowRepository, Result};

use crate::MemoryBackend;

#[async_trait]
impl FlowRepository for MemoryBackend {
    async fn get_all_flows(&self) -> Result<Vec<FlowHandle>> {
        self.registered_flows()
    }
}
