use async_trait::async_trait;
use plimsoll_contract::{FlowEvent, FlowEventRecord, OutputsRepository, Result, RunId};

use crate::MemoryBackend;

#[async_trait]
impl OutputsRepository for MemoryBackend {
    async fn save_step_output(&self, run_id: RunId, step_key: &str, value: &str) -> Result<()> {
        self.with(|store, _| {
            store.step_mut(run_id, step_key).output = Some(value.to_owned());
            Ok(())
        })
    }

    async fn save_step_input(&self, run_id: RunId, step_key: &str, value: &str) -> Result<()> {
        self.with(|store, _| {
            store.step_mut(run_id, step_key).input = Some(value.to_owned());
            Ok(())
        })
    }

    async fn get_step_output(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        self.with(|store, _| Ok(store.step(run_id, step_key).and_then(|step| step.output.clone())))
    }

    async fn get_step_input(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        self.with(|store, _| Ok(store.step(run_id, step_key).and_then(|step| step.input.clone())))
    }

    async fn save_trigger_data(&self, run_id: RunId, data: &str) -> Result<()> {
        self.with(|store, _| {
            store.run_mut(run_id).trigger_data = Some(data.to_owned());
            Ok(())
        })
    }

    async fn get_trigger_data(&self, run_id: RunId) -> Result<Option<String>> {
        self.with(|store, _| Ok(store.run(run_id).and_then(|run| run.trigger_data.clone())))
    }

    async fn save_trigger_headers(
        &self,
        run_id: RunId,
        headers: &[(String, String)],
    ) -> Result<()> {
        self.with(|store, _| {
            store.run_mut(run_id).trigger_headers = Some(headers.to_vec());
            Ok(())
        })
    }

    async fn get_trigger_headers(&self, run_id: RunId) -> Result<Option<Vec<(String, String)>>> {
        self.with(|store, _| Ok(store.run(run_id).and_then(|run| run.trigger_headers.clone())))
    }

    async fn end_scope(&self, _run_id: RunId, _step_key: &str) -> Result<()> {
        self.with(|_, _| Ok(()))
    }

    async fn record_event(&self, run_id: RunId, event: &FlowEvent) -> Result<()> {
        self.with(|store, _| {
            let events = &mut store.run_mut(run_id).events;
            let event = event.clone();
            events.push(FlowEventRecord {
                sequence: events.len() as i64 + 1,
                run_id,
                timestamp: event.timestamp,
                event_type: event.event_type,
                step_key: event.step_key,
                message: event.message,
            });
            Ok(())
        })
    }
}
