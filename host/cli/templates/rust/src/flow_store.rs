use crate::Component;
use crate::clock::now;
use crate::exports::flow::storage::flow_store::{Error, FlowDefinition, Guest, Uuid};
use crate::state::with_namespace;

impl Guest for Component {
    fn get_all() -> Result<Vec<FlowDefinition>, Error> {
        with_namespace(|space| {
            let mut definitions: Vec<_> = space.definitions.values().cloned().collect();
            definitions.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(definitions)
        })
    }

    fn get_by_id(id: Uuid) -> Result<Option<FlowDefinition>, Error> {
        with_namespace(|space| Ok(space.definitions.get(&id).cloned()))
    }

    fn save(definition: FlowDefinition) -> Result<FlowDefinition, Error> {
        with_namespace(|space| {
            let now = now();
            let before = space.definitions.get(&definition.id);
            let created_at = before.map_or(now, |before| before.created_at);
            let stored = FlowDefinition {
                created_at,
                updated_at: now,
                ..definition
            };
            space.definitions.insert(stored.id, stored.clone());
            Ok(stored)
        })
    }

    fn delete(id: Uuid) -> Result<(), Error> {
        with_namespace(|space| {
            space.definitions.remove(&id);
            Ok(())
        })
    }

    fn set_enabled(id: Uuid, enabled: bool) -> Result<FlowDefinition, Error> {
        with_namespace(|space| {
            let definition = space.definitions.get_mut(&id).ok_or(Error::NotFound)?;
            definition.is_enabled = enabled;
            definition.updated_at = now();
            Ok(definition.clone())
        })
    }
}
