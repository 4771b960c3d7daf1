use thiserror::Error;

/// Why bytes are no backend. The message names the thing and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct LoadError {
    /// What to act on.
    pub kind: LoadErrorKind,
    message: String,
}

impl LoadError {
    pub(crate) fn new(kind: LoadErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Why bytes are no backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadErrorKind {
    /// There are no bytes.
    Empty,
    /// They are not WebAssembly.
    NotWasm,
    /// They are more than the limit.
    TooLarge,
    /// They ask for more work than a compiler should be given.
    TooComplex,
    /// The compiler took too long, or failed.
    NotCompiled,
    /// They begin like WebAssembly and are not valid.
    Malformed,
    /// They use a proposal that the host does not allow.
    Unsupported,
    /// A core module that does not say which component it makes.
    NoComponentType,
    /// A component that exports nothing of the contract.
    OtherWorld,
    /// An export of the contract in another version.
    WrongVersion,
    /// An interface of the contract that lacks a function, or has one of another shape.
    WrongShape,
    /// An import that nothing grants.
    NotGranted,
    /// It is to run as several instances and keeps its state in one.
    TooManyInstances,
    /// It cannot be instantiated or asked what it is.
    DoesNotStart,
}
