use plimsoll_contract::{Answer, FlowEvent, FlowEventRecord, RunId};

use crate::Spec;
use crate::state::step_id;

/// The interface `outputs-repository`.
pub trait OutputsRepository: Spec {
    /// OUTPUT-1 to 4, 18.
    fn save_step_output(&mut self, run_id: RunId, step_key: &str, value_json: &str) -> Answer<()> {
        self.space()?.outputs.insert(step_id(run_id, step_key), value_json.to_owned());
        Ok(())
    }

    /// OUTPUT-5, 19.
    fn save_step_input(&mut self, run_id: RunId, step_key: &str, value_json: &str) -> Answer<()> {
        self.space()?.inputs.insert(step_id(run_id, step_key), value_json.to_owned());
        Ok(())
    }

    /// OUTPUT-6.
    fn get_step_output(&mut self, run_id: RunId, step_key: &str) -> Answer<Option<String>> {
        Ok(self.space()?.outputs.get(&step_id(run_id, step_key)).cloned())
    }

    /// OUTPUT-7.
    fn get_step_input(&mut self, run_id: RunId, step_key: &str) -> Answer<Option<String>> {
        Ok(self.space()?.inputs.get(&step_id(run_id, step_key)).cloned())
    }

    /// OUTPUT-8.
    fn save_trigger_data(&mut self, run_id: RunId, data_json: &str) -> Answer<()> {
        self.space()?.trigger_data.insert(run_id, data_json.to_owned());
        Ok(())
    }

    /// OUTPUT-9.
    fn get_trigger_data(&mut self, run_id: RunId) -> Answer<Option<String>> {
        Ok(self.space()?.trigger_data.get(&run_id).cloned())
    }

    /// OUTPUT-10 to 13.
    fn save_trigger_headers(&mut self, run_id: RunId, headers: &[(String, String)]) -> Answer<()> {
        self.space()?.trigger_headers.insert(run_id, headers.to_vec());
        Ok(())
    }

    /// OUTPUT-14.
    fn get_trigger_headers(&mut self, run_id: RunId) -> Answer<Option<Vec<(String, String)>>> {
        Ok(self.space()?.trigger_headers.get(&run_id).cloned())
    }

    /// OUTPUT-15.
    fn end_scope(&mut self, _run_id: RunId, _step_key: &str) -> Answer<()> {
        self.space().map(|_| ())
    }

    /// OUTPUT-16, 17, 20; EVENT-2, 3.
    fn record_event(&mut self, run_id: RunId, event: &FlowEvent) -> Answer<()> {
        let events = self.space()?.events.entry(run_id).or_default();
        let sequence = events.last().map_or(1, |last| last.sequence + 1);
        events.push(FlowEventRecord {
            sequence,
            run_id,
            timestamp: event.timestamp,
            event_type: event.event_type.clone(),
            step_key: event.step_key.clone(),
            message: event.message.clone(),
        });
        Ok(())
    }
}
