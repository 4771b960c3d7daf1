use crate::Memory;
use crate::exports::flow::storage::outputs_repository::{Error, FlowEvent, Guest, Uuid};
use crate::flow::storage::types::FlowEventRecord;
use crate::state::with_namespace;

impl Guest for Memory {
    fn save_step_output(run_id: Uuid, step_key: String, value_json: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.outputs.insert((run_id, step_key), value_json);
            Ok(())
        })
    }

    fn save_step_input(run_id: Uuid, step_key: String, value_json: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.inputs.insert((run_id, step_key), value_json);
            Ok(())
        })
    }

    fn get_step_output(run_id: Uuid, step_key: String) -> Result<Option<String>, Error> {
        with_namespace(|space| Ok(space.outputs.get(&(run_id, step_key)).cloned()))
    }

    fn get_step_input(run_id: Uuid, step_key: String) -> Result<Option<String>, Error> {
        with_namespace(|space| Ok(space.inputs.get(&(run_id, step_key)).cloned()))
    }

    fn save_trigger_data(run_id: Uuid, data_json: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.trigger_data.insert(run_id, data_json);
            Ok(())
        })
    }

    fn get_trigger_data(run_id: Uuid) -> Result<Option<String>, Error> {
        with_namespace(|space| Ok(space.trigger_data.get(&run_id).cloned()))
    }

    fn save_trigger_headers(run_id: Uuid, headers: Vec<(String, String)>) -> Result<(), Error> {
        with_namespace(|space| {
            space.trigger_headers.insert(run_id, headers);
            Ok(())
        })
    }

    fn get_trigger_headers(run_id: Uuid) -> Result<Option<Vec<(String, String)>>, Error> {
        with_namespace(|space| Ok(space.trigger_headers.get(&run_id).cloned()))
    }

    fn end_scope(_run_id: Uuid, _step_key: String) -> Result<(), Error> {
        with_namespace(|_| Ok(()))
    }

    fn record_event(run_id: Uuid, event: FlowEvent) -> Result<(), Error> {
        with_namespace(|space| {
            let events = space.events.entry(run_id).or_default();
            events.push(FlowEventRecord {
                sequence: events.len() as i64 + 1,
                run_id,
                timestamp: event.timestamp,
                type_: event.type_,
                step_key: event.step_key,
                message: event.message,
            });
            Ok(())
        })
    }
}
