//! The interface `flow-store`.

use async_trait::async_trait;

use crate::{FlowDefinition, FlowId, Result};

/// Flow definitions and whether they are enabled.
#[async_trait]
pub trait FlowStore: Send + Sync {
    /// Lists the definitions, ascending by name. FLOW-1 to 3.
    async fn get_all(&self) -> Result<Vec<FlowDefinition>>;

    /// Finds one definition. FLOW-4.
    async fn get_by_id(&self, id: FlowId) -> Result<Option<FlowDefinition>>;

    /// Inserts or replaces a definition and answers what is stored now. FLOW-5 to 9.
    async fn save(&self, definition: &FlowDefinition) -> Result<FlowDefinition>;

    /// Removes a definition. FLOW-10, 11.
    async fn delete(&self, id: FlowId) -> Result<()>;

    /// Enables or disables a flow and answers the changed definition. FLOW-12, 13.
    ///
    /// # Errors
    ///
    /// `not-found` for an unknown id.
    async fn set_enabled(&self, id: FlowId, enabled: bool) -> Result<FlowDefinition>;
}
