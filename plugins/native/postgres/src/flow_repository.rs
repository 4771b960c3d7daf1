use async_trait::async_trait;
use plimsoll_contract::{FlowHandle, FlowRepository, Result};

use crate::PostgresBackend;

#[async_trait]
impl FlowRepository for PostgresBackend {
    async fn get_all_flows(&self) -> Result<Vec<FlowHandle>> {
        self.registered_flows()
    }
}
