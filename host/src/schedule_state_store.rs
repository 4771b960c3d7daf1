use async_trait::async_trait;
use plimsoll_contract::{Result, ScheduleState, ScheduleStateStore};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl ScheduleStateStore for WasmBackend {
    async fn get(&self, job_id: &str) -> Result<Option<ScheduleState>> {
        call!(self, schedule_state_store, call_get(job_id))
    }

    async fn get_all(&self) -> Result<Vec<ScheduleState>> {
        call!(self, schedule_state_store, call_get_all())
    }

    async fn save(&self, state: &ScheduleState) -> Result<()> {
        call!(self, schedule_state_store, call_save(&state.to_wit()))
    }

    async fn delete(&self, job_id: &str) -> Result<()> {
        call!(self, schedule_state_store, call_delete(job_id))
    }
}
