use async_trait::async_trait;
use plimsoll_contract::{Result, ScheduleState, ScheduleStateStore};

use crate::MemoryBackend;

#[async_trait]
impl ScheduleStateStore for MemoryBackend {
    async fn get(&self, job_id: &str) -> Result<Option<ScheduleState>> {
        self.with(|store, _| Ok(store.schedules.get(job_id).cloned()))
    }

    async fn get_all(&self) -> Result<Vec<ScheduleState>> {
        self.with(|store, _| Ok(store.schedules.values().cloned().collect()))
    }

    async fn save(&self, state: &ScheduleState) -> Result<()> {
        self.with(|store, now| {
            let mut saved = state.clone();
            saved.updated_at = now;
            store.schedules.insert(saved.job_id.clone(), saved);
            Ok(())
        })
    }

    async fn delete(&self, job_id: &str) -> Result<()> {
        self.with(|store, _| {
            store.schedules.remove(job_id);
            Ok(())
        })
    }
}
