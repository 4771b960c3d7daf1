use crate::Memory;
use crate::clock::now;
use crate::exports::flow::storage::schedule_state_store::{Error, Guest, ScheduleState};
use crate::state::with_namespace;

impl Guest for Memory {
    fn get(job_id: String) -> Result<Option<ScheduleState>, Error> {
        with_namespace(|space| Ok(space.schedules.get(&job_id).cloned()))
    }

    fn get_all() -> Result<Vec<ScheduleState>, Error> {
        with_namespace(|space| Ok(space.schedules.values().cloned().collect()))
    }

    fn save(state: ScheduleState) -> Result<(), Error> {
        with_namespace(|space| {
            let stored = ScheduleState { updated_at: now(), ..state };
            space.schedules.insert(stored.job_id.clone(), stored);
            Ok(())
        })
    }

    fn delete(job_id: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.schedules.remove(&job_id);
            Ok(())
        })
    }
}
