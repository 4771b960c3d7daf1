use crate::KeyValue;
use crate::codec::{decode, encode};
use crate::exports::flow::storage::flow_store::{Error, FlowDefinition, Guest, Uuid};
use crate::session::{now, session};
use crate::store;

fn key(id: Uuid) -> String {
    format!("{:016x}{:016x}", id.high, id.low)
}

impl Guest for KeyValue {
    fn get_all() -> Result<Vec<FlowDefinition>, Error> {
        let mut definitions: Vec<FlowDefinition> = Vec::new();
        store::each(&session()?.buckets.definitions, |definition| {
            definitions.push(definition);
            Ok(())
        })?;
        definitions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(definitions)
    }

    fn get_by_id(id: Uuid) -> Result<Option<FlowDefinition>, Error> {
        let (session, key) = (session()?, key(id));
        let bytes = store::read(&session.buckets.definitions, &key)?;
        bytes.map(|bytes| decode(&key, &bytes)).transpose()
    }

    fn save(definition: FlowDefinition) -> Result<FlowDefinition, Error> {
        let (session, key) = (session()?, key(definition.id));
        store::update(&session.buckets.definitions, &key, |bytes| {
            let before = bytes.map(|bytes| decode::<FlowDefinition>(&key, bytes)).transpose()?;
            let now = now();
            let created_at = before.map_or(now, |before| before.created_at);
            let stored = FlowDefinition { created_at, updated_at: now, ..definition.clone() };
            let bytes = encode(&stored)?;
            Ok((stored, Some(bytes)))
        })
    }

    fn delete(id: Uuid) -> Result<(), Error> {
        store::remove(&session()?.buckets.definitions, &key(id))
    }

    fn set_enabled(id: Uuid, enabled: bool) -> Result<FlowDefinition, Error> {
        let (session, key) = (session()?, key(id));
        store::update(&session.buckets.definitions, &key, |bytes| {
            let mut definition: FlowDefinition = decode(&key, bytes.ok_or(Error::NotFound)?)?;
            definition.is_enabled = enabled;
            definition.updated_at = now();
            let bytes = encode(&definition)?;
            Ok((definition, Some(bytes)))
        })
    }
}
