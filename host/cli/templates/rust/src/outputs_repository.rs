use crate::Component;
use crate::exports::flow::storage::outputs_repository::{Error, FlowEvent, Guest, Uuid};
use crate::state::with_namespace;

// JSON is text that comes back byte for byte: nothing here parses it. `None` is "never saved", and
// a saved null is the text `null`.
impl Guest for Component {
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
            // A list and no map: a name may occur twice. An empty list counts as saved.
            space.trigger_headers.insert(run_id, headers);
            Ok(())
        })
    }

    fn get_trigger_headers(run_id: Uuid) -> Result<Option<Vec<(String, String)>>, Error> {
        with_namespace(|space| Ok(space.trigger_headers.get(&run_id).cloned()))
    }

    fn end_scope(_run_id: Uuid, _step_key: String) -> Result<(), Error> {
        // What was saved can still be read.
        with_namespace(|_| Ok(()))
    }

    fn record_event(run_id: Uuid, event: FlowEvent) -> Result<(), Error> {
        with_namespace(|space| {
            space.events.entry(run_id).or_default().push(event);
            Ok(())
        })
    }
}
