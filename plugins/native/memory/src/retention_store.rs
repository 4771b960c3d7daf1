use async_trait::async_trait;
use plimsoll_contract::{FlowRun, Instant, Result, RetentionStore};

use crate::MemoryBackend;

#[async_trait]
impl RetentionStore for MemoryBackend {
    async fn cleanup(&self, cutoff: Instant) -> Result<()> {
        self.with(|store, _| {
            let is_old = |run: &FlowRun| run.completed_at.is_some_and(|at| at < cutoff);
            let old =
                |_: &_, data: &mut crate::store::RunData| data.record.as_ref().is_some_and(is_old);
            for (id, data) in store.runs.extract_if(old) {
                for key in &data.idempotency_keys {
                    store.idempotency_keys.remove(key);
                }
                if let Some(run) = data.record {
                    store.by_start.remove(&(run.started_at, id));
                }
            }
            Ok(())
        })
    }
}
