use crate::Memory;
use crate::exports::flow::storage::flow_repository::{Error, FlowHandle, Guest};
use crate::state::{not_open, with_state};

impl Guest for Memory {
    fn get_all_flows() -> Result<Vec<FlowHandle>, Error> {
        with_state(|state| {
            let opened = state.opened.as_ref().ok_or_else(not_open)?;
            Ok(opened.registered_flows.clone())
        })
    }
}
