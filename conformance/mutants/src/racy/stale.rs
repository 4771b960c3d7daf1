//! Mutants that go by what they read before their turn, and write it back.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use plimsoll_contract::{Answer, Instant, RunId};
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
    build::<Of<StaleChoices>>()
}

/// A delivery chooses its waiter first, and does not look for another when that one is taken.
pub(crate) fn gives_up() -> Built {
    build::<Of<GivesUp>>()
}

/// A reset looks its steps up first and frees them later, whatever has become of them.
pub(crate) fn stale_reset() -> Built {
    build::<Of<StaleReset>>()
}

/// An annotation reads its entry first and writes it back later, whatever has become of it.
pub(crate) fn stale_annotation() -> Built {
    build::<Of<StaleAnnotation>>()
}

/// Headers are deleted first and inserted later.
pub(crate) fn stale_headers() -> Built {
    build::<Of<StaleHeaders>>()
}

/// A release reads the claims of all steps first and writes them back later.
pub(crate) fn stale_claims() -> Built {
    build::<Of<StaleClaims>>()
}

/// A release reads the dispatch entries of all steps first and writes them back later.
pub(crate) fn stale_entries() -> Built {
    build::<Of<StaleEntries>>()
}

/// A claim reads the claims of all steps first and writes them back later.
pub(crate) fn stale_claiming() -> Built {
    build::<Of<StaleClaiming>>()
}

/// A dispatch reads the entries of all steps first and writes them back later.
pub(crate) fn stale_dispatching() -> Built {
    build::<Of<StaleDispatching>>()
}

/// A webhook row has its id before it is inserted.
pub(crate) fn late_rows() -> Built {
    build::<Of<LateRows>>()
}

/// A sweep chooses its runs first and removes them later, whatever has become of them.
pub(crate) fn stale_sweep() -> Built {
    build::<Of<StaleSweep>>()
}

/// Enabling a definition reads it first and writes all of it back later.
pub(crate) fn stale_enabling() -> Built {
    build::<Of<StaleEnabling>>()
}

#[derive(Default)]
struct StaleFields;

impl Collision for StaleFields {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let before = locked(state).space().map(|space| space.clone()).unwrap_or_default();
        dawdle().await;
        let mut state = locked(state);
        let timed_out: BTreeSet<_> =
            state.space().map(|space| timed_out(space)).unwrap_or_default();
        let answer = call(&mut AsSpecified(&mut state));
        if let Some(space) = state.space() {
            write_back(function, space, &before, &timed_out);
        }
        answer
    }
}

fn timed_out(space: &Namespace) -> BTreeSet<RunId> {
    let rows = space.controls.iter().filter(|(_, row)| row.timed_out_at.is_some());
    rows.map(|(id, _)| *id).collect()
}

/// Only the call that times a run out writes its row; those that come too late do not.
fn write_back(
    function: &str,
    space: &mut Namespace,
    before: &Namespace,
    timed_out: &BTreeSet<RunId>,
) {
    for (id, row) in &mut space.controls {
        let Some(old) = before.controls.get(id) else { continue };
        match function {
            "configure-run" => {
                row.cancel_requested = old.cancel_requested;
                row.cancel_requested_at = old.cancel_requested_at;
                row.cancel_reason.clone_from(&old.cancel_reason);
            }
            "mark-timed-out" if !timed_out.contains(id) => {
                row.cancel_reason.clone_from(&old.cancel_reason);
            }
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

/// What one function does that looks first and acts later.
pub(super) trait Late: Default + Send + Sync + 'static {
    /// Its name. The others are as they should be.
    const FUNCTION: &str;

    fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> impl Future<Output = Answer<T>> + Send;
}

/// A backend of which that function alone is wrong.
#[derive(Default)]
pub(super) struct Of<L>(PhantomData<L>);

impl<L: Late> Collision for Of<L> {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        match function == L::FUNCTION {
            true => L::call(state, call).await,
            false => call(&mut AsSpecified(&mut locked(state))),
        }
    }
}

/// What a call would find and leave, and what it would answer, a moment before its turn.
async fn foreseen<S: Send, T: Send>(
    state: &Mutex<State>,
    look: impl Fn(&mut State) -> S + Send,
    call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
) -> (S, S, Answer<T>) {
    let mut trial = locked(state).clone();
    let before = look(&mut trial);
    let answer = call(&mut AsSpecified(&mut trial));
    let after = look(&mut trial);
    dawdle().await;
    (before, after, answer)
}

/// Writes the rows that differ from what was there before, as a whole.
fn write_changed<K: Ord, V: PartialEq>(
    rows: &mut BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
    after: BTreeMap<K, V>,
) {
    rows.extend(after.into_iter().filter(|(id, row)| before.get(id) != Some(row)));
}

#[derive(Default)]
struct StaleChoices;

impl Late for StaleChoices {
    const FUNCTION: &str = "deliver-signal";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let waiters = |state: &mut State| {
            state.space().map(|space| space.waiters.clone()).unwrap_or_default()
        };
        let (before, after, answer) = foreseen(state, waiters, call).await;
        if let Some(space) = locked(state).space() {
            write_changed(&mut space.waiters, &before, after);
        }
        answer
    }
}

