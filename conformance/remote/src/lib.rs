//! A backend of `flow:storage` in another process: the suite's races over several processes on one
//! database, and a process that is killed in the middle of a write.
//!
//! The process runs [`serve`] on any native backend; [`Remote`] starts it and is a backend itself.
//! Messages are lines of JSON over the process's standard input and output. A request carries a
//! number, the present instant, and a function of the contract with its arguments; an answer
//! carries the number of its request. Requests run concurrently, and answers come in any order.
//!
//! The clock stays where the caller is: the backend over there sees the instant that the latest
//! request named. Values come through whole: instants to the nanosecond, numbers to the bit, text
//! to the byte.
//!
//! ```no_run
//! use std::process::Command;
//! use std::sync::Arc;
//!
//! use plimsoll_contract::{Backend, OpenConfig, Result, SystemClock};
//! use plimsoll_remote::Remote;
//!
//! # async fn example() -> Result<()> {
//! let remote = Remote::spawn(Command::new("my-backend"), Arc::new(SystemClock)).await?;
//! remote.open(&OpenConfig::namespace("orders"), Arc::new(SystemClock)).await?;
//! remote.kill().await;
//! assert!(remote.describe().await.is_err());
//! # Ok(())
//! # }
//! ```
//!
//! and in `my-backend`:
//!
//! ```no_run
//! # use plimsoll_model::{Model, SharedModel};
//! # struct MyBackend;
//! # impl MyBackend { fn new() -> SharedModel<Model> { SharedModel::new(Model::default()) } }
//! #[tokio::main]
//! async fn main() -> Result<(), plimsoll_remote::ServeError> {
//!     let backend = std::sync::Arc::new(MyBackend::new());
//!     plimsoll_remote::serve(backend, tokio::io::stdin(), tokio::io::stdout()).await
//! }
//! ```

mod argument;
mod backend;
mod clock;
mod dispatch;
mod lines;
mod link;
mod message;
mod process;
mod remote;
mod serve;

pub use remote::Remote;
pub use serve::{ServeError, serve};
