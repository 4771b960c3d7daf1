use plimsoll_contract::{Answer, Error, FlowId, Instant, ScheduleState};
use plimsoll_model::{Model, ScheduleStateStore, Spec};

use crate::broken::{flow_store, keeping, models, schedule_state_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "schedule-state-store/makes-up-states",
        clause: "SCHEDULE-1",
        how: "answers a state of its own for an unknown job id",
        dies: &[("schedule-state-store/unknown-schedule-found", "there is none")],
        backend: schedule_state_store::<MakesUpStates>,
    },
    Mutant {
        id: "schedule-state-store/goes-with-its-flow",
        clause: "SCHEDULE-1",
        how: "deletes the states of a flow with its definition",
        dies: &[("schedule-state-store/lost-with-its-flow", "the state is still there")],
        backend: flow_store::<GoesWithItsFlow>,
    },
    Mutant {
        id: "schedule-state-store/hides-running-schedules",
        clause: "SCHEDULE-2",
        how: "lists paused schedules alone",
        dies: &[("schedule-state-store/list-incomplete", "each is listed once")],
        backend: schedule_state_store::<HidesRunning>,
    },
    Mutant {
        id: "schedule-state-store/lists-every-save",
        clause: "SCHEDULE-2",
        how: "inserts a row for every save and lists them all",
        dies: &[("schedule-state-store/list-incomplete", "each is listed once")],
        backend: schedule_state_store::<ListsEverySave>,
    },
    Mutant {
        id: "schedule-state-store/lists-backwards",
        clause: "SCHEDULE-3",
        how: "lists the last job id first",
        dies: &[("schedule-state-store/jobs-out-of-order", "they come by job id")],
        backend: schedule_state_store::<ListsBackwards>,
    },
    Mutant {
        id: "schedule-state-store/none-keeps-the-override",
        clause: "SCHEDULE-4",
        how: "takes a cron override of none for \"leave it as it is\"",
        dies: &[("schedule-state-store/fields-lost", "every field is as it was given")],
        backend: schedule_state_store::<NoneKeepsOverride>,
    },
    Mutant {
        id: "schedule-state-store/keeps-the-flow",
        clause: "SCHEDULE-4",
        how: "leaves flow id and name alone when a state is replaced",
        dies: &[("schedule-state-store/fields-lost", "every field is as it was given")],
        backend: schedule_state_store::<KeepsFlow>,
    },
    Mutant {
        id: "schedule-state-store/running-schedule-needs-no-row",
        clause: "SCHEDULE-4",
        how: "deletes the state of a schedule that is not paused",
        dies: &[("schedule-state-store/fields-lost", "the state is there")],
        backend: schedule_state_store::<RunningNeedsNoRow>,
    },
    Mutant {
        id: "schedule-state-store/believes-updated-at",
        clause: "SCHEDULE-5",
        how: "takes updated-at from the argument",
        dies: &[("schedule-state-store/updated-at-wrong", "updated-at is the present instant")],
        backend: schedule_state_store::<BelievesUpdatedAt>,
    },
    Mutant {
        id: "schedule-state-store/stamps-the-first-save",
        clause: "SCHEDULE-5",
        how: "sets updated-at when a state is inserted and not when it is replaced",
        dies: &[("schedule-state-store/updated-at-wrong", "updated-at is the present instant")],
        backend: schedule_state_store::<StampsFirstSave>,
    },
    Mutant {
        id: "schedule-state-store/concurrent-saves-clash",
        clause: "SCHEDULE-6",
        how: "gives a key error to the loser of a race",
        dies: &[("schedule-state-store/first-save-race-fails", "every save succeeds")],
        backend: racy::clashing,
    },
    Mutant {
        id: "schedule-state-store/two-callers-save-one-state",
        clause: "SCHEDULE-6",
        how: "writes the trigger key of a state after its other fields",
        dies: &[
            ("schedule-state-store/first-save-race-fails", "it is one caller's as a whole"),
            ("schedule-state-store/saves-in-no-order", "the saves of one schedule"),
        ],
        backend: racy::tearing,
    },
    Mutant {
        id: "schedule-state-store/delete-is-a-stub",
        clause: "SCHEDULE-7",
        how: "deletes nothing",
        dies: &[("schedule-state-store/deleted-schedule-remains", "it is not found")],
        backend: schedule_state_store::<DeleteIsAStub>,
    },
    Mutant {
        id: "schedule-state-store/deleting-unknown-is-an-error",
        clause: "SCHEDULE-7",
        how: "answers not-found when there is nothing to delete",
        dies: &[("schedule-state-store/deleted-schedule-remains", "deleting `never` succeeds")],
        backend: schedule_state_store::<DeletingUnknownFails>,
    },
    Mutant {
        id: "schedule-state-store/deletes-everything",
        clause: "SCHEDULE-7",
        how: "deletes without looking at the job id",
        dies: &[("schedule-state-store/deleted-schedule-remains", "the other stays")],
        backend: schedule_state_store::<DeletesEverything>,
    },
    Mutant {
        id: "schedule-state-store/folds-job-ids",
        clause: "BACKEND-5",
        how: "keeps job ids in lower case",
        dies: &[("schedule-state-store/job-ids-merged", "every id is a schedule of its own")],
        backend: schedule_state_store::<FoldsJobIds>,
    },
    Mutant {
        id: "schedule-state-store/trims-job-ids",
        clause: "BACKEND-5",
        how: "compares job ids without blanks around them",
        dies: &[("schedule-state-store/job-ids-merged", "every id is a schedule of its own")],
        backend: schedule_state_store::<TrimsJobIds>,
    },
    Mutant {
        id: "schedule-state-store/cuts-job-ids",
        clause: "BACKEND-4",
        how: "cuts job ids to 256 characters",
        dies: &[("schedule-state-store/long-texts-cut", "ids that were not refused are whole")],
        backend: schedule_state_store::<CutsJobIds>,
    },
    Mutant {
        id: "schedule-state-store/cuts-overrides",
        clause: "BACKEND-4",
        how: "cuts cron overrides to 128 characters",
        dies: &[("schedule-state-store/long-texts-cut", "the cron override is whole")],
        backend: schedule_state_store::<CutsOverrides>,
    },
    Mutant {
        id: "schedule-state-store/refuses-long-job-ids",
        clause: "BACKEND-6",
        how: "refuses job ids of more than 128 characters",
        dies: &[("schedule-state-store/long-texts-cut", "gave no value: invalid argument")],
        backend: schedule_state_store::<RefusesLongJobIds>,
    },
    Mutant {
        id: "schedule-state-store/stamps-changes-alone",
        clause: "SCHEDULE-5",
        how: "leaves updated-at alone when a save changes nothing else",
        dies: &[("schedule-state-store/updated-at-wrong", "updated-at is the present instant")],
        backend: schedule_state_store::<StampsChanges>,
    },
    Mutant {
        id: "schedule-state-store/deletes-by-pattern",
        clause: "BACKEND-5",
        how: "takes an underscore in the job id to delete for any character",
        dies: &[("schedule-state-store/job-ids-merged", "`char_ge` alone is deleted")],
        backend: schedule_state_store::<DeletesByPattern>,
    },
    Mutant {
        id: "schedule-state-store/lists-a-thousand",
        clause: "SCHEDULE-2",
        how: "lists a thousand states at the most",
        dies: &[("schedule-state-store/long-list-cut", "every state is listed")],
        backend: schedule_state_store::<ListsAThousand>,
    },
    Mutant {
        id: "schedule-state-store/pausing-keeps-the-override",
        clause: "SCHEDULE-4",
        how: "keeps the cron override of a schedule that is paused without one",
        dies: &[("schedule-state-store/fields-lost", "every field is as it was given")],
        backend: schedule_state_store::<PausingKeepsOverride>,
    },
    Mutant {
        id: "schedule-state-store/list-goes-by-instants",
        clause: "BACKEND-1",
        how: "lists what it listed before while there are as many states and no later instant",
        dies: &[("schedule-state-store/list-incomplete", "as it was saved last")],
        backend: schedule_state_store::<ListGoesByInstants>,
    },
    Mutant {
        id: "schedule-state-store/lists-in-pieces",
        clause: "SCHEDULE-2",
        how: "reads lists three rows at a time, by offset",
        dies: &[("schedule-state-store/states-listed-in-pieces", "every list of schedules")],
        backend: racy::pieces,
    },
];

