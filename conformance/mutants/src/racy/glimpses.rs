//! Mutants that let others see what they should not: parts of a change, or what is no longer so.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use plimsoll_contract::{
    Answer, FlowEventRecord, FlowRunDetail, FlowRunPage, RunId, RunStatus, WebhookRejectionPage,
};
use plimsoll_model::{Namespace, State};

use super::{Built, Collision, Traffic, build, dawdle, is_read, locked};
use crate::broken::AsSpecified;

/// A retry, a reset and a sweep write one table after the other.
pub(crate) fn in_parts() -> Built {
    build::<InParts>()
}

/// A page comes from one query and its total from another; so do a run and its steps.
pub(crate) fn two_queries() -> Built {
    build::<TwoQueries>()
}

/// An event has its sequence before it can be seen.
pub(crate) fn late_events() -> Built {
    build::<LateEvents>()
}

/// The status of a run comes from a cache, into which it goes a moment after it was read.
pub(crate) fn late_statuses() -> Built {
    build::<LateStatuses>()
}

/// Claims and dispatch entries are listed from tables that are brought up to date afterwards.
pub(crate) fn lagging_lists() -> Built {
    build::<LaggingLists>()
}

/// While calls overlap, reads see what was there before some earlier one of them.
pub(crate) fn snapshots() -> Built {
    build::<Snapshots>()
}

/// Reads see everything but the last write, whether or not calls overlap.
pub(crate) fn stale_reads() -> Built {
    Built { is_racy: false, ..build::<StaleReads>() }
}

#[derive(Default)]
struct InParts;

/// The tables in the order in which they are written.
const PARTS: &[fn(&mut Namespace, &Namespace)] = &[
    |to, from| to.dispatches.clone_from(&from.dispatches),
    |to, from| to.runs.clone_from(&from.runs),
    |to, from| to.steps.clone_from(&from.steps),
    |to, from| to.outputs.clone_from(&from.outputs),
    |to, from| to.events.clone_from(&from.events),
    |to, from| to.attempts.clone_from(&from.attempts),
    |to, from| to.claims.clone_from(&from.claims),
];

impl Collision for InParts {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        const IN_PARTS: [&str; 3] = ["retry-step", "reset-cascade-skipped-dependents", "cleanup"];
        if !IN_PARTS.contains(&function) {
            return call(&mut AsSpecified(&mut locked(state)));
        }
        let mut copy = locked(state).clone();
        let answer = call(&mut AsSpecified(&mut copy));
        for part in PARTS {
            if let (Some(to), Some(from)) = (locked(state).space(), copy.space()) {
                part(to, from);
            }
            dawdle().await;
        }
        answer
    }
}

#[derive(Default)]
struct TwoQueries;

impl Collision for TwoQueries {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        _function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let mut first = call(&mut AsSpecified(&mut locked(state)))?;
        if !is_of_two(&first) {
            return Ok(first);
        }
        dawdle().await;
        let mut second = call(&mut AsSpecified(&mut locked(state)))?;
        mix(&mut first, &mut second);
        Ok(first)
    }
}

fn is_of_two(answer: &dyn Any) -> bool {
    answer.is::<FlowRunPage>()
        || answer.is::<WebhookRejectionPage>()
        || answer.is::<Option<FlowRunDetail>>()
}

/// Gives the first answer what the second query would have found.
fn mix(first: &mut dyn Any, second: &mut dyn Any) {
    if let (Some(first), Some(second)) =
        (first.downcast_mut::<FlowRunPage>(), second.downcast_ref::<FlowRunPage>())
    {
        first.total_count = second.total_count;
    }
    if let (Some(first), Some(second)) = (
        first.downcast_mut::<WebhookRejectionPage>(),
        second.downcast_ref::<WebhookRejectionPage>(),
    ) {
        first.total_count = second.total_count;
    }
    if let (Some(Some(first)), Some(Some(second))) = (
        first.downcast_mut::<Option<FlowRunDetail>>(),
        second.downcast_ref::<Option<FlowRunDetail>>(),
    ) {
        first.run = second.run.clone();
    }
}

/// Which events cannot be seen yet.
#[derive(Default)]
struct LateEvents(Mutex<BTreeSet<(RunId, i64)>>);

