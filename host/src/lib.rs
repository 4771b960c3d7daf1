//! Loads `flow:storage` backends that were compiled to WebAssembly, sandboxes them, and uses them
//! as if they were native.
//!
//! The life of a backend: [`Host::load`] checks and compiles the bytes to a [`Plugin`];
//! [`Plugin::instantiate`] makes an instance, a [`WasmBackend`], which implements
//! [`Backend`](plimsoll_contract::Backend) and the traits of the interfaces that the component
//! exports. The life of a call: it waits for the instance, gets the time and memory that
//! [`Limits`] allow, and ends with the guest's answer, or without one: then the instance is gone,
//! and the caller learns how it ended as an
//! [`Interruption`](plimsoll_contract::Interruption), never as an answer.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use plimsoll_contract::{Backend, OpenConfig, SystemClock};
//! use plimsoll_host::{Host, InstanceOptions, Options};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::new(Options::default())?;
//! let plugin = host.load(&std::fs::read("backend.wasm")?).await?;
//! let backend = plugin.instantiate(InstanceOptions::default()).await?;
//! backend.open(&OpenConfig::namespace("orders"), Arc::new(SystemClock)).await?;
//! let runs = backend.run_store().ok_or("it has no run store")?;
//! println!("{:?}", runs.get_statistics().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is granted: the standard WASI imports link, but lead nowhere.

mod backend;
mod bindings;
mod breaker;
mod cache;
mod call;
mod componentize;
mod convert;
mod engine;
mod event_reader;
mod exports;
mod flow_repository;
mod flow_store;
mod grants;
mod guests;
mod imports;
mod instance;
mod interruption;
mod keyvalue;
mod limits;
mod load_error;
pub mod manifest;
mod metrics;
mod outputs_repository;
mod plugin;
mod pool;
mod retention_store;
mod run_control_store;
mod run_runtime_store;
mod run_store;
mod schedule_state_store;
mod seam;
mod signal_store;
mod stint;
#[cfg(feature = "conformance")]
mod subject;
mod wasi;
mod webhook_rejection_store;
mod webhook_replay_store;
mod weigh;
mod workbench;

pub use backend::WasmBackend;
pub use breaker::BreakerPolicy;
pub use engine::{Host, HostError, Options};
pub use exports::ExportedInterface;
pub use grants::{Access, Directory, Grants, Remote};
pub use imports::{Import, LeadsTo};
pub use instance::InstanceOptions;
pub use limits::Limits;
pub use load_error::{LoadError, LoadErrorKind};
pub use manifest::{Manifest, ManifestError};
pub use plugin::{Inspection, Plugin, PluginOptions};
pub use seam::{ImportCall, Passage, Seam};
#[cfg(feature = "conformance")]
pub use subject::PluginSubject;
