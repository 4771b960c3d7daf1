use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_contract::{
    Backend, Clock, Description, EventReader, FlowRepository, FlowStore, Interface, OpenConfig,
    OutputsRepository, Result, RetentionStore, RunControlStore, RunRuntimeStore, RunStore,
    ScheduleStateStore, SignalStore, WebhookRejectionStore, WebhookReplayStore,
};
use tokio::sync::Mutex;

use crate::call::{Session, call, call_in};
use crate::convert::ToWit;
use crate::instance::Live;
use crate::plugin::Plugin;

/// An instance of a plugin, used like a native backend. Calls take turns.
///
/// Any call that ends without an answer ends the instance. Its state is gone with it, so every
/// later call answers `state-lost` until the embedder opens the backend anew.
pub struct WasmBackend {
    plugin: Plugin,
    live: Mutex<Option<Live>>,
    seed: u64,
}

impl WasmBackend {
    pub(crate) fn new(plugin: Plugin, live: Live, seed: u64) -> Self {
        Self { plugin, live: Mutex::new(Some(live)), seed }
    }

    /// The plugin that it is an instance of.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Waits for the instance and takes it for one call.
    pub(crate) async fn begin(&self) -> Result<Session<'_>> {
        Session::begin(self.live.lock().await, &self.plugin)
    }

    fn has<T>(&self, interface: Interface, this: T) -> Option<T> {
        self.plugin.has(interface).then_some(this)
    }
}

#[async_trait]
impl Backend for WasmBackend {
    async fn describe(&self) -> Result<Description> {
        call!(self, backend, call_describe())
    }

    async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
        let mut slot = self.live.lock().await;
        if slot.is_none() {
            *slot = Some(Live::new(&self.plugin, Arc::clone(&clock), self.seed).await?);
        }
        let mut session = Session::begin(slot, &self.plugin)?;
        let shared = session.live().store.data().clock.clone();
        let before = shared.exchange(clock);
        let outcome = call_in!(session, backend, call_open(&config.to_wit()));
        if outcome.is_err() {
            // An `open` that fails changes nothing, the clock included.
            shared.exchange(before);
        }
        outcome
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
