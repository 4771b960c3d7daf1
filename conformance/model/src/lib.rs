//! The contract as a plain state machine, single-threaded: no locks, no I/O, no clock of its own.
//! It is the executable specification: where it and a backend differ, one of them breaks a clause.
//!
//! Each interface is a trait with the same name as in the contract, whose provided methods are the
//! specification, over the [`State`] that the implementing type holds. [`Model`] overrides none of
//! them. A mutant overrides one, and so breaks just that.
//!
//! ```
//! use plimsoll_contract::{OpenConfig, RunId};
//! use plimsoll_model::{Backend, Model, RunRuntimeStore, Spec};
//!
//! let mut model = Model::default();
//! model.open(&OpenConfig::namespace("a"))?;
//! let run = RunId::default();
//! assert!(model.try_claim_step(run, "charge")?, "the first caller may run the step");
//! assert!(!model.try_claim_step(run, "charge")?, "and nobody else");
//! # Ok::<(), plimsoll_contract::Error>(())
//! ```

mod backend;
mod event_reader;
mod flow_repository;
mod flow_store;
mod outputs_repository;
mod retention_store;
mod run_control_store;
mod run_runtime_store;
mod run_store;
mod schedule_state_store;
mod shared;
mod signal_store;
mod state;
mod text;
mod timeseries;
mod webhook_rejection_store;
mod webhook_replay_store;

pub use backend::Backend;
pub use event_reader::EventReader;
pub use flow_repository::FlowRepository;
pub use flow_store::FlowStore;
pub use outputs_repository::OutputsRepository;
pub use retention_store::RetentionStore;
pub use run_control_store::RunControlStore;
pub use run_runtime_store::RunRuntimeStore;
pub use run_store::RunStore;
pub use schedule_state_store::ScheduleStateStore;
pub use shared::{FullSpec, SharedModel};
pub use signal_store::SignalStore;
pub use state::{Attempt, Namespace, State, Step};
pub use webhook_rejection_store::WebhookRejectionStore;
pub use webhook_replay_store::WebhookReplayStore;

use plimsoll_contract::{Answer, Error, Instant};

/// Something that holds the state of a model.
pub trait Spec {
    /// The state.
    fn state(&mut self) -> &mut State;

    /// The instant of the present call, which its caller has set.
    fn now(&mut self) -> Instant {
        self.state().now
    }

    /// The open namespace.
    ///
    /// # Errors
    ///
    /// `other("not open")` before the first successful `open` (BACKEND-18).
    fn space(&mut self) -> Answer<&mut Namespace> {
        self.state().space().ok_or_else(Error::not_open)
    }
}

/// The specification itself.
#[derive(Debug, Default)]
pub struct Model(State);

impl Spec for Model {
    fn state(&mut self) -> &mut State {
        &mut self.0
    }
}

/// Implements the given interfaces with nothing overridden.
#[macro_export]
macro_rules! as_specified {
    ($type:ty: $($interface:ident)*) => {
        $(impl $crate::$interface for $type {})*
    };
}

as_specified! {
    Model: Backend FlowStore RunStore RunRuntimeStore RunControlStore RetentionStore EventReader
        SignalStore ScheduleStateStore OutputsRepository FlowRepository WebhookRejectionStore
        WebhookReplayStore
}
