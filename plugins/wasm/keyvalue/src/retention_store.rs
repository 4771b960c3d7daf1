use std::collections::BTreeMap;

use crate::KeyValue;
use crate::codec::decode;
use crate::exports::flow::storage::retention_store::{Error, Guest, Instant};
use crate::run::{Head, Run};
use crate::runs;
use crate::session::{Session, session};
use crate::store;
use crate::wasi::keyvalue::batch;

/// How many digits of a key are the number of the entry that it belongs to.
const DIGITS: usize = 16;

impl Guest for KeyValue {
    fn cleanup(cutoff: Instant) -> Result<(), Error> {
        let session = session()?;
        // An entry comes before what stands beside it, since its key is the start of the others.
        store::each_keys(&session.buckets.runs, |keys| {
            let mut by_number: BTreeMap<u64, Vec<String>> = BTreeMap::new();
            for key in keys {
                let number = key.get(..DIGITS).map(|digits| u64::from_str_radix(digits, 16));
                if let Some(Ok(number)) = number {
                    by_number.entry(number).or_default().push(key);
                }
            }
            session.sweep(cutoff, by_number)
        })
    }
}

impl Session {
    /// Removes the runs that are old enough, and what is left of those that are gone.
    fn sweep(&self, cutoff: Instant, keys: BTreeMap<u64, Vec<String>>) -> Result<(), Error> {
        let entries: Vec<_> = keys.keys().map(|number| runs::key(*number)).collect();
        for (entries, keys) in entries.chunks(store::BATCH).zip(chunks(keys)) {
            let values = store::read_many(&self.buckets.runs, entries)?;
            for ((number, keys), value) in keys.into_iter().zip(values) {
                let is_kept = match value {
                    Some(bytes) => !self.is_removed(cutoff, number, &bytes)?,
                    None => false,
                };
                if !is_kept {
                    batch::delete_many(&self.buckets.runs, &keys).map_err(store::failed)?;
                }
            }
        }
        Ok(())
    }

    /// Removes a run if it is old enough, and says whether its entry is dead now.
    fn is_removed(&self, cutoff: Instant, number: u64, bytes: &[u8]) -> Result<bool, Error> {
        let key = runs::key(number);
        let is_old = |head: &Head| {
            let completed_at = head.record.as_ref().and_then(|record| record.completed_at);
            completed_at.is_some_and(|at| at < cutoff)
        };
        if Head::decode(&key, bytes)?.is_some_and(|(head, _)| !is_old(&head)) {
            return Ok(false);
        }
        // Whoever retries the run at this moment comes before the swap, or finds no run any more.
        let dead = store::update(&self.buckets.runs, &key, |bytes| {
            let Some(bytes) = bytes else { return Ok((None, None)) };
            match Head::decode(&key, bytes)? {
                None => Ok((Some(decode_mark(&key, bytes)?), None)),
                Some((head, _)) if is_old(&head) => {
                    let mark = Run::mark(&head)?;
                    Ok((Some(head), Some(mark)))
                }
                Some(_) => Ok((None, None)),
            }
        })?;
        let Some(dead) = dead else { return Ok(self.head(number)?.is_none()) };
        self.bury(number, &dead)?;
        Ok(true)
    }
}

fn decode_mark(key: &str, bytes: &[u8]) -> Result<Head, Error> {
    let (head, _): (Head, crate::run::Body) = decode(key, bytes)?;
    Ok(head)
}

/// The keys of as many entries as are read at a time.
fn chunks(keys: BTreeMap<u64, Vec<String>>) -> impl Iterator<Item = Vec<(u64, Vec<String>)>> {
    let mut keys = keys.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<_> = keys.by_ref().take(store::BATCH).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}