impl LateEvents {
    fn hidden(&self) -> std::sync::MutexGuard<'_, BTreeSet<(RunId, i64)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Collision for LateEvents {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        if function == "get-run-events" {
            let mut copy = locked(state).clone();
            let hidden = self.hidden().clone();
            let is_seen =
                |event: &FlowEventRecord| !hidden.contains(&(event.run_id, event.sequence));
            if let Some(space) = copy.space() {
                space.events.values_mut().for_each(|events| events.retain(is_seen));
            }
            return call(&mut AsSpecified(&mut copy));
        }
        if function != "record-event" {
            return call(&mut AsSpecified(&mut locked(state)));
        }
        let (answer, new) = {
            let mut state = locked(state);
            let before = sequences(&mut state);
            let answer = call(&mut AsSpecified(&mut state));
            let new: Vec<_> = sequences(&mut state).difference(&before).copied().collect();
            self.hidden().extend(&new);
            (answer, new)
        };
        // Every other event takes long, so that the next one overtakes it.
        for _ in 0..new.iter().map(|(_, sequence)| sequence % 2 * 20).sum() {
            dawdle().await;
        }
        self.hidden().retain(|event| !new.contains(event));
        answer
    }
}

fn sequences(state: &mut State) -> BTreeSet<(RunId, i64)> {
    let events = state.space().map(|space| space.events.values()).into_iter().flatten().flatten();
    events.map(|event| (event.run_id, event.sequence)).collect()
}

/// What the lists come from.
#[derive(Default)]
struct LaggingLists {
    index: Mutex<State>,
    writes: AtomicUsize,
}

impl Collision for LaggingLists {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        const LISTS: [&str; 2] = ["get-claimed-step-keys", "get-dispatched-step-keys"];
        if !LISTS.contains(&function) {
            let answer = call(&mut AsSpecified(&mut locked(state)));
            if !is_read(function) {
                // Long enough for the others to look at a list in the meantime, and not always as
                // long, so that one update overtakes another.
                for _ in 0..4 + self.writes.fetch_add(1, Ordering::Relaxed) % 5 {
                    dawdle().await;
                }
                self.follow(state, |index| drop(call(&mut AsSpecified(index))));
            }
            return answer;
        }
        let mut answer = None;
        self.follow(state, |index| answer = Some(call(&mut AsSpecified(index))));
        answer.unwrap_or_else(|| call(&mut AsSpecified(&mut locked(state))))
    }
}

impl LaggingLists {
    /// Calls with the index open on the namespace that the state has open.
    fn follow(&self, state: &Mutex<State>, call: impl FnOnce(&mut State)) {
        let (open, now) = {
            let state = locked(state);
            (state.open.clone(), state.now)
        };
        let mut index = locked(&self.index);
        if let Some(open) = &open {
            index.namespaces.entry(open.clone()).or_default();
        }
        index.open = open;
        index.now = now;
        call(&mut index);
    }
}

/// The statuses that were read, by run.
#[derive(Default)]
struct LateStatuses(Mutex<BTreeMap<RunId, RunStatus>>);

impl Collision for LateStatuses {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        if function != "get-run-status" {
            let mut state = locked(state);
            let before = statuses(&mut state);
            let answer = call(&mut AsSpecified(&mut state));
            let after = statuses(&mut state);
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|run, _| before.get(run) == after.get(run));
            return answer;
        }
        let mut copy = locked(state).clone();
        let read = statuses(&mut copy);
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (run, status) in cached {
            if let Some(row) = copy.space().and_then(|space| space.runs.get_mut(&run)) {
                row.status = status;
            }
        }
        let answer = call(&mut AsSpecified(&mut copy));
        dawdle().await;
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (run, status) in read {
            cache.entry(run).or_insert(status);
        }
        answer
    }
}

fn statuses(state: &mut State) -> BTreeMap<RunId, RunStatus> {
    let runs = state.space().map(|space| &space.runs).into_iter().flatten();
    runs.map(|(id, run)| (*id, run.status)).collect()
}

/// What reads see while calls overlap.
#[derive(Default)]
struct Snapshots {
    traffic: Traffic,
    calls: AtomicUsize,
    seen: Mutex<State>,
}

impl Collision for Snapshots {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let flight = self.traffic.enter();
        // A snapshot is not kept for ever, however long calls overlap.
        let is_due = self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(8);
        if !flight.met_another || is_due {
            *locked(&self.seen) = locked(state).clone();
        }
        dawdle().await;
        if is_read(function) && self.traffic.0.load(Ordering::SeqCst) > 1 {
            return call(&mut AsSpecified(&mut locked(&self.seen)));
        }
        call(&mut AsSpecified(&mut locked(state)))
    }
}

/// The state before the last write.
#[derive(Default)]
struct StaleReads(Mutex<State>);

impl Collision for StaleReads {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let mut state = locked(state);
        let mut before = locked(&self.0);
        if is_read(function) && before.open == state.open {
            before.now = state.now;
            return call(&mut AsSpecified(&mut before));
        }
        before.clone_from(&state);
        call(&mut AsSpecified(&mut state))
    }
}
