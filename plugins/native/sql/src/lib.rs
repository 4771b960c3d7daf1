//! What `flow:storage` backends on SQL databases share: what `open` was given, how text folds,
//! how instants, pages and statuses are bound and read, and which errors of sqlx mean that the
//! database cannot be reached.
//!
//! Nothing here knows a dialect. Statements, row types and the errors of one database belong to
//! its backend.

mod detail;
mod error;
mod headers;
mod id_search;
mod instant;
mod page;
mod session;
mod status;
mod text;
mod timeseries;

pub use detail::assemble;
pub use error::{mask, unreachable};
pub use headers::{decode_headers, encode_headers};
pub use id_search::IdSearch;
pub use instant::{from_micros, keep, micros};
pub use page::Limits;
pub use session::{MAX_NAMESPACE_BYTES, Opened, Session, check};
pub use status::{run_status, statuses_with, step_status, step_status_name};
pub use text::{fold, fold_key, is_ascii_blank, run_search, webhook_filter};
pub use timeseries::Window;

use plimsoll_contract::Error;

/// The answer to a value in the database that no version of the backend wrote.
#[must_use]
pub fn unreadable(what: &str) -> Error {
    Error::Other(format!("the database holds {what}, which this version cannot read"))
}
