//! A right backend whose instances share their state passes as well: races go over all of them.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_conformance::{Settings, Subject, certify};
use plimsoll_contract::{
    self as contract, Answer, Clock, DashboardStatistics, Description, FlowDefinition, FlowEvent,
    FlowEventRecord, FlowHandle, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, OpenConfig,
    Page, Result, RunControl, RunId, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
    ScheduleState, SignalDeliveryResult, SignalWaiter, StartRun, StateLocation, StepStatus,
    WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery, for_each_function,
};
use plimsoll_model::{
    Backend, EventReader, FlowRepository, FlowStore, Model, Namespace, OutputsRepository,
    RetentionStore, RunControlStore, RunRuntimeStore, RunStore, ScheduleStateStore, SignalStore,
    Spec, WebhookRejectionStore, WebhookReplayStore,
};

type Store = Arc<Mutex<BTreeMap<String, Namespace>>>;

/// An instance: what it opened is its own, and the data are everybody's.
struct Worker {
    store: Store,
    own: Mutex<Model>,
    clock: Mutex<Option<Arc<dyn Clock>>>,
}

impl Worker {
    fn call<T>(&self, call: impl FnOnce(&mut Model) -> Answer<T>) -> Result<T> {
        let (mut store, mut own) = (self.store.lock().unwrap(), self.own.lock().unwrap());
        if let Some(clock) = &*self.clock.lock().unwrap() {
            own.state().now = clock.now();
        }
        mem::swap(&mut *store, &mut own.state().namespaces);
        let answer = call(&mut own);
        mem::swap(&mut *store, &mut own.state().namespaces);
        Ok(answer?)
    }
}

macro_rules! call_the_store {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        #[async_trait]
        impl contract::Backend for Worker {
            async fn describe(&self) -> Result<Description> {
                let description = self.call(|model| model.describe())?;
                Ok(Description { state: StateLocation::Shared, ..description })
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                self.call(|model| model.open(config))?;
                *self.clock.lock().unwrap() = Some(clock);
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
        impl contract::$interface for Worker {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$value> {
                self.call(|model| $interface::$method(model, $($argument),*))
            })*
        })*
    };
}

for_each_function!(call_the_store);

#[derive(Default)]
struct Workers(Store);

#[async_trait]
impl Subject for Workers {
    fn target(&self) -> String {
        "workers".to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn contract::Backend>> {
        let (store, own, clock) = (Arc::clone(&self.0), Mutex::default(), Mutex::default());
        Ok(Arc::new(Worker { store, own, clock }))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_share_their_state_are_certified() {
    for instances in [1, 3] {
        let settings = Settings { instances, effort: 20, ..Settings::default() };
        let report = certify(Arc::new(Workers::default()), &settings).await;
        assert!(report.is_certified(), "{}", report.to_text());
        assert_eq!(report.settings.instances, instances);
        assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
    }
}
