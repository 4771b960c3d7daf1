use plimsoll_contract::{Answer, Error, FlowDefinition, FlowId};

use crate::Spec;

/// The interface `flow-store`.
pub trait FlowStore: Spec {
    /// FLOW-1 to 3.
    fn get_all(&mut self) -> Answer<Vec<FlowDefinition>> {
        let mut definitions: Vec<_> = self.space()?.definitions.values().cloned().collect();
        definitions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(definitions)
    }

    /// FLOW-4.
    fn get_by_id(&mut self, id: FlowId) -> Answer<Option<FlowDefinition>> {
        Ok(self.space()?.definitions.get(&id).cloned())
    }

    /// FLOW-5 to 9.
    fn save(&mut self, definition: &FlowDefinition) -> Answer<FlowDefinition> {
        let now = self.now();
        let definitions = &mut self.space()?.definitions;
        let created_at = definitions.get(&definition.id).map_or(now, |stored| stored.created_at);
        let stored = FlowDefinition { created_at, updated_at: now, ..definition.clone() };
        definitions.insert(stored.id, stored.clone());
        Ok(stored)
    }

    /// FLOW-10, 11.
    fn delete(&mut self, id: FlowId) -> Answer<()> {
        self.space()?.definitions.remove(&id);
        Ok(())
    }

    /// FLOW-12, 13.
    fn set_enabled(&mut self, id: FlowId, enabled: bool) -> Answer<FlowDefinition> {
        let now = self.now();
        let stored = self.space()?.definitions.get_mut(&id).ok_or(Error::NotFound)?;
        stored.is_enabled = enabled;
        stored.updated_at = now;
        Ok(stored.clone())
    }
}