#[derive(Default)]
struct StaleReset;

impl Late for StaleReset {
    const FUNCTION: &str = "reset-cascade-skipped-dependents";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let steps = |state: &mut State| -> BTreeSet<(RunId, String)> {
            state.space().map(|space| space.steps.keys().cloned().collect()).unwrap_or_default()
        };
        let (before, left, answer) = foreseen(state, steps, call).await;
        if let Some(space) = locked(state).space() {
            for step in before.difference(&left) {
                space.steps.remove(step);
                space.claims.remove(step);
                space.dispatches.remove(step);
            }
        }
        answer
    }
}

#[derive(Default)]
struct StaleAnnotation;

impl Late for StaleAnnotation {
    const FUNCTION: &str = "annotate-dispatch";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let read = locked(state).space().map(|space| space.dispatches.clone()).unwrap_or_default();
        dawdle().await;
        let mut state = locked(state);
        if let Some(space) = state.space() {
            space.dispatches.extend(read);
        }
        call(&mut AsSpecified(&mut state))
    }
}

#[derive(Default)]
struct StaleHeaders;

impl Late for StaleHeaders {
    const FUNCTION: &str = "save-trigger-headers";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let headers = |state: &mut State| {
            state.space().map(|space| space.trigger_headers.clone()).unwrap_or_default()
        };
        let mut trial = locked(state).clone();
        let before = headers(&mut trial);
        // Without those of before, so that what is left is what was saved.
        if let Some(space) = trial.space() {
            space.trigger_headers.clear();
        }
        let answer = call(&mut AsSpecified(&mut trial));
        let saved = headers(&mut trial);
        let runs: Vec<_> = saved.keys().filter(|run| before.contains_key(*run)).collect();
        if let Some(space) = locked(state).space() {
            space.trigger_headers.retain(|run, _| !runs.contains(&run));
        }
        dawdle().await;
        if let Some(space) = locked(state).space() {
            for (run, list) in saved {
                space.trigger_headers.entry(run).or_default().extend(list);
            }
        }
        answer
    }
}

/// A function that reads the rows of all steps first, and writes all of them back later.
macro_rules! writes_back {
    ($($name:ident $function:literal $rows:ident)*) => {$(
        #[derive(Default)]
        struct $name;

        impl Late for $name {
            const FUNCTION: &str = $function;

            async fn call<T: Send + 'static>(
                state: &Mutex<State>,
                call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
            ) -> Answer<T> {
                let rows = |state: &mut State| {
                    state.space().map(|space| space.$rows.clone()).unwrap_or_default()
                };
                let (_, left, answer) = foreseen(state, rows, call).await;
                if let Some(space) = locked(state).space() {
                    space.$rows = left;
                }
                answer
            }
        }
    )*};
}

writes_back! {
    StaleClaims "release-step-claim" claims
    StaleEntries "release-dispatch" dispatches
    StaleClaiming "try-claim-step" claims
    StaleDispatching "try-record-dispatch" dispatches
}

#[derive(Default)]
struct LateRows;

impl Late for LateRows {
    const FUNCTION: &str = "write";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        static NEXT: AtomicI64 = AtomicI64::new(1);
        let id = NEXT.fetch_add(1, Ordering::SeqCst);
        dawdle().await;
        let mut state = locked(state);
        let answer = call(&mut AsSpecified(&mut state));
        let rows = state.space().map(|space| &mut space.webhook_rows);
        if let Some(row) = rows.and_then(|rows| rows.last_mut()) {
            row.id = id;
        }
        answer
    }
}

#[derive(Default)]
struct StaleEnabling;

impl Late for StaleEnabling {
    const FUNCTION: &str = "set-enabled";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let definitions = |state: &mut State| {
            state.space().map(|space| space.definitions.clone()).unwrap_or_default()
        };
        let (before, after, answer) = foreseen(state, definitions, call).await;
        if let Some(space) = locked(state).space() {
            write_changed(&mut space.definitions, &before, after);
        }
        answer
    }
}

#[derive(Default)]
struct StaleSweep;

impl Late for StaleSweep {
    const FUNCTION: &str = "cleanup";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let (before, left, answer) = foreseen(state, completed, &call).await;
        answer?;
        let mut state = locked(state);
        if let Some(space) = state.space() {
            // What was chosen counts as complete, so that the sweep takes it whole.
            for (run, completed_at) in before.iter().filter(|(run, _)| !left.contains_key(run)) {
                if let Some(row) = space.runs.get_mut(run) {
                    row.completed_at = Some(*completed_at);
                }
            }
        }
        call(&mut AsSpecified(&mut state))
    }
}

/// When the runs that are complete came to be so.
fn completed(state: &mut State) -> BTreeMap<RunId, Instant> {
    let runs = state.space().map(|space| &space.runs).into_iter().flatten();
    runs.filter_map(|(id, run)| run.completed_at.map(|at| (*id, at))).collect()
}

#[derive(Default)]
struct GivesUp;

impl Late for GivesUp {
    const FUNCTION: &str = "deliver-signal";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let (open, left, answer) = foreseen(state, undelivered, &call).await;
        answer?;
        let chosen = open.difference(&left).next();
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
