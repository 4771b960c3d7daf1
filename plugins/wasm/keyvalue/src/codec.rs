//! How values become bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::flow::storage::types::Error;

pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    postcard::to_allocvec(value).map_err(|error| Error::Other(format!("no encoding: {error}")))
}

pub fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, Error> {
    Ok(decode_start(key, bytes)?.0)
}

/// Decodes a value from the start of the bytes, and answers the rest of them.
pub fn decode_start<'a, T: DeserializeOwned>(
    key: &str,
    bytes: &'a [u8],
) -> Result<(T, &'a [u8]), Error> {
    postcard::take_from_bytes(bytes).map_err(|_| unreadable(key))
}

/// For an entry that this backend did not write, or not in this version.
pub fn unreadable(key: &str) -> Error {
    Error::Other(format!(
        "the entry `{key}` cannot be read: discard the namespace, or open another one"
    ))
}