models! {
    PausingKeepsOverride
    MakesUpStates HidesRunning ListsBackwards NoneKeepsOverride KeepsFlow RunningNeedsNoRow
    BelievesUpdatedAt StampsFirstSave DeleteIsAStub DeletingUnknownFails DeletesEverything
    FoldsJobIds TrimsJobIds
    CutsJobIds CutsOverrides RefusesLongJobIds GoesWithItsFlow
    StampsChanges DeletesByPattern ListsAThousand
}

impl plimsoll_model::FlowStore for GoesWithItsFlow {
    fn delete(&mut self, id: FlowId) -> Answer<()> {
        self.space()?.schedules.retain(|_, state| state.flow_id != id);
        plimsoll_model::FlowStore::delete(&mut self.0, id)
    }
}

impl ScheduleStateStore for MakesUpStates {
    fn get(&mut self, job_id: &str) -> Answer<Option<ScheduleState>> {
        let made_up = ScheduleState {
            job_id: job_id.to_owned(),
            flow_id: FlowId::default(),
            flow_name: String::new(),
            trigger_key: String::new(),
            is_paused: false,
            cron_override: None,
            updated_at: self.now(),
        };
        Ok(self.0.get(job_id)?.or(Some(made_up)))
    }
}

impl ScheduleStateStore for HidesRunning {
    fn get_all(&mut self) -> Answer<Vec<ScheduleState>> {
        let mut all = self.0.get_all()?;
        all.retain(|state| state.is_paused);
        Ok(all)
    }
}

