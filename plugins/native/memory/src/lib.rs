//! A `flow:storage` backend in memory: for tests, for development, and as the reference that is
//! written apart from the model.
//!
//! One lock guards everything, so every call is one step. What belongs to a run hangs off the
//! run, what belongs to a step off the step: retention removes one map entry, and nothing can be
//! left behind.
//!
//! ```
//! use std::sync::Arc;
//!
//! use plimsoll_contract::{Backend, OpenConfig, RunId, RunRuntimeStore, SystemClock};
//! use plimsoll_memory::MemoryBackend;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> plimsoll_contract::Result<()> {
//! let backend = MemoryBackend::new();
//! backend.open(&OpenConfig::namespace("orders"), Arc::new(SystemClock)).await?;
//! let run = RunId::default();
//! assert!(backend.try_claim_step(run, "charge").await?);
//! assert!(!backend.try_claim_step(run, "charge").await?);
//! # Ok(())
//! # }
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
mod signal_store;
mod store;
mod webhook_rejection_store;
mod webhook_replay_store;

pub use backend::MemoryBackend;
