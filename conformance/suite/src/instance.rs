use std::any::Any;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use async_trait::async_trait;
use futures_util::FutureExt;
use plimsoll_contract::{
    Backend, CallError, Clock, DashboardStatistics, Description, Error, EventReader,
    FlowDefinition, FlowEvent, FlowEventRecord, FlowHandle, FlowId, FlowRepository, FlowRun,
    FlowRunDetail, FlowRunPage, FlowStore, Instant, Interface, Interruption, InterruptionKind,
    OpenConfig, OutputsRepository, Page, Result, RetentionStore, RunControl, RunControlStore,
    RunId, RunRuntimeStore, RunStatus, RunStore, RunTimeseriesBucket, RunTimeseriesGranularity,
    ScheduleState, ScheduleStateStore, SignalDeliveryResult, SignalStore, SignalWaiter, StartRun,
    StepStatus, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
    WebhookRejectionStore, WebhookReplayStore, for_each_function,
};

use crate::log::Log;

/// How long a call may take before the suite gives up on it. Hosts have limits of their own, far
/// below; this one only keeps a native backend that hangs from hanging the suite.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// An instance of a backend whose calls are written down.
#[derive(Clone)]
pub struct Instance {
    backend: Arc<dyn Backend>,
    log: Arc<Log>,
    caller: Option<usize>,
    /// The round of a race that its calls belong to.
    round: usize,
}

impl Instance {
    pub(crate) fn new(backend: Arc<dyn Backend>, log: Arc<Log>) -> Self {
        Self { backend, log, caller: None, round: 0 }
    }

    /// The same instance for one of several callers, with a log of its own so that writing down
    /// does not make the callers wait for each other.
    pub(crate) fn for_caller(&self, caller: usize, round: usize) -> (Self, Arc<Log>) {
        let log = Log::new();
        let instance = Self {
            backend: Arc::clone(&self.backend),
            log: Arc::clone(&log),
            caller: Some(caller),
            round,
        };
        (instance, log)
    }

    /// Those who share a thread take turns, now shorter, now longer: a backend that never waits
    /// would answer all the calls of one before the first of the next. Who goes first is another
    /// in each round.
    async fn let_others_go_first(&self) {
        let Some(caller) = self.caller else { return };
        let calls = self.log.lock().len();
        for _ in 0..(5 * caller + 3 * calls + self.round) % 4 {
            tokio::task::yield_now().await;
        }
    }

    async fn record<T: Debug + Send>(
        &self,
        interface: Interface,
        function: &'static str,
        arguments: &[&(dyn Debug + Sync)],
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        self.let_others_go_first().await;
        let arguments = arguments.iter().map(|argument| format!("{argument:?}")).collect();
        let place = self.log.begin(interface, function, arguments, self.caller);
        let call = AssertUnwindSafe(call).catch_unwind();
        let outcome = match tokio::time::timeout(CALL_LIMIT, call).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(panicked(panic.as_ref())),
            Err(_) => Err(hung()),
        };
        let ended = Stopwatch::now();
        let (result, error) = match &outcome {
            Ok(value) => (format!("{value:?}"), None),
            Err(error) => (format!("error: {error}"), Some(error)),
        };
        self.log.end(place, ended, result, error);
        outcome
    }
}

fn panicked(panic: &(dyn Any + Send)) -> CallError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let message = format!("the backend panicked: {}", text.unwrap_or_default());
    Interruption { kind: InterruptionKind::Trap, message, backtrace: None }.into()
}

fn hung() -> CallError {
    let message = format!("no answer within {} seconds", CALL_LIMIT.as_secs());
    Interruption { kind: InterruptionKind::Timeout, message, backtrace: None }.into()
}

fn not_exported(interface: &str) -> CallError {
    Error::Other(format!("the backend does not export {interface}")).into()
}

macro_rules! record_calls {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        impl Instance {
            $(#[doc = concat!("The interface `", $wit, "`.")]
            #[must_use]
            pub fn $accessor(&self) -> &dyn $interface {
                self
            })*
        }

        #[async_trait]
        impl Backend for Instance {
            async fn describe(&self) -> Result<Description> {
                let call = self.backend.describe();
                self.record(Interface::Backend, "describe", &[], call).await
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                let call = self.backend.open(config, clock);
                self.record(Interface::Backend, "open", &[config], call).await
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                let call = self.backend.discard(namespace);
                self.record(Interface::Backend, "discard", &[&namespace], call).await
            }

            $(fn $accessor(&self) -> Option<&dyn $interface> {
                self.backend.$accessor()?;
                Some(self)
            })*
        }

        $(#[async_trait]
        impl $interface for Instance {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$value> {
                let interface = self.backend.$accessor().ok_or_else(|| not_exported($wit))?;
                let call = interface.$method($($argument),*);
                self.record(Interface::$interface, $function, &[$(&$argument),*], call).await
            })*
        })*
    };
}

for_each_function!(record_calls);
