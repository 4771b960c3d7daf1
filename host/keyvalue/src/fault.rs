//! What engines answer when the place where they keep things does not do its part. Guests read it:
//! it names no place.

use std::time::Duration;

use crate::{EngineError, Result};

/// The server is away, or too slow.
pub(crate) fn lost() -> EngineError {
    EngineError::Other("the store does not answer; try again when it is back".to_owned())
}

/// There is no room for a write.
pub(crate) fn full() -> EngineError {
    let message = "the store is full; remove something, or have its capacity raised";
    EngineError::Other(message.to_owned())
}

/// Somebody else writes where an engine keeps things.
pub(crate) fn foreign() -> EngineError {
    let message = "the store holds what this version did not write; give it a place of its own";
    EngineError::Other(message.to_owned())
}

/// The answer of a call that may take so long.
///
/// # Errors
///
/// [`lost`] when it takes longer.
pub(crate) async fn within<T>(
    timeout: Duration,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout(timeout, call).await.unwrap_or_else(|_| Err(lost()))
}
