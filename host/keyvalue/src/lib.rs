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

mod connect;
mod fault;
mod limits;
mod memory;
mod nats;
mod options;
mod redis;
mod sqlite;
mod url;

use async_trait::async_trait;
use thiserror::Error;

pub use connect::{ConnectError, connect};
pub use memory::MemoryEngine;
pub use options::EngineOptions;
pub use sqlite::SqliteEngine;
pub use url::{EngineUrl, UrlError};

use limits::{Budget, check};

/// The longest key, and the longest name of a bucket, in bytes.
pub const KEY_BYTES: usize = 1_024;

/// The largest value, in bytes.
pub const VALUE_BYTES: usize = 768 << 10;

/// The most keys that one page of a listing names.
pub const PAGE_KEYS: usize = 1_000;

/// The most bytes that the values of one [`Engine::get_many`] have together.
pub const MANY_BYTES: usize = 64 << 20;

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

impl Keys {
    /// The page of keys in their order, of which there may be more than fit: then there are more
    /// pages.
    pub(crate) fn page(mut keys: Vec<String>) -> Self {
        let has_more = keys.len() > PAGE_KEYS;
        keys.truncate(PAGE_KEYS);
        let cursor = keys.last().filter(|_| has_more).cloned();
        Self { keys, cursor }
    }
}

/// A place that keeps values by key, in buckets.
///
/// A key is at most [`KEY_BYTES`] long, as is the name of a bucket, and a value [`VALUE_BYTES`]; what
/// is longer is refused.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Whether what is kept is in this process alone, so that no other shares it.
    fn is_in_process(&self) -> bool {
        false
    }

    /// The value of a key with its version.
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>>;

    /// The values of several keys, in their order. Each is read at some moment of the call. If they
    /// have more than [`MANY_BYTES`] together, that is an error.
    async fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut budget = Budget::default();
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            let value = self.get(bucket, key).await?.map(|entry| entry.value);
            budget.take(value.as_deref())?;
            values.push(value);
        }
        Ok(values)
    }

    /// Whether a key has a value.
    async fn exists(&self, bucket: &str, key: &str) -> Result<bool> {
        Ok(self.get(bucket, key).await?.is_some())
    }

    /// Writes a value, whatever was there.
    async fn set(&self, bucket: &str, key: &str, value: &[u8]) -> Result<()>;

    /// Writes several, one after another: a failure may leave those before it. If one of them is too
    /// long, none is written.
    async fn set_many(&self, bucket: &str, entries: &[(String, Vec<u8>)]) -> Result<()> {
        for (key, value) in entries {
            check(bucket, key, value)?;
        }
        for (key, value) in entries {
            self.set(bucket, key, value).await?;
        }
        Ok(())
    }

    /// Removes a key; one that is not there is fine.
    async fn delete(&self, bucket: &str, key: &str) -> Result<()>;

    /// Removes several, one after another: a failure may leave those behind it.
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
