use std::collections::BTreeSet;

use plimsoll_contract::{Answer, Instant, RunId};

use crate::{Namespace, Spec};

/// The interface `retention-store`.
pub trait RetentionStore: Spec {
    /// RETENTION-1 to 12.
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        let space = self.space()?;
        let is_old = |completed_at: Option<Instant>| completed_at.is_some_and(|at| at < cutoff);
        let old = space.runs.values().filter(|run| is_old(run.completed_at));
        let old: BTreeSet<_> = old.map(|run| run.id).collect();
        space.remove_runs(&old);
        Ok(())
    }
}

impl Namespace {
    fn remove_runs(&mut self, gone: &BTreeSet<RunId>) {
        self.runs.retain(|run, _| !gone.contains(run));
        self.steps.retain(|(run, _), _| !gone.contains(run));
        self.attempts.retain(|(run, _), _| !gone.contains(run));
        self.claims.retain(|(run, _)| !gone.contains(run));
        self.dispatches.retain(|(run, _)| !gone.contains(run));
        self.controls.retain(|run, _| !gone.contains(run));
        self.idempotency_keys.retain(|_, run| !gone.contains(run));
        self.waiters.retain(|(run, _), _| !gone.contains(run));
        self.outputs.retain(|(run, _), _| !gone.contains(run));
        self.inputs.retain(|(run, _), _| !gone.contains(run));
        self.trigger_data.retain(|run, _| !gone.contains(run));
        self.trigger_headers.retain(|run, _| !gone.contains(run));
        self.events.retain(|run, _| !gone.contains(run));
    }
}
