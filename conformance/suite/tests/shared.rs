//! A right backend whose instances share their state passes as well: races go over all of them.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::{BTreeMap, BTreeSet};
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

/// By namespace.
type Claims = BTreeMap<String, BTreeSet<(RunId, String)>>;

/// An instance: what it opened is its own, and the data are everybody's.
struct Worker {
    store: Store,
    own: Mutex<Model>,
    clock: Mutex<Option<Arc<dyn Clock>>>,
    /// The claims of an instance that wrongly keeps them for itself.
    own_claims: Option<Mutex<Claims>>,
}

impl Worker {
    fn call<T>(&self, call: impl FnOnce(&mut Model) -> Answer<T>) -> Result<T> {
        let (mut store, mut own) = (self.store.lock().unwrap(), self.own.lock().unwrap());
        if let Some(clock) = &*self.clock.lock().unwrap() {
            own.state().now = clock.now();
        }
        self.swap_claims(&mut store);
        mem::swap(&mut *store, &mut own.state().namespaces);
        let answer = call(&mut own);
        mem::swap(&mut *store, &mut own.state().namespaces);
        self.swap_claims(&mut store);
        Ok(answer?)
    }

    fn swap_claims(&self, store: &mut BTreeMap<String, Namespace>) {
        let Some(own) = &self.own_claims else { return };
        let mut own = own.lock().unwrap();
        for (name, namespace) in store {
            mem::swap(&mut namespace.claims, own.entry(name.clone()).or_default());
        }
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
struct Workers {
    store: Store,
    keep_claims_apart: bool,
}

#[async_trait]
impl Subject for Workers {
    fn target(&self) -> String {
        "workers".to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn contract::Backend>> {
        Ok(Arc::new(Worker {
            store: Arc::clone(&self.store),
            own: Mutex::default(),
            clock: Mutex::default(),
            own_claims: self.keep_claims_apart.then(Mutex::default),
        }))
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

#[tokio::test]
async fn what_instances_keep_for_themselves_is_found_in_any_interface() {
    let only = BTreeSet::from(["backend/instances-apart".to_owned()]);
    let settings = Settings { only, ..Settings::default() };
    let workers = Workers { keep_claims_apart: true, ..Workers::default() };
    let report = certify(Arc::new(workers), &settings).await.to_text();
    assert!(report.contains("the claims are the same through the other instance"), "{report}");
}
