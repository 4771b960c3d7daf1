//! The instances of a backend: who may work, on which instance, and what happens when one ends.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_contract::{CallError, Clock, Error, Interruption, InterruptionKind, Result};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::bindings::exports::flow::storage::backend::OpenConfig;
use crate::breaker::Breaker;
use crate::call::Session;
use crate::instance::Live;
use crate::interruption;
use crate::metrics::{Ended, Metrics};
use crate::plugin::Plugin;

/// The instances of one backend.
pub(crate) struct Pool {
    pub(crate) plugin: Plugin,
    pub(crate) metrics: Metrics,
    /// One for each instance that may work at once.
    permits: Semaphore,
    waiting: AtomicUsize,
    /// Whether there may be a reason to refuse a call: read before anybody waits.
    is_troubled: AtomicBool,
    /// The clock until `open` brings one.
    clock: Arc<dyn Clock>,
    seed: u64,
    /// How many instances were made: each has random numbers of its own.
    made: AtomicU64,
    state: Mutex<State>,
}

struct State {
    /// Instances that wait for a call, the one that worked last on top.
    #[allow(clippy::vec_box, reason = "each call takes one out and puts it back: it is large")]
    idle: Vec<Box<Live>>,
    /// What the last `open` that succeeded was given.
    opened: Option<Opened>,
    /// An instance that kept the state ended.
    is_lost: bool,
    is_shut: bool,
    breaker: Breaker,
}

const SHUT_DOWN: &str = "the backend is shut down";

impl State {
    /// Why no call is made now.
    fn refuses(&mut self, now: Instant) -> Option<String> {
        if self.is_shut {
            return Some(SHUT_DOWN.to_owned());
        }
        self.breaker.refuses(now)
    }
}

/// An `open` that succeeded, to be repeated on instances that were made later.
#[derive(Clone)]
pub(crate) struct Opened {
    config: OpenConfig,
    clock: Arc<dyn Clock>,
    /// Counts the opens of this backend.
    generation: u64,
}

/// What a call finds.
enum Found {
    /// An instance that is open as it should be.
    Ready(Box<Live>),
    /// One that has not seen the latest `open`.
    Behind(Box<Live>, Opened),
    /// None: one is to be made, and opened unless nobody opened the backend yet.
    Nothing(Option<Opened>),
    Lost,
}

/// Takes a place among those who wait, while it lives.
struct Waiting<'a>(&'a Pool);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.waiting.decrement(1.0);
    }
}

impl Pool {
    /// A pool whose first instance was made already.
    pub(crate) fn new(plugin: Plugin, first: Box<Live>, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let metrics = Metrics::of(plugin.name());
        metrics.instances.increment(1.0);
        metrics.instances_made.increment(1);
        let state = State {
            idle: vec![first],
            opened: None,
            is_lost: false,
            is_shut: false,
            breaker: Breaker::new(plugin.inner.options.breaker),
        };
        Self {
            metrics,
            permits: Semaphore::new(plugin.inner.options.instances),
            waiting: AtomicUsize::new(0),
            is_troubled: AtomicBool::new(false),
            clock,
            seed,
            made: AtomicU64::new(1),
            state: Mutex::new(state),
            plugin,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an instance that is open as the backend is, and takes it for one call.
    pub(crate) async fn begin(&self) -> Result<Session<'_>> {
        let began = Instant::now();
        let begun = self.begin_at(began).await;
        begun.inspect_err(|error| self.count_refusal(error, began))
    }

    async fn begin_at(&self, began: Instant) -> Result<Session<'_>> {
        let permit = self.admit(began).await?;
        let deadline = began + self.plugin.inner.limits.call_time;
        let live = match self.find() {
            Found::Ready(live) => live,
            Found::Behind(live, opened) => self.open_again(live, &opened, deadline).await?,
            Found::Nothing(None) => {
                self.make(&self.clock).await.map_err(|ended| not_made(&ended))?
            }
            Found::Nothing(Some(opened)) => {
                let live = self.make(&opened.clock).await.map_err(|ended| not_made(&ended))?;
                self.open_again(live, &opened, deadline).await?
            }
            Found::Lost => return Err(state_lost()),
        };
        Ok(Session::new(self, permit, live, began))
    }

