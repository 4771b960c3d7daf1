//! Random programs over all interfaces of `flow:storage`: what the model answers is what a backend
//! has to answer, wherever a MUST fixes it.
//!
//! [`program`] draws one from a seed; [`run`] runs it on a backend and on the model, side by side,
//! and in the end reads everything back; [`find`] runs many, and makes the first that diverges as
//! small as it can. What is not compared, and why, stands in `promised.rs` and `compare.rs`.

mod argument;
mod blame;
mod call;
mod compare;
mod coverage;
mod difference;
mod divergence;
mod draw;
mod find;
mod notes;
mod pools;
mod program;
mod promised;
mod rejection;
mod run;
mod search;
mod sweep;
mod value;

pub use argument::Own;
pub use call::{Call, calls};
pub use coverage::outcomes;
pub use divergence::{Divergence, Kind};
pub use draw::program;
pub use find::{Found, Outcome, Search, find};
pub use program::{Move, NAMESPACES, Program, Step};
pub use run::run;
