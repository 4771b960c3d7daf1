use std::collections::BTreeSet;

use crate::Memory;
use crate::exports::flow::storage::retention_store::{Error, Guest, Instant};
use crate::flow::storage::types::Uuid;
use crate::state::{Namespace, with_namespace};

impl Guest for Memory {
    fn cleanup(cutoff: Instant) -> Result<(), Error> {
        with_namespace(|space| {
            let runs = space.runs.values();
            let old = runs.filter(|run| run.completed_at.is_some_and(|at| at < cutoff));
            let old = old.map(|run| run.id).collect();
            space.forget(&old);
            Ok(())
        })
    }
}

impl Namespace {
    /// Removes runs with everything that belongs to them.
    fn forget(&mut self, old: &BTreeSet<Uuid>) {
        self.runs.retain(|id, _| !old.contains(id));
        self.steps.retain(|(id, _), _| !old.contains(id));
        self.attempts.retain(|(id, _), _| !old.contains(id));
        self.claims.retain(|(id, _)| !old.contains(id));
        self.dispatches.retain(|(id, _), _| !old.contains(id));
        self.controls.retain(|id, _| !old.contains(id));
        self.idempotency_keys.retain(|_, id| !old.contains(id));
        self.waiters.retain(|(id, _), _| !old.contains(id));
        self.outputs.retain(|(id, _), _| !old.contains(id));
        self.inputs.retain(|(id, _), _| !old.contains(id));
        self.trigger_data.retain(|id, _| !old.contains(id));
        self.trigger_headers.retain(|id, _| !old.contains(id));
        self.events.retain(|id, _| !old.contains(id));
    }
}
