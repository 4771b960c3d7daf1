//! A `flow:storage` backend on PostgreSQL: several instances, on any number of machines, share one
//! database, and what was acknowledged is on its disk. It is tested on version 15.
//!
//! All namespaces live in the tables of one schema, `plimsoll` unless [`PostgresOptions::schema`]
//! says otherwise, which the first `open` creates. The role needs the right to create a schema in
//! the database, or a schema that it may create tables in.
//!
//! What the server must keep to: encoding `UTF8`; a connection with `synchronous_commit` off
//! switches it on for itself, so that a write that was acknowledged survives a crash (BACKEND-16).
//! Connections set their own `search_path`, time limits and isolation level, and so cannot go
//! through a pooler that hands a connection on after each transaction.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use plimsoll_contract::{Backend, OpenConfig, RunId, RunRuntimeStore, SystemClock};
//! use plimsoll_postgres::{PostgresBackend, PostgresOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = PostgresOptions::from_url("postgres://engine:secret@db.internal/flows")?;
//! let backend = PostgresBackend::new(options);
//! backend.open(&OpenConfig::namespace("orders"), Arc::new(SystemClock)).await?;
//! let run = RunId::default();
//! assert!(backend.try_claim_step(run, "charge").await?);
//! assert!(!backend.try_claim_step(run, "charge").await?);
//! # Ok(())
//! # }
//! ```

mod backend;
mod call;
mod error;
mod event_reader;
mod flow_repository;
mod flow_store;
mod options;
mod outputs_repository;
mod pool;
mod retention_store;
mod run_control_store;
mod run_detail;
mod run_page;
mod run_row;
mod run_runtime_store;
mod run_store;
mod schedule_state_store;
mod schema;
mod signal_store;
mod text;
mod webhook_rejection_store;
mod webhook_replay_store;

pub use backend::PostgresBackend;
pub use options::{InvalidOption, PostgresOptions};
