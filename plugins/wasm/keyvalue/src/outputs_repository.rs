use crate::KeyValue;
use crate::codec::{decode, encode};
use crate::exports::flow::storage::outputs_repository::{Error, FlowEvent, Guest, Uuid};
use crate::session::session;
use crate::slots::Slot;

impl Guest for KeyValue {
    fn save_step_output(run_id: Uuid, step_key: String, value_json: String) -> Result<(), Error> {
        session()?.save_text(run_id, &Slot::Output(&step_key), &value_json)
    }

    fn save_step_input(run_id: Uuid, step_key: String, value_json: String) -> Result<(), Error> {
        session()?.save_text(run_id, &Slot::Input(&step_key), &value_json)
    }

    fn get_step_output(run_id: Uuid, step_key: String) -> Result<Option<String>, Error> {
        session()?.saved_text(run_id, &Slot::Output(&step_key))
    }

    fn get_step_input(run_id: Uuid, step_key: String) -> Result<Option<String>, Error> {
        session()?.saved_text(run_id, &Slot::Input(&step_key))
    }

    fn save_trigger_data(run_id: Uuid, data_json: String) -> Result<(), Error> {
        session()?.save_text(run_id, &Slot::TriggerData, &data_json)
    }

    fn get_trigger_data(run_id: Uuid) -> Result<Option<String>, Error> {
        session()?.saved_text(run_id, &Slot::TriggerData)
    }

    fn save_trigger_headers(run_id: Uuid, headers: Vec<(String, String)>) -> Result<(), Error> {
        session()?.save(run_id, &Slot::TriggerHeaders, &encode(&headers)?)
    }

    fn get_trigger_headers(run_id: Uuid) -> Result<Option<Vec<(String, String)>>, Error> {
        let saved = session()?.saved(run_id, &Slot::TriggerHeaders)?;
        saved.map(|bytes| decode("headers", &bytes)).transpose()
    }

    fn end_scope(_run_id: Uuid, _step_key: String) -> Result<(), Error> {
        session().map(drop)
    }

    fn record_event(run_id: Uuid, event: FlowEvent) -> Result<(), Error> {
        session()?.record(run_id, event)
    }
}
