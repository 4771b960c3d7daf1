use std::path::Path;

use plimsoll_conformance::UnknownCheck;
use plimsoll_conformance::compare::Unreadable;
use plimsoll_host::{HostError, LoadError};
use serde_json::json;
use thiserror::Error;

/// Nothing was judged.
#[derive(Debug, Error)]
#[error("{message}")]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
    exit_code: u8,
}

impl Failure {
    /// The user can mend it: exit 2.
    pub(crate) fn usage(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), exit_code: 2 }
    }

    /// The kit is at fault: exit 3.
    pub(crate) fn harness(message: impl Into<String>) -> Self {
        Self { kind: "harness-error", message: message.into(), exit_code: 3 }
    }

    /// A file cannot be read or written.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::usage("file", format!("`{}`: {error}", path.display()))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }

    pub(crate) fn to_json(&self) -> String {
        json!({ "error": { "kind": self.kind, "message": self.message } }).to_string()
    }
}

impl From<UnknownCheck> for Failure {
    fn from(error: UnknownCheck) -> Self {
        Self::usage("unknown-check", error.to_string())
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::usage(error.kind(), error.to_string())
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self::harness(error.to_string())
    }
}

impl Failure {
    /// The bytes of `path` are no backend.
    pub(crate) fn load(path: &Path, error: &LoadError) -> Self {
        Self::usage("target", format!("`{}`: {error}", path.display()))
    }
}
