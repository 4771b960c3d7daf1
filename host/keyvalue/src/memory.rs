use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{Engine, Entry, Keys, PAGE_KEYS, Result, Version, check, sum};

/// In this process's memory, for tests and for state that may be lost.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, BTreeMap<String, Entry>>,
    /// Of all writes to all buckets: a key that is removed and written again has another version.
    latest: u64,
}

impl MemoryEngine {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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

    fn write(&mut self, bucket: &str, key: &str, value: &[u8]) {
        self.latest += 1;
        let entry = Entry { value: value.to_vec(), version: Version(self.latest) };
        self.buckets.entry(bucket.to_owned()).or_default().insert(key.to_owned(), entry);
    }
}

#[async_trait]
impl Engine for MemoryEngine {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>> {
        Ok(self.state().entry(bucket, key).cloned())
    }

    async fn set(&self, bucket: &str, key: &str, value: &[u8]) -> Result<()> {
        check(key, value)?;
        self.state().write(bucket, key, value);
        Ok(())
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<()> {
        if let Some(entries) = self.state().buckets.get_mut(bucket) {
            entries.remove(key);
        }
        Ok(())
    }

    async fn keys(&self, bucket: &str, cursor: Option<&str>) -> Result<Keys> {
        let state = self.state();
        let Some(entries) = state.buckets.get(bucket) else { return Ok(Keys::default()) };
        let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = entries.range::<str, _>((after, Bound::Unbounded)).map(|(key, _)| key);
        let keys: Vec<String> = rest.by_ref().take(PAGE_KEYS).cloned().collect();
        let cursor = rest.next().and(keys.last().cloned());
        Ok(Keys { keys, cursor })
    }

    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64> {
        check(key, &[])?;
        let mut state = self.state();
        let sum = sum(state.entry(bucket, key).map(|entry| &*entry.value), delta)?;
        state.write(bucket, key, sum.to_string().as_bytes());
        Ok(sum)
    }

    async fn swap(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<Version>,
        value: &[u8],
    ) -> Result<bool> {
        check(key, value)?;
        let mut state = self.state();
        if state.entry(bucket, key).map(|entry| entry.version) != expected {
            return Ok(false);
        }
        state.write(bucket, key, value);
        Ok(true)
    }
}
