//! A `flow:storage` backend on SQLite: for one machine, without a server.
//!
//! One connection writes and commits whatever waits together; a few read, each call from one
//! moment. A file is in write-ahead mode with `synchronous = FULL`, so what was acknowledged is
//! there after a crash, and several backends and processes may use it at once. `sqlite::memory:`
//! is for tests: it belongs to one backend and goes with it.
//!
//! A write that meets a full disk, a file that another process holds for longer than the
//! [busy timeout](SqliteOptions::busy_timeout), or a file that cannot be written is `unavailable`,
//! and so are the writes that were to be committed with it.
//!
//! ```
//! use std::sync::Arc;
//!
//! use plimsoll_contract::{Backend, OpenConfig, RunId, RunRuntimeStore, SystemClock};
//! use plimsoll_sqlite::SqliteBackend;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = SqliteBackend::new("sqlite::memory:".parse()?);
//! backend.open(&OpenConfig::namespace("orders"), Arc::new(SystemClock)).await?;
//! let run = RunId::default();
//! assert!(backend.try_claim_step(run, "charge").await?);
//! assert!(!backend.try_claim_step(run, "charge").await?);
//! # Ok(())
//! # }
//! ```

mod backend;
mod connect;
mod database;
mod error;
mod event_reader;
mod flow_repository;
mod flow_store;
mod gate;
mod options;
mod outputs_repository;
mod retention_store;
mod rows;
mod run_control_store;
mod run_runtime_store;
mod run_search;
mod run_store;
mod run_timeseries;
mod schedule_state_store;
mod schema;
mod signal_store;
mod steps;
mod webhook_rejection_store;
mod webhook_replay_store;
mod words;
mod writer;

pub use backend::SqliteBackend;
pub use options::{SqliteOptions, TargetError};
