//! Mutants whose calls harm each other. A model runs behind one lock, which no override can open,
//! so these are backends of their own.

mod glimpses;
mod pieces;
mod stale;
mod two_steps;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{hint, mem};

use async_trait::async_trait;
use plimsoll_contract::{
    self as contract, Answer, Clock, DashboardStatistics, Description, Error, FlowDefinition,
    FlowEvent, FlowEventRecord, FlowHandle, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant,
    OpenConfig, Page, Result, RunControl, RunId, RunStatus, RunTimeseriesBucket,
    RunTimeseriesGranularity, ScheduleState, SignalDeliveryResult, SignalWaiter, StartRun,
    StepStatus, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery, for_each_function,
};
use plimsoll_model::{
    Backend, EventReader, FlowRepository, FlowStore, Namespace, OutputsRepository, RetentionStore,
    RunControlStore, RunRuntimeStore, RunStore, ScheduleStateStore, SignalStore, State,
    WebhookRejectionStore, WebhookReplayStore,
};
use tokio::task;

use crate::broken::{AsSpecified, Built};

/// Every call reads the whole state, decides, and writes the whole state back: what another call
/// wrote in between is lost, and both have decided on the same state.
pub(crate) fn lost_updates() -> Built {
    build::<LostUpdates>()
}

/// A write that comes while another call is under way fails, like an insert whose key another
/// transaction has just inserted.
pub(crate) fn clashing() -> Built {
    build::<Clashing>()
}

/// A call that comes while another is under way does not see the rows of the open namespace, like
/// a query that skips locked rows, and what it writes is lost.
pub(crate) fn skipping() -> Built {
    build::<Skipping>()
}

/// A call writes one field of a row after the others, so that rows can be torn between two calls.
pub(crate) fn tearing() -> Built {
    build::<Tearing>()
}

pub(crate) use glimpses::{
    in_parts, lagging_lists, late_events, late_statuses, snapshots, stale_reads, two_queries,
};
pub(crate) use pieces::{late_attempts, late_index, late_listed_runs, pieces};
pub(crate) use stale::{
    gives_up, late_rows, stale_annotation, stale_choices, stale_claiming, stale_claims,
    stale_dispatching, stale_enabling, stale_entries, stale_fields, stale_headers, stale_reset,
    stale_sweep,
};

pub(crate) use two_steps::{flags_in_two_reads, late_answers, late_registration, stale_slots};

fn build<C: Collision>() -> Built {
    Built { backend: Arc::new(Racy::<C>::default()), is_racy: true, subject: None }
}

/// What becomes of calls that overlap.
trait Collision: Default + Send + Sync + 'static {
    fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> impl Future<Output = Answer<T>> + Send;

    /// Opens a namespace.
    fn open(
        &self,
        state: &Mutex<State>,
        config: &OpenConfig,
    ) -> impl Future<Output = Answer<()>> + Send {
        async { AsSpecified(&mut locked(state)).open(config) }
    }
}

/// An open creates the namespace that it did not find a moment before.
pub(crate) fn late_opens() -> Built {
    build::<LateOpens>()
}

#[derive(Default)]
struct LateOpens;

impl Collision for LateOpens {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        _function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        call(&mut AsSpecified(&mut locked(state)))
    }

    async fn open(&self, state: &Mutex<State>, config: &OpenConfig) -> Answer<()> {
        let is_new = !locked(state).namespaces.contains_key(&config.namespace);
        dawdle().await;
        let mut state = locked(state);
        if is_new {
            state.namespaces.remove(&config.namespace);
        }
        AsSpecified(&mut state).open(config)
    }
}

#[derive(Default)]
struct LostUpdates;

impl Collision for LostUpdates {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        _function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let mut copy = locked(state).clone();
        dawdle().await;
        let answer = call(&mut AsSpecified(&mut copy));
        *locked(state) = copy;
        answer
    }
}

#[derive(Default)]
struct Clashing(Traffic);

impl Collision for Clashing {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let flight = self.0.enter();
        if flight.met_another && !is_read(function) {
            return Err(Error::Other("duplicate key".to_owned()));
        }
        dawdle().await;
        call(&mut AsSpecified(&mut locked(state)))
    }
}

#[derive(Default)]
struct Skipping(Traffic);

impl Collision for Skipping {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        _function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let flight = self.0.enter();
        if flight.met_another {
            let mut copy = locked(state).clone();
            copy.namespaces.values_mut().for_each(|space| *space = Default::default());
            return call(&mut AsSpecified(&mut copy));
        }
        dawdle().await;
        call(&mut AsSpecified(&mut locked(state)))
    }
}

#[derive(Default)]
struct Tearing(AtomicUsize);

impl Collision for Tearing {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        _function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let (answer, late) = {
            let mut state = locked(state);
            let before = state.space().map(|space| space.clone()).unwrap_or_default();
            let answer = call(&mut AsSpecified(&mut state));
            (answer, state.space().map(|space| Late::take(&before, space)).unwrap_or_default())
        };
        // One call after the other must not always write in that order.
        for _ in 0..self.0.fetch_add(1, Ordering::Relaxed) % 3 {
            dawdle().await;
        }
        if let Some(space) = locked(state).space() {
            late.write(space);
        }
        answer
    }
}

