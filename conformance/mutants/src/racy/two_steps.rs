//! Mutants of one function each that does in two steps what should be one.

use std::any::Any;
use std::sync::Mutex;

use plimsoll_contract::{Answer, FlowDefinition, RunControl};
use plimsoll_model::{Namespace, State};

use super::stale::{Late, Of};
use super::{Built, Collision, build, dawdle, locked};
use crate::broken::AsSpecified;

/// A record's flag is read first and its reason and instants later.
pub(crate) fn flags_in_two_reads() -> Built {
    build::<Of<FlagsInTwoReads>>()
}

/// A definition is enabled first and read for the answer later.
pub(crate) fn late_answers() -> Built {
    build::<Of<LateAnswers>>()
}

/// A step that does not wait is found first and gets a fresh waiter later.
pub(crate) fn late_registration() -> Built {
    build::<Of<LateRegistration>>()
}

/// The slots of a run are read first and written back later, all of them.
pub(crate) fn stale_slots() -> Built {
    build::<StaleSlots>()
}

#[derive(Default)]
struct FlagsInTwoReads;

impl Late for FlagsInTwoReads {
    const FUNCTION: &str = "get-run-control";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let first = call(&mut AsSpecified(&mut locked(state)))?;
        dawdle().await;
        let mut second = call(&mut AsSpecified(&mut locked(state)))?;
        let before = (&first as &dyn Any).downcast_ref::<Option<RunControl>>();
        let after = (&mut second as &mut dyn Any).downcast_mut::<Option<RunControl>>();
        if let (Some(Some(before)), Some(Some(after))) = (before, after) {
            after.cancel_requested = before.cancel_requested;
        }
        Ok(second)
    }
}

#[derive(Default)]
struct LateAnswers;

impl Late for LateAnswers {
    const FUNCTION: &str = "set-enabled";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let mut answer = call(&mut AsSpecified(&mut locked(state)))?;
        dawdle().await;
        if let Some(answer) = (&mut answer as &mut dyn Any).downcast_mut::<FlowDefinition>()
            && let Some(space) = locked(state).space()
            && let Some(row) = space.definitions.get(&answer.id)
        {
            answer.clone_from(row);
        }
        Ok(answer)
    }
}

#[derive(Default)]
struct LateRegistration;

impl Late for LateRegistration {
    const FUNCTION: &str = "register-waiter";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let mut trial = locked(state).clone();
        let before = trial.space().map(|space| space.waiters.clone()).unwrap_or_default();
        call(&mut AsSpecified(&mut trial))?;
        dawdle().await;
        let mut state = locked(state);
        if let (Some(space), Some(trial)) = (state.space(), trial.space()) {
            let new = trial.waiters.keys().filter(|id| !before.contains_key(*id));
            new.for_each(|id| drop(space.waiters.remove(id)));
        }
        call(&mut AsSpecified(&mut state))
    }
}

#[derive(Default)]
struct StaleSlots;

impl Collision for StaleSlots {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        if !function.starts_with("save-") {
            return call(&mut AsSpecified(&mut locked(state)));
        }
        let before = locked(state).space().map(|space| space.clone()).unwrap_or_default();
        dawdle().await;
        let mut state = locked(state);
        if let Some(space) = state.space() {
            write_slots_back(space, before);
        }
        call(&mut AsSpecified(&mut state))
    }
}

fn write_slots_back(space: &mut Namespace, before: Namespace) {
    space.outputs.extend(before.outputs);
    space.inputs.extend(before.inputs);
    space.trigger_data.extend(before.trigger_data);
    space.trigger_headers.extend(before.trigger_headers);
}