keeping! {
    ListsEverySave {
        saves: Vec<String>,
    }
}

impl ScheduleStateStore for ListsEverySave {
    fn get_all(&mut self) -> Answer<Vec<ScheduleState>> {
        let schedules = &self.model.space()?.schedules;
        let mut saves = self.saves.clone();
        saves.sort_unstable();
        Ok(saves.iter().filter_map(|job_id| schedules.get(job_id).cloned()).collect())
    }

    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        self.model.save(state)?;
        self.saves.push(state.job_id.clone());
        Ok(())
    }
}

impl ScheduleStateStore for ListsBackwards {
    fn get_all(&mut self) -> Answer<Vec<ScheduleState>> {
        Ok(self.0.get_all()?.into_iter().rev().collect())
    }
}

impl ScheduleStateStore for NoneKeepsOverride {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let before = self.0.get(&state.job_id)?.and_then(|before| before.cron_override);
        let cron_override = state.cron_override.clone().or(before);
        self.0.save(&ScheduleState { cron_override, ..state.clone() })
    }
}

impl ScheduleStateStore for KeepsFlow {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let before = self.0.get(&state.job_id)?.unwrap_or_else(|| state.clone());
        let (flow_id, flow_name) = (before.flow_id, before.flow_name);
        self.0.save(&ScheduleState { flow_id, flow_name, ..state.clone() })
    }
}

impl ScheduleStateStore for RunningNeedsNoRow {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        match state.is_paused {
            true => self.0.save(state),
            false => self.0.delete(&state.job_id),
        }
    }
}

/// Saves a state and gives it another instant.
fn save_stamped(model: &mut Model, state: &ScheduleState, updated_at: Instant) -> Answer<()> {
    model.save(state)?;
    let stored = model.space()?.schedules.entry(state.job_id.clone());
    stored.and_modify(|stored| stored.updated_at = updated_at);
    Ok(())
}

impl ScheduleStateStore for BelievesUpdatedAt {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        save_stamped(&mut self.0, state, state.updated_at)
    }
}