/// The fields that are still to be written, with their rows.
#[derive(Default)]
struct Late {
    manifests: Vec<(FlowId, Option<String>)>,
    trigger_keys: Vec<(String, String)>,
    completions: Vec<(StepId, (StepStatus, Option<Instant>))>,
    ends: Vec<(RunId, Option<Instant>)>,
    payloads: Vec<(StepId, Option<String>)>,
}

type StepId = (RunId, String);

impl Late {
    /// Takes them out of the rows that have changed.
    fn take(before: &Namespace, after: &mut Namespace) -> Self {
        let mut late = Self::default();
        for (id, row) in &mut after.definitions {
            let old = before.definitions.get(id);
            if old != Some(row) {
                let old = old.and_then(|old| old.manifest_json.clone());
                late.manifests.push((*id, mem::replace(&mut row.manifest_json, old)));
            }
        }
        for (id, row) in &mut after.schedules {
            let old = before.schedules.get(id);
            if old != Some(row) {
                let old = old.map(|old| old.trigger_key.clone()).unwrap_or_default();
                late.trigger_keys.push((id.clone(), mem::replace(&mut row.trigger_key, old)));
            }
        }
        for (id, row) in &mut after.steps {
            let old = before.steps.get(id).map(|old| (old.status, old.completed_at));
            if old != Some((row.status, row.completed_at)) {
                let running = (StepStatus::Running, None);
                late.completions.push((id.clone(), (row.status, row.completed_at)));
                (row.status, row.completed_at) = running;
            }
        }
        for (id, row) in &mut after.runs {
            let old = before.runs.get(id).map(|old| old.completed_at);
            if old.is_some_and(|old| old != row.completed_at) {
                late.ends.push((*id, row.completed_at.take()));
            }
        }
        for (id, row) in &mut after.waiters {
            let old = before.waiters.get(id).map(|old| &old.payload_json);
            if old.is_some_and(|old| *old != row.payload_json) {
                late.payloads.push((id.clone(), row.payload_json.take()));
            }
        }
        late
    }

    fn write(self, space: &mut Namespace) {
        for (id, manifest) in self.manifests {
            space.definitions.entry(id).and_modify(|row| row.manifest_json = manifest);
        }
        for (id, trigger_key) in self.trigger_keys {
            space.schedules.entry(id).and_modify(|row| row.trigger_key = trigger_key);
        }
        for (id, (status, completed_at)) in self.completions {
            space.steps.entry(id).and_modify(|row| {
                row.status = status;
                row.completed_at = completed_at;
            });
        }
        for (id, completed_at) in self.ends {
            space.runs.entry(id).and_modify(|row| row.completed_at = completed_at);
        }
        for (id, payload) in self.payloads {
            space.waiters.entry(id).and_modify(|row| row.payload_json = payload);
        }
    }
}

fn is_read(function: &str) -> bool {
    const READS: [&str; 4] = ["get", "find-", "query", "counts-"];
    READS.iter().any(|prefix| function.starts_with(prefix))
}

/// How many calls are under way.
#[derive(Default)]
struct Traffic(AtomicUsize);

/// A call that is under way until this is dropped.
struct Flight<'a> {
    traffic: &'a Traffic,
    met_another: bool,
}

impl Traffic {
    fn enter(&self) -> Flight<'_> {
        Flight { traffic: self, met_another: self.0.fetch_add(1, Ordering::SeqCst) > 0 }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.traffic.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Takes a moment, in which others come in between: those on other threads while this one spins,
/// those on the same thread when it yields. Moments differ in length: calls that keep step with
/// each other end in the order in which they began, and harm nobody.
async fn dawdle() {
    static MOMENTS: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..=MOMENTS.fetch_add(1, Ordering::Relaxed) % 5 {
        for _ in 0..400 {
            hint::spin_loop();
        }
        task::yield_now().await;
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A backend whose calls collide.
#[derive(Default)]
struct Racy<C> {
    state: Mutex<State>,
    clock: Mutex<Option<Arc<dyn Clock>>>,
    collision: C,
}

impl<C: Collision> Racy<C> {
    async fn call<T: Send + 'static>(
        &self,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Result<T> {
        if let Some(clock) = &*self.clock.lock().unwrap_or_else(PoisonError::into_inner) {
            locked(&self.state).now = clock.now();
        }
        Ok(self.collision.call(&self.state, function, call).await?)
    }
}

macro_rules! let_calls_collide {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        #[async_trait]
        impl<C: Collision> contract::Backend for Racy<C> {
            async fn describe(&self) -> Result<Description> {
                Ok(AsSpecified(&mut locked(&self.state)).describe()?)
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                self.collision.open(&self.state, config).await?;
                *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock);
                Ok(())
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                Ok(AsSpecified(&mut locked(&self.state)).discard(namespace)?)
            }

            $(fn $accessor(&self) -> Option<&dyn contract::$interface> {
                Some(self)
            })*
        }

        $(#[async_trait]
        impl<C: Collision> contract::$interface for Racy<C> {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$value> {
                self.call($function, |model| $interface::$method(model, $($argument),*)).await
            })*
        })*
    };
}

for_each_function!(let_calls_collide);
