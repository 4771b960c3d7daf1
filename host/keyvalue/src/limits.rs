//! What every engine refuses, in the same words.

use crate::{EngineError, KEY_BYTES, MANY_BYTES, Result, VALUE_BYTES};

/// Refuses what is longer than every engine takes.
///
/// # Errors
///
/// What is too long, and how long it may be.
pub(crate) fn check(bucket: &str, key: &str, value: &[u8]) -> Result<()> {
    at_most("name of the store", bucket.len(), KEY_BYTES)?;
    at_most("key", key.len(), KEY_BYTES)?;
    at_most("value", value.len(), VALUE_BYTES)
}

fn at_most(what: &str, bytes: usize, limit: usize) -> Result<()> {
    if bytes > limit {
        let message = format!("the {what} has {bytes} bytes and may have {limit}");
        return Err(EngineError::Other(message));
    }
    Ok(())
}

/// The sum that an increment writes.
///
/// # Errors
///
/// If the value is no whole number, or the sum none that fits.
pub(crate) fn sum(value: Option<&[u8]>, delta: i64) -> Result<i64> {
    let text = value.map_or(Ok("0"), std::str::from_utf8);
    let number: Option<i64> = text.ok().and_then(|text| text.parse().ok());
    number.ok_or_else(no_number)?.checked_add(delta).ok_or_else(too_large)
}

/// To an increment of a value that is not the text of an `i64`.
pub(crate) fn no_number() -> EngineError {
    EngineError::Other("the value is no number".to_owned())
}

/// To an increment whose sum is no `i64`.
pub(crate) fn too_large() -> EngineError {
    EngineError::Other("the sum is too large".to_owned())
}

/// To a `get_many` of more than [`MANY_BYTES`].
pub(crate) fn too_many() -> EngineError {
    let message =
        format!("the values have more than {MANY_BYTES} bytes together; ask for fewer keys");
    EngineError::Other(message)
}

/// What is left of [`MANY_BYTES`] to the values of one `get_many`.
pub(crate) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MANY_BYTES }
    }
}

impl Budget {
    /// Takes the bytes of a value.
    ///
    /// # Errors
    ///
    /// If there are not so many left.
    pub(crate) fn take(&mut self, value: Option<&[u8]>) -> Result<()> {
        let bytes = value.map_or(0, <[u8]>::len);
        self.left = self.left.checked_sub(bytes).ok_or_else(too_many)?;
        Ok(())
    }
}
