//! Mutants that go by what they read before their turn, and write it back.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Mutex;

use plimsoll_contract::{Answer, RunId};
use plimsoll_model::{Namespace, State};

use super::{Built, Collision, build, dawdle, locked};
use crate::broken::AsSpecified;

/// Configuring a run, timing it out and registering a waiter write fields back that they do not
/// change, as they read them before.
pub(crate) fn stale_fields() -> Built {
    build::<StaleFields>()
}

/// A delivery chooses its waiter first and writes it later, whatever has become of it.
pub(crate) fn stale_choices() -> Built {
    build::<StaleChoices>()
}

/// A delivery chooses its waiter first, and does not look for another when that one is taken.
pub(crate) fn gives_up() -> Built {
    build::<GivesUp>()
}

#[derive(Default)]
struct StaleFields;

impl Collision for StaleFields {
    fn call<T: 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T>,
    ) -> Answer<T> {
        let before = locked(state).space().map(|space| space.clone()).unwrap_or_default();
        dawdle();
        let mut state = locked(state);
        let answer = call(&mut AsSpecified(&mut state));
        if let Some(space) = state.space() {
            write_back(function, space, &before);
        }
        answer
    }
}

fn write_back(function: &str, space: &mut Namespace, before: &Namespace) {
    for (id, row) in &mut space.controls {
        let Some(old) = before.controls.get(id) else { continue };
        match function {
            "configure-run" => {
                row.cancel_requested = old.cancel_requested;
                row.cancel_requested_at = old.cancel_requested_at;
                row.cancel_reason.clone_from(&old.cancel_reason);
            }
            "mark-timed-out" => row.cancel_reason.clone_from(&old.cancel_reason),
            _ => {}
        }
    }
    for (id, row) in &mut space.waiters {
        let Some(old) = before.waiters.get(id) else { continue };
        if function == "register-waiter" {
            row.payload_json.clone_from(&old.payload_json);
        }
    }
}

#[derive(Default)]
struct StaleChoices;

impl Collision for StaleChoices {
    fn call<T: 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T>,
    ) -> Answer<T> {
        if function != "deliver-signal" {
            return call(&mut AsSpecified(&mut locked(state)));
        }
        let before = locked(state).clone();
        let mut after = before.clone();
        let answer = call(&mut AsSpecified(&mut after));
        dawdle();
        if let (Some(space), Some(after)) = (locked(state).space(), after.space()) {
            let mut before = before;
            let old = before.space().map(|space| space.waiters.clone()).unwrap_or_default();
            let changed = after.waiters.iter().filter(|(id, row)| old.get(*id) != Some(*row));
            space.waiters.extend(changed.map(|(id, row)| (id.clone(), row.clone())));
        }
        answer
    }
}

#[derive(Default)]
struct GivesUp;

impl Collision for GivesUp {
    fn call<T: 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T>,
    ) -> Answer<T> {
        if function != "deliver-signal" {
            return call(&mut AsSpecified(&mut locked(state)));
        }
        let mut trial = locked(state).clone();
        let open = undelivered(&mut trial);
        call(&mut AsSpecified(&mut trial))?;
        let left = undelivered(&mut trial);
        let chosen = open.difference(&left).next();
        dawdle();
        let mut state = locked(state);
        let Some(chosen) = chosen else { return call(&mut AsSpecified(&mut state)) };
        // Every other waiter is out of sight for the moment of the delivery.
        let hide = |space: &mut Namespace| {
            let (kept, hidden) =
                mem::take(&mut space.waiters).into_iter().partition(|(id, _)| id == chosen);
            space.waiters = kept;
            hidden
        };
        let hidden: BTreeMap<_, _> = state.space().map(hide).unwrap_or_default();
        let answer = call(&mut AsSpecified(&mut state));
        if let Some(space) = state.space() {
            space.waiters.extend(hidden);
        }
        answer
    }
}

/// The waiters that no signal has reached yet.
fn undelivered(state: &mut State) -> BTreeSet<(RunId, String)> {
    let waiters = state.space().map(|space| &space.waiters).into_iter().flatten();
    let open = waiters.filter(|(_, waiter)| waiter.delivered_at.is_none());
    open.map(|(id, _)| id.clone()).collect()
}