    /// The same for an `open`, which needs no open instance, and begins anew where the state is
    /// lost.
    pub(crate) async fn begin_open(&self, clock: &Arc<dyn Clock>) -> Result<Session<'_>> {
        let began = Instant::now();
        let begun = self.begin_open_at(clock, began).await;
        begun.inspect_err(|error| self.count_refusal(error, began))
    }

    async fn begin_open_at(&self, clock: &Arc<dyn Clock>, began: Instant) -> Result<Session<'_>> {
        let permit = self.admit(began).await?;
        let live = match self.find() {
            Found::Ready(live) | Found::Behind(live, _) => live,
            Found::Nothing(_) | Found::Lost => self.make(clock).await?,
        };
        Ok(Session::new(self, permit, live, began))
    }

    /// Waits until one more call may work, within bounds: not too many wait, and none longer than
    /// half of what a call may take, so that the other half is left for the call.
    async fn admit(&self, began: Instant) -> Result<SemaphorePermit<'_>> {
        if self.is_troubled.load(Ordering::Relaxed)
            && let Some(refusal) = self.state().refuses(began)
        {
            return Err(unavailable(refusal));
        }
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let limits = &self.plugin.inner.limits;
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        self.metrics.waiting.increment(1.0);
        let _waiting = Waiting(self);
        if before >= limits.waiting {
            return Err(unavailable(format!("{before} calls wait for it already")));
        }
        let patience = limits.call_time / 2;
        match timeout_at(began + patience, self.permits.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(unavailable(SHUT_DOWN.to_owned())),
            Err(_) => Err(unavailable(format!("no instance was free within {patience:?}"))),
        }
    }

    fn find(&self) -> Found {
        let mut state = self.state();
        let Some(live) = state.idle.pop() else {
            return match state.is_lost {
                true => Found::Lost,
                false => Found::Nothing(state.opened.clone()),
            };
        };
        match &state.opened {
            Some(opened) if opened.generation != live.generation => {
                Found::Behind(live, opened.clone())
            }
            _ => Found::Ready(live),
        }
    }

    /// Makes an instance that is not open.
    async fn make(&self, clock: &Arc<dyn Clock>) -> std::result::Result<Box<Live>, Interruption> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let seed = self.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        match Live::new(&self.plugin, Arc::clone(clock), seed).await {
            Ok(live) => {
                self.metrics.instances.increment(1.0);
                self.metrics.instances_made.increment(1);
                Ok(live)
            }
            Err(interruption) => {
                self.failed(&interruption);
                Err(interruption)
            }
        }
    }

    /// Repeats the latest `open` on an instance that has not seen it.
    async fn open_again(
        &self,
        mut live: Box<Live>,
        opened: &Opened,
        deadline: Instant,
    ) -> Result<Box<Live>> {
        live.store.data().clock.exchange(Arc::clone(&opened.clock));
        let Live { store, guests, .. } = &mut *live;
        let Some(backend) = &guests.backend else { return Err(Error::Unsupported.into()) };
        let outcome = timeout_at(deadline, backend.call_open(store, &opened.config)).await;
        let interruption = match outcome {
            Ok(Ok(Ok(()))) => {
                live.generation = opened.generation;
                return Ok(live);
            }
            Ok(Ok(Err(error))) => {
                self.ended(live);
                return Err(unavailable(format!(
                    "a new instance did not open: {}",
                    Error::from(error)
                )));
            }
            Ok(Err(error)) => interruption::from_error(&error, &live.store.data().stderr),
            Err(_) => crate::instance::out_of_time(&self.plugin),
        };
        self.failed(&interruption);
        self.ended(live);
        Err(unavailable(format!("a new instance did not open: {interruption}")))
    }

    /// An `open` succeeded on `live`: the other instances follow before their next call.
    pub(crate) fn opened(&self, live: &mut Live, config: OpenConfig, clock: Arc<dyn Clock>) {
        let mut state = self.state();
        let generation = state.opened.as_ref().map_or(0, |opened| opened.generation) + 1;
        live.generation = generation;
        state.opened = Some(Opened { config, clock, generation });
        state.is_lost = false;
    }

    /// Takes back an instance whose guest answered.
    pub(crate) fn put_back(&self, mut live: Box<Live>) {
        live.store.data_mut().stint = None;
        let mut state = self.state();
        if state.breaker.is_troubled() {
            state.breaker.succeeded();
            self.is_troubled.store(state.is_shut, Ordering::Relaxed);
        }
        state.idle.push(live);
    }

    /// Drops an instance whose state nobody knows.
    pub(crate) fn ended(&self, live: Box<Live>) {
        drop(live);
        self.metrics.instances.decrement(1.0);
        if self.plugin.keeps_its_state() {
            self.state().is_lost = true;
        }
    }

    /// Tells the breaker of a failure.
    pub(crate) fn failed(&self, interruption: &Interruption) {
        let mut state = self.state();
        state.breaker.failed(Instant::now(), &interruption.to_string());
        self.is_troubled.store(true, Ordering::Relaxed);
    }

    fn count_refusal(&self, error: &CallError, began: Instant) {
        let how = match error {
            CallError::Interrupted(interruption) => Ended::Interrupted(interruption.kind),
            CallError::Answered(_) => Ended::Refused,
        };
        self.metrics.ended(how, began.elapsed());
    }

    /// Refuses new calls, waits for those that are there, and drops all instances.
    pub(crate) async fn shut_down(&self) {
        self.state().is_shut = true;
        self.is_troubled.store(true, Ordering::Relaxed);
        let all = u32::try_from(self.plugin.inner.options.instances).unwrap_or(u32::MAX);
        let limit = Instant::now() + self.plugin.inner.limits.call_time * 2;
        // Those who wait already come first: the semaphore is fair.
        let drained = timeout_at(limit, self.permits.acquire_many(all)).await;
        self.permits.close();
        drop(drained);
        let idle = std::mem::take(&mut self.state().idle);
        self.metrics.instances.decrement(idle.len() as f64);
    }
}

fn not_made(interruption: &Interruption) -> CallError {
    unavailable(format!("no instance can be made: {interruption}"))
}

fn unavailable(message: String) -> CallError {
    Error::Unavailable(message).into()
}

fn state_lost() -> CallError {
    Interruption {
        kind: InterruptionKind::StateLost,
        message: "an earlier call ended the instance, and its state went with it; open the \
                  backend anew"
            .to_owned(),
        backtrace: None,
    }
    .into()
}
