use plimsoll_contract::{Answer, FlowEventRecord, Page, RunId};

use crate::Spec;

/// The interface `event-reader`.
pub trait EventReader: Spec {
    /// EVENT-1 to 5.
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let events = self.space()?.events.get(&run_id).into_iter().flatten().cloned();
        Ok(page.cut(events, Page::DEFAULT_EVENTS))
    }
}
