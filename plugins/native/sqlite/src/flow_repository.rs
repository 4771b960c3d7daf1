use async_trait::async_trait;
use plimsoll_contract::{FlowHandle, FlowRepository, Result};

use crate::SqliteBackend;

#[async_trait]
impl FlowRepository for SqliteBackend {
    async fn get_all_flows(&self) -> Result<Vec<FlowHandle>> {
        Ok(self.session().opened()?.registered_flows.clone())
    }
}
