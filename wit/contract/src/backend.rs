//! The interface `backend`, and how a backend shows which others it has.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    Clock, EventReader, FlowHandle, FlowRepository, FlowStore, Interface, OutputsRepository,
    Result, RetentionStore, RunControlStore, RunRuntimeStore, RunStore, ScheduleStateStore,
    SignalStore, WebhookRejectionStore, WebhookReplayStore,
};

/// Where a backend keeps what it stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateLocation {
    /// In its own memory: it is only ever run as one instance.
    Instance,
    /// Outside of it: several instances see the same data.
    Shared,
}

/// What a backend is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Not empty.
    pub name: String,
    /// Not empty.
    pub version: String,
    /// Where it keeps what it stores.
    pub state: StateLocation,
    /// Whether an acknowledged write survives the end of the process.
    pub durable: bool,
}

/// What a backend is opened with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenConfig {
    /// A name of which the backend answers nothing but its own data.
    pub namespace: String,
    /// Names and values that the backend documents.
    pub settings: Vec<(String, String)>,
    /// The flows that the owner registered in code.
    pub registered_flows: Vec<FlowHandle>,
}

impl OpenConfig {
    /// A namespace without settings and registered flows.
    #[must_use]
    pub fn namespace(name: impl Into<String>) -> Self {
        Self { namespace: name.into(), ..Self::default() }
    }
}

/// A storage backend: `open`, `describe`, `discard`, and the interfaces that it has.
///
/// An interface that a backend lacks is absent here, never a method that does nothing (BACKEND-3).
/// A native backend implements the traits that it has on one type and answers `Some(self)`:
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use plimsoll_contract::{
///     Backend, Clock, Description, Instant, Interface, OpenConfig, Result, RunId,
///     SignalDeliveryResult, SignalStore, SignalWaiter, StateLocation,
/// };
///
/// struct Mine;
///
/// #[async_trait]
/// impl Backend for Mine {
///     async fn describe(&self) -> Result<Description> {
///         Ok(Description {
///             name: "mine".to_owned(),
///             version: "1.0".to_owned(),
///             state: StateLocation::Instance,
///             durable: false,
///         })
///     }
///     # async fn open(&self, _: &OpenConfig, _: Arc<dyn Clock>) -> Result<()> { Ok(()) }
///     # async fn discard(&self, _: &str) -> Result<()> { Ok(()) }
///     // open and discard left out
///     fn signal_store(&self) -> Option<&dyn SignalStore> {
///         Some(self)
///     }
/// }
///
/// #[async_trait]
/// impl SignalStore for Mine {
///     # async fn register_waiter(
///     #     &self, _: RunId, _: &str, _: &str, _: Option<Instant>) -> Result<()> { Ok(()) }
///     # async fn deliver_signal(
///     #     &self, _: RunId, _: &str, _: &str) -> Result<SignalDeliveryResult> {
///     #     Ok(SignalDeliveryResult::NotFound)
///     # }
///     # async fn get_waiter(&self, _: RunId, _: &str) -> Result<Option<SignalWaiter>> { Ok(None) }
///     # async fn remove_waiter(&self, _: RunId, _: &str) -> Result<()> { Ok(()) }
///     // ...
/// }
///
/// assert_eq!(Mine.exports(), [Interface::Backend, Interface::SignalStore]);
/// ```
#[async_trait]
pub trait Backend: Send + Sync {
    /// Says what the backend is; needs no `open`. BACKEND-14 to 16.
    async fn describe(&self) -> Result<Description>;

    /// Makes a namespace ready; from now on the backend reads the time from `clock` alone.
    /// BACKEND-8, BACKEND-17 to 24.
    ///
    /// # Errors
    ///
    /// `invalid-argument` for two registered flows with one id, and for unknown settings.
    async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()>;

    /// Removes a namespace and everything in it. BACKEND-25 to 27.
    async fn discard(&self, namespace: &str) -> Result<()>;

    /// The interface `flow-store`, if the backend has it.
    fn flow_store(&self) -> Option<&dyn FlowStore> {
        None
    }

    /// The interface `run-store`, if the backend has it.
    fn run_store(&self) -> Option<&dyn RunStore> {
        None
    }

    /// The interface `run-runtime-store`, if the backend has it.
    fn run_runtime_store(&self) -> Option<&dyn RunRuntimeStore> {
        None
    }

    /// The interface `run-control-store`, if the backend has it.
    fn run_control_store(&self) -> Option<&dyn RunControlStore> {
        None
    }

    /// The interface `retention-store`, if the backend has it.
    fn retention_store(&self) -> Option<&dyn RetentionStore> {
        None
    }

    /// The interface `event-reader`, if the backend has it.
    fn event_reader(&self) -> Option<&dyn EventReader> {
        None
    }

    /// The interface `signal-store`, if the backend has it.
    fn signal_store(&self) -> Option<&dyn SignalStore> {
        None
    }

    /// The interface `schedule-state-store`, if the backend has it.
    fn schedule_state_store(&self) -> Option<&dyn ScheduleStateStore> {
        None
    }

    /// The interface `outputs-repository`, if the backend has it.
    fn outputs_repository(&self) -> Option<&dyn OutputsRepository> {
        None
    }

    /// The interface `flow-repository`, if the backend has it.
    fn flow_repository(&self) -> Option<&dyn FlowRepository> {
        None
    }

    /// The interface `webhook-rejection-store`, if the backend has it.
    fn webhook_rejection_store(&self) -> Option<&dyn WebhookRejectionStore> {
        None
    }

    /// The interface `webhook-replay-store`, if the backend has it.
    fn webhook_replay_store(&self) -> Option<&dyn WebhookReplayStore> {
        None
    }

    /// The interfaces that the backend has, `backend` first.
    fn exports(&self) -> Vec<Interface> {
        let has = |interface: &Interface| match interface {
            Interface::Backend => true,
            Interface::FlowStore => self.flow_store().is_some(),
            Interface::RunStore => self.run_store().is_some(),
            Interface::RunRuntimeStore => self.run_runtime_store().is_some(),
            Interface::RunControlStore => self.run_control_store().is_some(),
            Interface::RetentionStore => self.retention_store().is_some(),
            Interface::EventReader => self.event_reader().is_some(),
            Interface::SignalStore => self.signal_store().is_some(),
            Interface::ScheduleStateStore => self.schedule_state_store().is_some(),
            Interface::OutputsRepository => self.outputs_repository().is_some(),
            Interface::FlowRepository => self.flow_repository().is_some(),
            Interface::WebhookRejectionStore => self.webhook_rejection_store().is_some(),
            Interface::WebhookReplayStore => self.webhook_replay_store().is_some(),
        };
        Interface::ALL.into_iter().filter(has).collect()
    }
}
