use async_trait::async_trait;
use plimsoll_contract::{FlowDefinition, FlowId, FlowStore, Result};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl FlowStore for WasmBackend {
    async fn get_all(&self) -> Result<Vec<FlowDefinition>> {
        call!(self, flow_store, call_get_all())
    }

    async fn get_by_id(&self, id: FlowId) -> Result<Option<FlowDefinition>> {
        call!(self, flow_store, call_get_by_id(id.to_wit()))
    }

    async fn save(&self, definition: &FlowDefinition) -> Result<FlowDefinition> {
        call!(self, flow_store, call_save(&definition.to_wit()))
    }

    async fn delete(&self, id: FlowId) -> Result<()> {
        call!(self, flow_store, call_delete(id.to_wit()))
    }

    async fn set_enabled(&self, id: FlowId, enabled: bool) -> Result<FlowDefinition> {
        call!(self, flow_store, call_set_enabled(id.to_wit(), enabled))
    }
}
