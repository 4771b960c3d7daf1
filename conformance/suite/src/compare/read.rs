//! Reading a report that this or another kit has written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::report::{ClauseVerdict, SCHEMA};

/// A report that was read, as far as a comparison needs it. What else it holds is left alone: the
/// next kit may write more.
#[derive(Clone, Debug)]
pub struct ReportFile {
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// Why a file is no report that can be compared.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The file cannot be read.
    #[error("`{}`: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is no JSON, or lacks what a report has.
    #[error(
        "`{}` is no report of plimsoll: {error}; `plimsoll certify TARGET --report DIR` writes one",
        path.display()
    )]
    NoReport {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: String,
    },
    /// It is a report of another form.
    #[error(
        "`{}` has the form `{schema}`, and this plimsoll reads `{SCHEMA}`: certify the target \
         again with this plimsoll, or compare with the one that wrote the report",
        path.display()
    )]
    Schema {
        /// Which file.
        path: PathBuf,
        /// What it says of itself.
        schema: String,
    },
}

impl Unreadable {
    /// A word for scripts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::NoReport { .. } => "report",
            Self::Schema { .. } => "schema",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Content {
    pub(super) started_at: String,
    pub(super) kit: Kit,
    pub(super) subject: Subject,
    pub(super) profile: String,
    pub(super) seed: u64,
    pub(super) verdict: String,
    pub(super) clauses: Vec<Clause>,
    pub(super) traits: Vec<Observation>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Kit {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) contract: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Subject {
    pub(super) target: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) sha256: Option<String>,
    pub(super) contract_sha256: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Clause {
    pub(super) id: String,
    pub(super) level: String,
    pub(super) text: String,
    pub(super) interface: String,
    pub(super) verdict: ClauseVerdict,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Observation {
    pub(super) id: String,
    pub(super) interface: String,
    pub(super) observed: String,
}

impl ReportFile {
    /// Reads a report, or the `report.json` of a folder.
    ///
    /// # Errors
    ///
    /// What keeps it from being compared, and what to do.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let path = if path.is_dir() { path.join("report.json") } else { path.to_owned() };
        match fs::read(&path) {
            Ok(bytes) => Self::parse(path, &bytes),
            Err(error) => Err(Unreadable::File { path, error }),
        }
    }

    fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self, Unreadable> {
        let value: Value = match serde_json::from_slice(bytes) {
            Ok(value) => value,
            Err(error) => return Err(Unreadable::NoReport { path, error: error.to_string() }),
        };
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            Some(schema) => {
                let schema = schema.chars().filter(|c| !c.is_control()).take(80).collect();
                return Err(Unreadable::Schema { path, schema });
            }
            None => {
                let error = "it names no schema".to_owned();
                return Err(Unreadable::NoReport { path, error });
            }
        }
        match serde_json::from_value(value) {
            Ok(content) => Ok(Self { path, content }),
            Err(error) => Err(Unreadable::NoReport { path, error: error.to_string() }),
        }
    }
}
