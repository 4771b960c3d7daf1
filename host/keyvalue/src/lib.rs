//! What is behind `wasi:keyvalue`: an [`Engine`] keeps values by key, in buckets. The host lends
//! one to a guest, which never sees where it is.
//!
//! What every engine promises, beyond the interface's own words:
//!
//! - a read sees every write that returned before it started, from any caller;
//! - of several swaps that expect one version, absence included, one is done;
//! - increments are atomic: no two of them answer the same;
//! - a listing read to its end names each key that was there all the time exactly once, in the
//!   order of its bytes;
//! - buckets are compared by bytes and need not be made: one that nobody wrote to is empty.

mod memory;

use async_trait::async_trait;
use thiserror::Error;

pub use memory::MemoryEngine;

/// The longest key, in bytes.
pub const KEY_BYTES: usize = 1_024;

/// The largest value, in bytes.
pub const VALUE_BYTES: usize = 768 << 10;

/// The most keys that one page of a listing names.
pub const PAGE_KEYS: usize = 1_000;

/// What an engine answers.
pub type Result<T> = std::result::Result<T, EngineError>;

/// Why an engine gave no answer. Nothing of where it is, no address and no password, is in the
/// text: guests read it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EngineError {
    /// The bucket does not exist and cannot be made.
    #[error("no such store")]
    NoSuchStore,
    /// It may not be used.
    #[error("access denied")]
    AccessDenied,
    /// Anything else. A write that ended so may have been made.
    #[error("{0}")]
    Other(String),
}

/// Which write of a key a value is of: every write, of an equal value too, makes another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub u64);

/// A value and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Which write it is of.
    pub version: Version,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// In the order of their bytes, [`PAGE_KEYS`] at most.
    pub keys: Vec<String>,
    /// Goes on where this page ends; none at the end.
    pub cursor: Option<String>,
}

/// A place that keeps values by key, in buckets.
///
/// A key is at most [`KEY_BYTES`] long and a value [`VALUE_BYTES`]; what is longer is refused.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The value of a key with its version.
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>>;

    /// The values of several keys, in their order. Each is read at some moment of the call.
    async fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(self.get(bucket, key).await?.map(|entry| entry.value));
        }
        Ok(values)
    }

    /// Whether a key has a value.
    async fn exists(&self, bucket: &str, key: &str) -> Result<bool> {
        Ok(self.get(bucket, key).await?.is_some())
    }

    /// Writes a value, whatever was there.
    async fn set(&self, bucket: &str, key: &str, value: &[u8]) -> Result<()>;

    /// Writes several, one after another: a failure leaves those before it.
    async fn set_many(&self, bucket: &str, entries: &[(String, Vec<u8>)]) -> Result<()> {
        for (key, value) in entries {
            self.set(bucket, key, value).await?;
        }
        Ok(())
    }

    /// Removes a key; one that is not there is fine.
    async fn delete(&self, bucket: &str, key: &str) -> Result<()>;

    /// Removes several, one after another: a failure leaves those behind it.
    async fn delete_many(&self, bucket: &str, keys: &[String]) -> Result<()> {
        for key in keys {
            self.delete(bucket, key).await?;
        }
        Ok(())
    }

    /// A page of the keys, from the beginning or from where a page before ended.
    async fn keys(&self, bucket: &str, cursor: Option<&str>) -> Result<Keys>;

    /// Adds to a whole number, kept as its decimal text, and answers the sum. An absent key counts
    /// as 0; a value that is no such text, or a sum beyond `i64`, is an error and stays as it is.
    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64>;

    /// Writes a value if the key still has the version that is expected, none meaning that it is
    /// absent, and says whether it did.
    async fn swap(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<Version>,
        value: &[u8],
    ) -> Result<bool>;
}

/// Refuses what is longer than every engine takes.
///
/// # Errors
///
/// What is too long, and how long it may be.
pub(crate) fn check(key: &str, value: &[u8]) -> Result<()> {
    if key.len() > KEY_BYTES {
        let message = format!("the key has {} bytes and may have {KEY_BYTES}", key.len());
        return Err(EngineError::Other(message));
    }
    if value.len() > VALUE_BYTES {
        let message = format!("the value has {} bytes and may have {VALUE_BYTES}", value.len());
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
    let number = number.ok_or_else(|| EngineError::Other("the value is no number".to_owned()))?;
    number.checked_add(delta).ok_or_else(|| EngineError::Other("the sum is too large".to_owned()))
}
