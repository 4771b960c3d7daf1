use crate::KeyValue;
use crate::codec::{decode, encode};
use crate::exports::flow::storage::schedule_state_store::{Error, Guest, ScheduleState};
use crate::hash;
use crate::session::{now, session};
use crate::store;

fn key(job_id: &str) -> String {
    hash::hex(&hash::of(&[job_id.as_bytes()]))
}

impl Guest for KeyValue {
    fn get(job_id: String) -> Result<Option<ScheduleState>, Error> {
        let (session, key) = (session()?, key(&job_id));
        let bytes = store::read(&session.buckets.schedules, &key)?;
        bytes.map(|bytes| decode(&key, &bytes)).transpose()
    }

    fn get_all() -> Result<Vec<ScheduleState>, Error> {
        let mut states: Vec<ScheduleState> = Vec::new();
        store::each(&session()?.buckets.schedules, |state| {
            states.push(state);
            Ok(())
        })?;
        states.sort_by(|a, b| a.job_id.cmp(&b.job_id));
        Ok(states)
    }

    fn save(state: ScheduleState) -> Result<(), Error> {
        let (session, key) = (session()?, key(&state.job_id));
        store::update(&session.buckets.schedules, &key, |_| {
            let stored = ScheduleState { updated_at: now(), ..state.clone() };
            Ok(((), Some(encode(&stored)?)))
        })
    }

    fn delete(job_id: String) -> Result<(), Error> {
        store::remove(&session()?.buckets.schedules, &key(&job_id))
    }
}
