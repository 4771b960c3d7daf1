//! The conformance suite of `flow:storage`: one list of checks that judges any backend, native or
//! hosted, and explains each failure.
//!
//! A backend author implements [`Subject`], which makes instances; the suite owns the list, so a
//! new check reaches every backend with an upgrade and no edit. A check is data and a function
//! ([`Check`]); it works in a namespace of its own, under a clock that only the suite moves, and
//! quotes the clauses that it judges.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use plimsoll_conformance::{Settings, Subject, certify};
//! use plimsoll_contract::{Backend, Clock, Result};
//! # use plimsoll_model::{Model, SharedModel};
//! # struct MyBackend;
//! # impl MyBackend { fn new() -> SharedModel<Model> { SharedModel::new(Model::default()) } }
//!
//! struct Mine;
//!
//! #[async_trait]
//! impl Subject for Mine {
//!     fn target(&self) -> String {
//!         "my backend".to_owned()
//!     }
//!
//!     async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
//!         Ok(Arc::new(MyBackend::new()))
//!     }
//! }
//!
//! # async fn example() {
//! let report = certify(Arc::new(Mine), &Settings::default()).await;
//! assert!(report.is_certified(), "{}", report.to_text());
//! # }
//! ```

mod check;
mod checks;
pub mod compare;
mod expect;
mod given;
mod history;
mod html;
mod instance;
mod labels;
mod lanes;
mod log;
mod named;
mod native;
mod probe;
mod program;
mod race;
pub mod report;
mod runner;
mod settings;
mod storm;
mod subject;
mod trial;
mod verdict;
mod watch;

pub use check::Check;
pub use checks::all as all_checks;
pub use compare::Comparison;
pub use named::{run_tests, run_tests_with};
pub use native::Native;
pub use report::Report;
pub use runner::{certify, certify_watched};
pub use settings::{KnownFailing, Settings, UnknownCheck};
pub use subject::{Kind, Mortal, Subject};
pub use trial::{Halt, Outcome, Trial};
pub use verdict::{RunVerdict, Verdict};
