use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::fault::full;
use crate::limits::{check, sum};
use crate::{Engine, Entry, Keys, PAGE_KEYS, Result, Version};

/// How many bytes an engine holds if nobody says.
const CAPACITY: u64 = 256 << 20;

/// What an entry takes beside its texts: without it, small ones would cost nothing.
const ENTRY_BYTES: usize = 128;

/// In this process's memory, for tests and for state that may be lost.
#[derive(Debug)]
pub struct MemoryEngine {
    capacity: u64,
    state: Mutex<State>,
}

impl Default for MemoryEngine {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, BTreeMap<String, Entry>>,
    /// Of all writes to all buckets: a key that is removed and written again has another version.
    latest: u64,
    /// What all entries take.
    used: u64,
}

impl MemoryEngine {
    /// An empty one that holds 256 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that holds so many bytes. An entry takes those of its key, its value and the
    /// name of its bucket, and 128.
    #[must_use]
    pub fn with_capacity(bytes: u64) -> Self {
        Self { capacity: bytes, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entry(&self, bucket: &str, key: &str) -> Option<&Entry> {
        self.buckets.get(bucket)?.get(key)
    }

    fn write(&mut self, bucket: &str, key: &str, value: &[u8], capacity: u64) -> Result<()> {
        let before = self.entry(bucket, key).map_or(0, |entry| bytes(bucket, key, &entry.value));
        let used = self.used - before + bytes(bucket, key, value);
        if used > capacity {
            return Err(full());
        }
        self.used = used;
        self.latest += 1;
        let entry = Entry { value: value.to_vec(), version: Version(self.latest) };
        self.buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), entry);
        Ok(())
    }

    fn remove(&mut self, bucket: &str, key: &str) {
        let Some(entries) = self.buckets.get_mut(bucket) else { return };
        let Some(entry) = entries.remove(key) else { return };
        if entries.is_empty() {
            self.buckets.remove(bucket);
        }
        self.used -= bytes(bucket, key, &entry.value);
    }
}

/// What an entry takes.
fn bytes(bucket: &str, key: &str, value: &[u8]) -> u64 {
    (bucket.len() + key.len() + value.len() + ENTRY_BYTES) as u64
}

#[async_trait]
impl Engine for MemoryEngine {
    fn is_in_process(&self) -> bool {
        true
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>> {
        check(bucket, key, &[])?;
        Ok(self.state().entry(bucket, key).cloned())
    }

    async fn set(&self, bucket: &str, key: &str, value: &[u8]) -> Result<()> {
        check(bucket, key, value)?;
        self.state().write(bucket, key, value, self.capacity)
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<()> {
        check(bucket, key, &[])?;
        self.state().remove(bucket, key);
        Ok(())
    }

    async fn keys(&self, bucket: &str, cursor: Option<&str>) -> Result<Keys> {
        check(bucket, "", &[])?;
        let state = self.state();
        let Some(entries) = state.buckets.get(bucket) else { return Ok(Keys::default()) };
        let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = entries.range::<str, _>((after, Bound::Unbounded)).map(|(key, _)| key);
        Ok(Keys::page(rest.take(PAGE_KEYS + 1).cloned().collect()))
    }

    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64> {
        check(bucket, key, &[])?;
        let mut state = self.state();
        let sum = sum(state.entry(bucket, key).map(|entry| &*entry.value), delta)?;
        state.write(bucket, key, sum.to_string().as_bytes(), self.capacity)?;
        Ok(sum)
    }

    async fn swap(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<Version>,
        value: &[u8],
    ) -> Result<bool> {
        check(bucket, key, value)?;
        let mut state = self.state();
        if state.entry(bucket, key).map(|entry| entry.version) != expected {
            return Ok(false);
        }
        state.write(bucket, key, value, self.capacity)?;
        Ok(true)
    }
}
