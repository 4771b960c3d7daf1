use async_trait::async_trait;
use plimsoll_contract::{Error, FlowDefinition, FlowId, FlowStore, Result};

use crate::MemoryBackend;

#[async_trait]
impl FlowStore for MemoryBackend {
    async fn get_all(&self) -> Result<Vec<FlowDefinition>> {
        self.with(|store, _| {
            let mut definitions: Vec<_> = store.definitions.values().cloned().collect();
            definitions.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
            Ok(definitions)
        })
    }

    async fn get_by_id(&self, id: FlowId) -> Result<Option<FlowDefinition>> {
        self.with(|store, _| Ok(store.definitions.get(&id).cloned()))
    }

    async fn save(&self, definition: &FlowDefinition) -> Result<FlowDefinition> {
        self.with(|store, now| {
            let mut saved = definition.clone();
            saved.created_at = now;
            saved.updated_at = now;
            if let Some(before) = store.definitions.get(&saved.id) {
                saved.created_at = before.created_at;
            }
            store.definitions.insert(saved.id, saved.clone());
            Ok(saved)
        })
    }

    async fn delete(&self, id: FlowId) -> Result<()> {
        self.with(|store, _| {
            store.definitions.remove(&id);
            Ok(())
        })
    }

    async fn set_enabled(&self, id: FlowId, enabled: bool) -> Result<FlowDefinition> {
        self.with(|store, now| match store.definitions.get_mut(&id) {
            Some(definition) => {
                definition.is_enabled = enabled;
                definition.updated_at = now;
                Ok(definition.clone())
            }
            None => Err(Error::NotFound),
        })
    }
}
