//! The interface `schedule-state-store`.

use async_trait::async_trait;

use crate::{Result, ScheduleState};

/// What the dashboard changed about schedules.
#[async_trait]
pub trait ScheduleStateStore: Send + Sync {
    /// Answers the state of a schedule. SCHEDULE-1.
    async fn get(&self, job_id: &str) -> Result<Option<ScheduleState>>;

    /// Lists all states, ascending by job id. SCHEDULE-2, 3.
    async fn get_all(&self) -> Result<Vec<ScheduleState>>;

    /// Inserts or replaces a state. SCHEDULE-4 to 6.
    async fn save(&self, state: &ScheduleState) -> Result<()>;

    /// Removes a state. SCHEDULE-7.
    async fn delete(&self, job_id: &str) -> Result<()>;
}
