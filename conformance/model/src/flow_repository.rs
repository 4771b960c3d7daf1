use plimsoll_contract::{Answer, FlowHandle};

use crate::Spec;

/// The interface `flow-repository`.
pub trait FlowRepository: Spec {
    /// REPO-1, 2.
    fn get_all_flows(&mut self) -> Answer<Vec<FlowHandle>> {
        self.space()?;
        Ok(self.state().registered_flows.clone())
    }
}