impl ScheduleStateStore for StampsFirstSave {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let now = self.now();
        let first = self.0.get(&state.job_id)?.map_or(now, |stored| stored.updated_at);
        save_stamped(&mut self.0, state, first)
    }
}

impl ScheduleStateStore for DeleteIsAStub {
    fn delete(&mut self, _job_id: &str) -> Answer<()> {
        self.space().map(|_| ())
    }
}

impl ScheduleStateStore for DeletingUnknownFails {
    fn delete(&mut self, job_id: &str) -> Answer<()> {
        self.0.get(job_id)?.ok_or(Error::NotFound)?;
        self.0.delete(job_id)
    }
}

impl ScheduleStateStore for DeletesEverything {
    fn delete(&mut self, _job_id: &str) -> Answer<()> {
        self.space()?.schedules.clear();
        Ok(())
    }
}

impl ScheduleStateStore for FoldsJobIds {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        self.0.save(&ScheduleState { job_id: state.job_id.to_lowercase(), ..state.clone() })
    }
}

impl ScheduleStateStore for TrimsJobIds {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        self.0.save(&ScheduleState { job_id: state.job_id.trim().to_owned(), ..state.clone() })
    }
}

impl ScheduleStateStore for CutsJobIds {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let job_id = state.job_id.chars().take(256).collect();
        self.0.save(&ScheduleState { job_id, ..state.clone() })
    }
}

impl ScheduleStateStore for CutsOverrides {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let whole = state.cron_override.as_ref();
        let cron_override = whole.map(|text| text.chars().take(128).collect());
        self.0.save(&ScheduleState { cron_override, ..state.clone() })
    }
}

impl ScheduleStateStore for RefusesLongJobIds {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        match state.job_id.len() {
            0..=128 => self.0.save(state),
            _ => Err(Error::InvalidArgument("job id too long".to_owned())),
        }
    }
}

impl ScheduleStateStore for StampsChanges {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let before = self.space()?.schedules.get(&state.job_id).cloned();
        self.0.save(state)?;
        if let Some(before) = before
            && let Some(stored) = self.space()?.schedules.get_mut(&state.job_id)
            && (ScheduleState { updated_at: before.updated_at, ..stored.clone() }) == before
        {
            stored.updated_at = before.updated_at;
        }
        Ok(())
    }
}

impl ScheduleStateStore for DeletesByPattern {
    fn delete(&mut self, job_id: &str) -> Answer<()> {
        let is_like = |id: &str| {
            let mut pairs = id.chars().zip(job_id.chars());
            id.chars().count() == job_id.chars().count() && pairs.all(|(a, b)| a == b || b == '_')
        };
        self.space()?.schedules.retain(|id, _| !is_like(id));
        Ok(())
    }
}

impl ScheduleStateStore for ListsAThousand {
    fn get_all(&mut self) -> Answer<Vec<ScheduleState>> {
        let mut listed = self.0.get_all()?;
        listed.truncate(1_000);
        Ok(listed)
    }
}

impl ScheduleStateStore for PausingKeepsOverride {
    fn save(&mut self, state: &ScheduleState) -> Answer<()> {
        let stored = self.0.get(&state.job_id)?.and_then(|stored| stored.cron_override);
        let kept = stored.filter(|_| state.is_paused);
        let cron_override = state.cron_override.clone().or(kept);
        self.0.save(&ScheduleState { cron_override, ..state.clone() })
    }
}

keeping! {
    /// A mutant that keeps the last list, with what tells whether it is still right.
    ListGoesByInstants {
        list: Vec<ScheduleState>,
    }
}

impl ScheduleStateStore for ListGoesByInstants {
    fn get_all(&mut self) -> Answer<Vec<ScheduleState>> {
        let now = self.model.get_all()?;
        let latest = |list: &[ScheduleState]| list.iter().map(|state| state.updated_at).max();
        if (now.len(), latest(&now)) != (self.list.len(), latest(&self.list)) {
            self.list = now;
        }
        Ok(self.list.clone())
    }
}
