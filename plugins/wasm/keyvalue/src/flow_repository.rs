use crate::KeyValue;
use crate::exports::flow::storage::flow_repository::{Error, FlowHandle, Guest};
use crate::session::session;

impl Guest for KeyValue {
    fn get_all_flows() -> Result<Vec<FlowHandle>, Error> {
        Ok(session()?.config.registered_flows.clone())
    }
}
