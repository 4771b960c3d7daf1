use crate::Memory;
use crate::exports::flow::storage::event_reader::{Error, FlowEventRecord, Guest, Page, Uuid};
use crate::state::{cut, with_namespace};

const DEFAULT_EVENTS: u32 = 200;

impl Guest for Memory {
    fn get_run_events(run_id: Uuid, page: Page) -> Result<Vec<FlowEventRecord>, Error> {
        with_namespace(|space| {
            let events = space.events.get(&run_id).cloned().unwrap_or_default();
            Ok(cut(events, page, DEFAULT_EVENTS))
        })
    }
}
