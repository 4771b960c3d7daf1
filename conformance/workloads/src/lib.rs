//! The same work for any backend of `flow:storage`, and numbers that can be compared.
//!
//! A [`Workload`] is data and functions: what is prepared, what one turn does and which part of it
//! is timed, and what a turn must leave behind. Each turn looks at what it was answered, and some
//! are looked at again in the end: a backend that is fast because it does nothing gives no numbers.
//!
//! [`run`] measures backends side by side: they take turns, round by round, and the rounds give the
//! intervals. Ids, contents and choices come from a seed, and the backend's clock is the bench's
//! own; time is measured with [`std::time::Instant`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use plimsoll_model::{Model, SharedModel};
//! use plimsoll_workloads::{Site, Turn, Workload};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), plimsoll_workloads::Trouble> {
//! let claim = Workload::find("claim").expect("somebody claims");
//! let backend = Arc::new(SharedModel::new(Model::default()));
//! let site = Arc::new(Site::open(backend, "bench", 1).await?);
//! claim.prepare(&site).await?;
//! let turn = Turn { caller: 0, number: 0 };
//! let took = claim.turn(&site, turn).await?;
//! claim.verify(&site, turn).await?;
//! assert!(took.as_nanos() > 0);
//! site.close().await
//! # }
//! ```

mod bench;
mod clock;
mod contest;
mod flows;
mod history;
mod machine;
mod operations;
mod plan;
mod queries;
pub mod report;
mod site;
mod slice;
pub mod stats;
mod trouble;
mod workload;

pub use bench::Progress;
pub use plan::{Settings, UnknownWorkload};
pub use report::{Entry, Kit, Report, run};
pub use site::Site;
pub use trouble::Trouble;
pub use workload::{Crowd, Group, Growth, LARGE, Pace, SMALL, Turn, Workload};
