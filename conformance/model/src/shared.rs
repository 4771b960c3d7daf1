use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_contract::{
    self as contract, Answer, Clock, DashboardStatistics, Description, FlowDefinition, FlowEvent,
    FlowEventRecord, FlowHandle, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, OpenConfig,
    Page, Result, RunControl, RunId, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
    ScheduleState, SignalDeliveryResult, SignalWaiter, StartRun, StepStatus, WebhookRejection,
    WebhookRejectionPage, WebhookRejectionQuery, for_each_function,
};

use crate::{
    Backend, EventReader, FlowRepository, FlowStore, OutputsRepository, RetentionStore,
    RunControlStore, RunRuntimeStore, RunStore, ScheduleStateStore, SignalStore,
    WebhookRejectionStore, WebhookReplayStore,
};

/// A model behind one lock and a clock, so that the suite can judge it like any backend. The lock
/// makes every call one step, which is what the contract promises.
#[derive(Debug, Default)]
pub struct SharedModel<M> {
    inner: Mutex<Inner<M>>,
}

#[derive(Default)]
struct Inner<M> {
    model: M,
    clock: Option<Arc<dyn Clock>>,
}

impl<M: std::fmt::Debug> std::fmt::Debug for Inner<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.model.fmt(f)
    }
}

impl<M: Backend> SharedModel<M> {
    /// Puts the model behind a lock.
    pub fn new(model: M) -> Self {
        Self { inner: Mutex::new(Inner { model, clock: None }) }
    }

    fn call<T>(&self, call: impl FnOnce(&mut M) -> Answer<T>) -> Result<T> {
        // A panic in a model is a mistake of the kit; what it left behind is still a state.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clock) = &inner.clock {
            let now = clock.now();
            inner.model.state().now = now;
        }
        Ok(call(&mut inner.model)?)
    }
}

/// Everything that a model of the whole contract is.
pub trait FullSpec:
    Backend
    + FlowStore
    + RunStore
    + RunRuntimeStore
    + RunControlStore
    + RetentionStore
    + EventReader
    + SignalStore
    + ScheduleStateStore
    + OutputsRepository
    + FlowRepository
    + WebhookRejectionStore
    + WebhookReplayStore
    + Send
{
}

impl<M> FullSpec for M where
    M: Backend
        + FlowStore
        + RunStore
        + RunRuntimeStore
        + RunControlStore
        + RetentionStore
        + EventReader
        + SignalStore
        + ScheduleStateStore
        + OutputsRepository
        + FlowRepository
        + WebhookRejectionStore
        + WebhookReplayStore
        + Send
{
}

macro_rules! forward_to_the_model {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        #[async_trait]
        impl<M: FullSpec> contract::Backend for SharedModel<M> {
            async fn describe(&self) -> Result<Description> {
                self.call(|model| model.describe())
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                self.call(|model| model.open(config))?;
                self.inner.lock().unwrap_or_else(PoisonError::into_inner).clock = Some(clock);
                Ok(())
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                self.call(|model| model.discard(namespace))
            }

            $(fn $accessor(&self) -> Option<&dyn contract::$interface> {
                Some(self)
            })*
        }

        $(#[async_trait]
        impl<M: FullSpec> contract::$interface for SharedModel<M> {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$value> {
                self.call(|model| $interface::$method(model, $($argument),*))
            })*
        })*
    };
}

for_each_function!(forward_to_the_model);
