use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_contract::{
    Backend, Clock, Description, EventReader, FlowRepository, FlowStore, Interface, OpenConfig,
    OutputsRepository, Result, RetentionStore, RunControlStore, RunRuntimeStore, RunStore,
    ScheduleStateStore, SignalStore, WebhookRejectionStore, WebhookReplayStore,
};

use crate::call::{Session, call, outcome};
use crate::convert::ToWit;
use crate::plugin::Plugin;
use crate::pool::Pool;

/// A plugin at work, used like a native backend: one instance, or as many as its options allow,
/// each of which has one call at a time.
///
/// Any call that ends without an answer ends its instance. Where the backend keeps its state in
/// the instance, that is gone with it, and every later call ends as `state-lost` until the embedder
/// opens the backend anew. Where the state is shared, the next call gets a new instance, opened as
/// the last one was. A backend that fails again and again is left alone for a while: its calls
/// answer `unavailable` at once.
pub struct WasmBackend {
    pool: Pool,
}

impl WasmBackend {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// The plugin that it runs.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.pool.plugin
    }

    /// Ends it in order: new calls answer `unavailable`, those that were made already are waited
    /// for, and then the instances are dropped.
    pub async fn shut_down(&self) {
        self.pool.shut_down().await;
    }

    /// Waits for an instance and takes it for one call.
    pub(crate) async fn begin(&self) -> Result<Session<'_>> {
        self.pool.begin().await
    }

    fn has<T>(&self, interface: Interface, this: T) -> Option<T> {
        self.pool.plugin.has(interface).then_some(this)
    }
}

#[async_trait]
impl Backend for WasmBackend {
    async fn describe(&self) -> Result<Description> {
        call!(self, backend, call_describe())
    }

    async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
        let mut session = self.pool.begin_open(&clock).await?;
        let mut config = config.to_wit();
        let granted = &self.pool.plugin.inner.options.grants.settings;
        config.settings.splice(0..0, granted.iter().cloned());
        let shared = session.live()?.store.data().clock.clone();
        let before = shared.exchange(Arc::clone(&clock));
        let outcome = outcome!(session, backend, call_open(&config));
        let ended = session
            .end_after(outcome, |pool, live| pool.opened(live, config.clone(), Arc::clone(&clock)));
        if ended.is_err() {
            // An `open` that fails changes nothing, the clock included.
            shared.exchange(before);
        }
        ended
    }

    async fn discard(&self, namespace: &str) -> Result<()> {
        call!(self, backend, call_discard(namespace))
    }

    fn flow_store(&self) -> Option<&dyn FlowStore> {
        self.has(Interface::FlowStore, self)
    }

    fn run_store(&self) -> Option<&dyn RunStore> {
        self.has(Interface::RunStore, self)
    }

    fn run_runtime_store(&self) -> Option<&dyn RunRuntimeStore> {
        self.has(Interface::RunRuntimeStore, self)
    }

    fn run_control_store(&self) -> Option<&dyn RunControlStore> {
        self.has(Interface::RunControlStore, self)
    }

    fn retention_store(&self) -> Option<&dyn RetentionStore> {
        self.has(Interface::RetentionStore, self)
    }

    fn event_reader(&self) -> Option<&dyn EventReader> {
        self.has(Interface::EventReader, self)
    }

    fn signal_store(&self) -> Option<&dyn SignalStore> {
        self.has(Interface::SignalStore, self)
    }

    fn schedule_state_store(&self) -> Option<&dyn ScheduleStateStore> {
        self.has(Interface::ScheduleStateStore, self)
    }

    fn outputs_repository(&self) -> Option<&dyn OutputsRepository> {
        self.has(Interface::OutputsRepository, self)
    }

    fn flow_repository(&self) -> Option<&dyn FlowRepository> {
        self.has(Interface::FlowRepository, self)
    }

    fn webhook_rejection_store(&self) -> Option<&dyn WebhookRejectionStore> {
        self.has(Interface::WebhookRejectionStore, self)
    }

    fn webhook_replay_store(&self) -> Option<&dyn WebhookReplayStore> {
        self.has(Interface::WebhookReplayStore, self)
    }
}
