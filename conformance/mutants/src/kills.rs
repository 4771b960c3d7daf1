//! Mutants that call themselves durable and are wrong only once their process is killed. They keep
//! their namespaces on a disk that instances share, and a kill decides what of it is left.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_conformance::{Mortal, Subject};
use plimsoll_contract::{
    self as contract, Answer, Clock, DashboardStatistics, Description, FlowDefinition, FlowEvent,
    FlowEventRecord, FlowHandle, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant,
    Interruption, InterruptionKind, OpenConfig, Page, Result, RunControl, RunId, RunStatus,
    RunTimeseriesBucket, RunTimeseriesGranularity, ScheduleState, SignalDeliveryResult,
    SignalWaiter, StartRun, StateLocation, StepStatus, WebhookRejection, WebhookRejectionPage,
    WebhookRejectionQuery, for_each_function,
};
use plimsoll_model::{
    Backend, EventReader, FlowRepository, FlowStore, Namespace, OutputsRepository, RetentionStore,
    RunControlStore, RunRuntimeStore, RunStore, ScheduleStateStore, SignalStore, State,
    WebhookRejectionStore, WebhookReplayStore,
};

use crate::broken::{AsSpecified, Built};

/// Acknowledges writes at once and keeps them eight at a time.
pub(crate) fn keeps_late() -> Built {
    build(Loss::Late)
}

/// Writes the attempt of a started step after the step.
pub(crate) fn keeps_in_steps() -> Built {
    build(Loss::Torn)
}

fn build(loss: Loss) -> Built {
    let subject = Arc::new(Machine { disk: Arc::default(), loss });
    let backend = Arc::new(Process::on(&subject));
    Built { backend, is_racy: false, subject: Some(subject) }
}

/// What a kill spoils.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Late,
    Torn,
}

type Namespaces = BTreeMap<String, Namespace>;

#[derive(Default)]
struct Disk {
    live: Mutex<Namespaces>,
    /// What a kill leaves.
    kept: Mutex<Namespaces>,
    calls: AtomicUsize,
}

/// Where processes live and die.
struct Machine {
    disk: Arc<Disk>,
    loss: Loss,
}

/// An instance.
struct Process {
    disk: Arc<Disk>,
    loss: Loss,
    own: Mutex<State>,
    clock: Mutex<Option<Arc<dyn Clock>>>,
    killed: AtomicBool,
}

impl Process {
    fn on(machine: &Machine) -> Self {
        Self {
            disk: Arc::clone(&machine.disk),
            loss: machine.loss,
            own: Mutex::default(),
            clock: Mutex::default(),
            killed: AtomicBool::new(false),
        }
    }

    fn call<T>(
        &self,
        function: &str,
        call: impl FnOnce(&mut AsSpecified<'_>) -> Answer<T>,
    ) -> Result<T> {
        let (mut live, mut own) = (locked(&self.disk.live), locked(&self.own));
        if self.killed.load(Ordering::SeqCst) {
            // It was under way: the step is there, and its attempt is not.
            let open = own.open.clone().filter(|_| self.loss == Loss::Torn);
            if let Some(name) = open.filter(|_| function == "record-step-start") {
                let before = live.get(&name).map(|space| space.attempts.clone());
                self.run(&mut live, &mut own, call)?;
                if let (Some(space), Some(before)) = (live.get_mut(&name), before) {
                    space.attempts = before;
                }
            }
            return Err(gone());
        }
        let answer = self.run(&mut live, &mut own, call);
        let is_turn = self.disk.calls.fetch_add(1, Ordering::SeqCst).is_multiple_of(8);
        // A whole disk would take long to copy.
        if let Some(name) = own.open.clone().filter(|_| is_turn && self.loss == Loss::Late) {
            let space = live.get(&name).cloned().unwrap_or_default();
            locked(&self.disk.kept).insert(name, space);
        }
        answer
    }

    fn run<T>(
        &self,
        live: &mut Namespaces,
        own: &mut State,
        call: impl FnOnce(&mut AsSpecified<'_>) -> Answer<T>,
    ) -> Result<T> {
        if let Some(clock) = &*locked(&self.clock) {
            own.now = clock.now();
        }
        mem::swap(live, &mut own.namespaces);
        let answer = call(&mut AsSpecified(own));
        mem::swap(live, &mut own.namespaces);
        Ok(answer?)
    }

    fn die(&self) {
        let mut live = locked(&self.disk.live);
        self.killed.store(true, Ordering::SeqCst);
        if self.loss == Loss::Late {
            let mut kept = locked(&self.disk.kept);
            // What was discarded stays away.
            kept.retain(|name, _| live.contains_key(name));
            live.extend(mem::take(&mut *kept));
        }
    }
}

fn gone() -> contract::CallError {
    let message = "the process was killed".to_owned();
    Interruption { kind: InterruptionKind::Trap, message, backtrace: None }.into()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Subject for Machine {
    fn target(&self) -> String {
        format!("{:?}", self.loss)
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn contract::Backend>> {
        Ok(Arc::new(Process::on(self)))
    }

    async fn mortal(&self, _clock: Arc<dyn Clock>) -> Result<Option<Mortal>> {
        let process = Arc::new(Process::on(self));
        let victim = Arc::clone(&process);
        Ok(Some(Mortal { backend: process, kill: Box::pin(async move { victim.die() }) }))
    }
}

macro_rules! call_the_process {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        #[async_trait]
        impl contract::Backend for Process {
            async fn describe(&self) -> Result<Description> {
                let description = self.call("describe", |model| model.describe())?;
                Ok(Description { state: StateLocation::Shared, durable: true, ..description })
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                self.call("open", |model| model.open(config))?;
                *locked(&self.clock) = Some(clock);
                Ok(())
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                self.call("discard", |model| model.discard(namespace))
            }

            $(fn $accessor(&self) -> Option<&dyn contract::$interface> {
                Some(self)
            })*
        }

        $(#[async_trait]
        impl contract::$interface for Process {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$value> {
                self.call($function, |model| $interface::$method(model, $($argument),*))
            })*
        })*
    };
}

for_each_function!(call_the_process);
