use plimsoll_contract::{Answer, ScheduleState};

use crate::Spec;

/// The interface `schedule-state-store`.
pub trait ScheduleStateStore: Spec {
    /// SCHEDULE-1.
    fn get(&mut self, job_id: &str) -> Answer<Option<ScheduleState>> {
        Ok(self.space()?.schedules.get(job_id).cloned())
    }

    /// SCHEDULE-2, 3.
    fn get_all(&mut self) -> Answer<Vec<ScheduleState>> {
        Ok(self.space()?.schedules.values().cloned().collect())
    }

    /// SCHEDULE-4 to 6.
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let stored = ScheduleState { updated_at: self.now(), ..state.clone() };
        self.space()?.schedules.insert(stored.job_id.clone(), stored);
        Ok(())
    }

    /// SCHEDULE-7.
    fn delete(&mut self, job_id: &str) -> Answer<()> {
        self.space()?.schedules.remove(job_id);
        Ok(())
    }
}
