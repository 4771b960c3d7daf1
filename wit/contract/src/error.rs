use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a method of the contract returns.
pub type Result<T> = std::result::Result<T, CallError>;

/// What a backend decides: the contract's own `result<T, error>`.
pub type Answer<T> = std::result::Result<T, Error>;

/// A backend's answer that is not a value: the contract's `error`.
///
/// Act on [`Error::kind`]; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Error {
    /// There is no such definition. Only `set-enabled` answers it.
    #[error("not found")]
    NotFound,
    /// The id is in use. Only `start-run` answers it.
    #[error("already exists")]
    AlreadyExists,
    /// An argument is outside what the function takes. Nothing was changed.
    #[error("invalid argument: {0}")]
    InvalidArgument(String),
    /// The function is not implemented, which the contract does not allow (BACKEND-3).
    #[error("unsupported")]
    Unsupported,
    /// The store cannot be reached. After a write it is not known whether it happened.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Anything else. Nothing was changed.
    #[error("{0}")]
    Other(String),
}

/// [`enum@Error`] without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants are those of Error")]
pub enum ErrorKind {
    NotFound,
    AlreadyExists,
    InvalidArgument,
    Unsupported,
    Unavailable,
    Other,
}

impl Error {
    /// What to act on.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::AlreadyExists => ErrorKind::AlreadyExists,
            Self::InvalidArgument(_) => ErrorKind::InvalidArgument,
            Self::Unsupported => ErrorKind::Unsupported,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Other(_) => ErrorKind::Other,
        }
    }

    /// The answer of every function but three before the first successful `open` (BACKEND-18).
    #[must_use]
    pub fn not_open() -> Self {
        Self::Other("not open".to_owned())
    }
}

/// Why a call gave no value: the backend answered with an error, or the call ended without an
/// answer. The two are never mixed up, because only the first says what happened to the data.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallError {
    /// The backend answered.
    #[error(transparent)]
    Answered(#[from] Error),
    /// The backend did not answer.
    #[error(transparent)]
    Interrupted(Box<Interruption>),
}

impl CallError {
    /// The kind of the backend's answer; none if it gave none.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Answered(error) => Some(error.kind()),
            Self::Interrupted(_) => None,
        }
    }

    /// Whether a write that ended so may have happened all the same.
    #[must_use]
    pub fn is_indeterminate(&self) -> bool {
        match self {
            Self::Answered(error) => error.kind() == ErrorKind::Unavailable,
            Self::Interrupted(interruption) => interruption.kind != InterruptionKind::StateLost,
        }
    }
}

impl From<Interruption> for CallError {
    fn from(interruption: Interruption) -> Self {
        Self::Interrupted(Box::new(interruption))
    }
}

/// A call that ended without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{kind}: {message}")]
pub struct Interruption {
    /// What to act on.
    pub kind: InterruptionKind,
    /// What happened, for people.
    pub message: String,
    /// Where in the backend it happened, where that is known.
    pub backtrace: Option<String>,
}

/// How a call ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterruptionKind {
    /// The guest trapped, a native backend panicked, or its process ended.
    Trap,
    /// The call ran out of time.
    Timeout,
    /// The call broke a limit: guest memory, tables, or the host memory that its answer takes.
    Limit,
    /// The backend answered something that the contract's types cannot express.
    BadAnswer,
    /// The instance is gone and its state with it; the backend must be opened anew.
    StateLost,
}

impl fmt::Display for InterruptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Limit => "limit",
            Self::BadAnswer => "bad answer",
            Self::StateLost => "state lost",
        })
    }
}
