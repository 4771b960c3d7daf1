//! The interface `flow-repository`, and finding a flow in what it answers.

use async_trait::async_trait;

use crate::{FlowHandle, FlowId, Result};

/// The flows that the owner registered in code.
#[async_trait]
pub trait FlowRepository: Send + Sync {
    /// Lists the registered flows in the order of registration. REPO-1, 2.
    async fn get_all_flows(&self) -> Result<Vec<FlowHandle>>;
}

/// The flow with this id among those that `get-all-flows` answered.
///
/// ```
/// use plimsoll_contract::flow_repository::find_by_id;
/// use plimsoll_contract::{FlowHandle, FlowId};
/// use uuid::Uuid;
///
/// let id = FlowId(Uuid::from_u128(1));
/// let flow = FlowHandle { id, name: "invoice".into(), version: "1.0".into(), manifest_json: None };
///
/// assert_eq!(find_by_id(std::slice::from_ref(&flow), id), Some(&flow));
/// assert_eq!(find_by_id(&[], id), None);
/// ```
#[must_use]
pub fn find_by_id(flows: &[FlowHandle], id: FlowId) -> Option<&FlowHandle> {
    flows.iter().find(|flow| flow.id == id)
}
