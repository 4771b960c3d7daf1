use std::ops::ControlFlow::{Break, Continue};

use crate::KeyValue;
use crate::exports::flow::storage::event_reader::{Error, FlowEventRecord, Guest, Page, Uuid};
use crate::flow::storage::types::FlowEvent;
use crate::log::Log;
use crate::session::{Session, session};

const DEFAULT_EVENTS: u32 = 200;

impl Guest for KeyValue {
    fn get_run_events(run_id: Uuid, page: Page) -> Result<Vec<FlowEventRecord>, Error> {
        session()?.events(run_id, page)
    }
}

impl Session {
    /// The events of a run. They are never trimmed: they go with the run.
    fn event_log(&self, number: u64) -> Log<'_> {
        Log { bucket: &self.buckets.runs, prefix: format!("{number:016x}.e"), kept_chunks: None }
    }

    pub fn record(&self, run: Uuid, event: FlowEvent) -> Result<(), Error> {
        let number = self.owner(run)?;
        self.event_log(number).append(event)
    }

    fn events(&self, run_id: Uuid, page: Page) -> Result<Vec<FlowEventRecord>, Error> {
        let Some((number, _)) = self.view_head(run_id)? else { return Ok(Vec::new()) };
        let (mut skip, take) = (page.skip, page.take.unwrap_or(DEFAULT_EVENTS) as usize);
        let mut events = Vec::new();
        self.event_log(number).oldest_first(|sequence, event: FlowEvent| {
            if events.len() >= take {
                return Break(());
            }
            if skip > 0 {
                skip -= 1;
                return Continue(());
            }
            let FlowEvent { timestamp, type_, step_key, message } = event;
            events.push(FlowEventRecord { sequence, run_id, timestamp, type_, step_key, message });
            Continue(())
        })?;
        Ok(events)
    }
}
