//! Fills a database with the history of an orchestrator, and measures what a backend does on it.

mod fill;
mod measure;
mod plain;
mod plain_postgres;
mod plain_sqlite;
mod run;
mod subject;
mod table;

pub use fill::{fill_postgres, fill_sqlite};
pub use measure::{Measured, measure};
pub use plain::{Compared, compare};
pub use run::{DAYS, Run};
pub use subject::{Subject, Unfit};
