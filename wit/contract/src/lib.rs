//! The storage contract `flow:storage` as Rust, for whoever writes, hosts or judges a backend.
//!
//! Read in this order: [`Backend`] and the traits of its interfaces, one module each, named like
//! the `.wit` file beside this crate; [`types`], the records that they share; [`Error`] and
//! [`CallError`], how a call can end; [`Clock`], where time comes from; [`clause`], the promises
//! with their numbers.
//!
//! The promises themselves stand in the `.wit` files alone. A trait's method names its clauses;
//! `plimsoll explain RUN-2` and [`Clause::find`] give the text.
//!
//! This crate links neither a WebAssembly runtime nor a database.

pub mod backend;
mod bits;
pub mod clause;
mod clock;
mod error;
pub mod event_reader;
pub mod flow_repository;
pub mod flow_store;
mod id;
mod interface;
pub mod outputs_repository;
mod page;
pub mod retention_store;
pub mod run_control_store;
pub mod run_runtime_store;
pub mod run_store;
pub mod schedule_state_store;
pub mod show;
pub mod signal_store;
mod table;
pub mod timeseries;
pub mod types;
pub mod webhook_rejection_store;
pub mod webhook_replay_store;
pub mod wit;

pub use backend::{Backend, Description, OpenConfig, StateLocation};
pub use clause::{Clause, Level};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Answer, CallError, Error, ErrorKind, Interruption, InterruptionKind, Result};
pub use event_reader::EventReader;
pub use flow_repository::FlowRepository;
pub use flow_store::FlowStore;
pub use id::{FlowId, RunId};
pub use interface::{Interface, Profile, UnknownProfile};
pub use outputs_repository::OutputsRepository;
pub use page::Page;
pub use retention_store::RetentionStore;
pub use run_control_store::RunControlStore;
pub use run_runtime_store::RunRuntimeStore;
pub use run_store::RunStore;
pub use schedule_state_store::ScheduleStateStore;
pub use signal_store::SignalStore;
pub use types::{
    DashboardStatistics, FlowDefinition, FlowEvent, FlowEventRecord, FlowHandle, FlowRun,
    FlowRunDetail, FlowRunPage, FlowStep, FlowStepAttempt, Instant, RunControl, RunStatus,
    RunTimeseriesBucket, RunTimeseriesGranularity, ScheduleState, SignalDelivery,
    SignalDeliveryResult, SignalWaiter, StartRun, StepStatus, WebhookRejection,
    WebhookRejectionPage, WebhookRejectionQuery,
};
pub use webhook_rejection_store::WebhookRejectionStore;
pub use webhook_replay_store::WebhookReplayStore;
