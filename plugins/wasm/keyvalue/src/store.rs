//! Entries of a bucket: read, and changed by compare-and-swap.
//!
//! Engines take values of a limited length. What is longer stands in parts of its own, under a
//! number that is used once, written before the entry that names them. An entry that was replaced
//! takes its parts along, so that a reader who misses one looks at the entry again.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{decode, encode, unreadable};
use crate::flow::storage::types::Error;
use crate::ids;
use crate::wasi::keyvalue::atomics::{self, Cas, CasError};
use crate::wasi::keyvalue::batch;
use crate::wasi::keyvalue::store::{self, Bucket};

/// The last byte of an entry says what the others are.
const WHOLE: u8 = 1;
const IN_PARTS: u8 = 2;

/// Every engine takes values of 768 KiB.
const PART_BYTES: usize = 700 << 10;

/// More would not fit into the memory of a guest.
const MAX_PARTS: u32 = 6_000;

/// How many entries are read at a time: at their longest they still fit into what a host lets
/// one call answer.
pub const BATCH: usize = 32;

/// Stands in no key but in those of parts.
const PART: char = '/';

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Parts {
    number: u64,
    count: u32,
}

impl Parts {
    fn keys(self, key: &str) -> Vec<String> {
        (0..self.count).map(|part| format!("{key}{PART}{:x}{PART}{part}", self.number)).collect()
    }
}

enum Entry {
    Whole(Vec<u8>),
    InParts(Parts),
}

impl Entry {
    fn of(key: &str, mut bytes: Vec<u8>) -> Result<Self, Error> {
        match bytes.pop() {
            Some(WHOLE) => Ok(Self::Whole(bytes)),
            Some(IN_PARTS) => {
                let parts: Parts = decode(key, &bytes)?;
                let is_right = parts.count <= MAX_PARTS;
                if is_right { Ok(Self::InParts(parts)) } else { Err(unreadable(key)) }
            }
            _ => Err(unreadable(key)),
        }
    }

    /// Its bytes, with the parts they are in written.
    fn write(
        bucket: &Bucket,
        key: &str,
        mut value: Vec<u8>,
    ) -> Result<(Vec<u8>, Option<Parts>), Error> {
        if !is_in_parts(&value) {
            value.push(WHOLE);
            return Ok((value, None));
        }
        let chunks = value.chunks(PART_BYTES);
        let parts = Parts { number: ids::next()?, count: chunks.len() as u32 };
        for (key, chunk) in parts.keys(key).iter().zip(chunks) {
            bucket.set(key, chunk).map_err(failed)?;
        }
        let mut entry = encode(&parts)?;
        entry.push(IN_PARTS);
        Ok((entry, Some(parts)))
    }
}

pub fn open(name: &str) -> Result<Bucket, Error> {
    store::open(name).map_err(failed)
}

/// What an error of the store is to the caller.
pub fn failed(error: store::Error) -> Error {
    match error {
        store::Error::Other(text) => Error::Unavailable(text),
        store::Error::NoSuchStore => {
            Error::Other("there is no such store: make the bucket, or grant another".to_owned())
        }
        store::Error::AccessDenied => {
            Error::Other("the store denies access: grant this backend its buckets".to_owned())
        }
    }
}

/// The value of a key.
pub fn read(bucket: &Bucket, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut missed = None;
    loop {
        let Some(bytes) = bucket.get(key).map_err(failed)? else { return Ok(None) };
        let parts = match Entry::of(key, bytes)? {
            Entry::Whole(value) => return Ok(Some(value)),
            Entry::InParts(parts) => parts,
        };
        if let Some(value) = join(bucket, key, parts)? {
            return Ok(Some(value));
        }
        if missed == Some(parts) {
            return Err(unreadable(key));
        }
        missed = Some(parts);
    }
}

/// The value in parts, or none if they are not all there.
fn join(bucket: &Bucket, key: &str, parts: Parts) -> Result<Option<Vec<u8>>, Error> {
    let mut value = Vec::new();
    for key in parts.keys(key) {
        let Some(part) = bucket.get(&key).map_err(failed)? else { return Ok(None) };
        value.extend(part);
    }
    Ok(Some(value))
}

/// The values of several keys, in their order.
pub fn read_many(bucket: &Bucket, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
    let mut values = Vec::with_capacity(keys.len());
    for keys in keys.chunks(BATCH) {
        let read_now = batch::get_many(bucket, keys).map_err(failed)?;
        for (key, found) in keys.iter().zip(read_now) {
            let entry = found.map(|(_, bytes)| Entry::of(key, bytes)).transpose()?;
            values.push(match entry {
                None => None,
                Some(Entry::Whole(value)) => Some(value),
                Some(Entry::InParts(_)) => read(bucket, key)?,
            });
        }
    }
    Ok(values)
}

/// Changes the value of a key in one step. `change` is asked again when somebody else was faster;
/// it answers none for a value that is right as it is.
pub fn update<T>(
    bucket: &Bucket,
    key: &str,
    mut change: impl FnMut(Option<&[u8]>) -> Result<(T, Option<Vec<u8>>), Error>,
) -> Result<T, Error> {
    let mut cas = Cas::new(bucket, key).map_err(failed)?;
    let mut missed = None;
    loop {
        let entry = cas.current().map_err(failed)?;
        let entry = entry.map(|bytes| Entry::of(key, bytes)).transpose()?;
        let (value, parts) = match entry {
            None => (None, None),
            Some(Entry::Whole(value)) => (Some(value), None),
            Some(Entry::InParts(parts)) => (join(bucket, key, parts)?, Some(parts)),
        };
        if parts.is_some() && value.is_none() {
            if missed == parts {
                return Err(unreadable(key));
            }
            missed = parts;
            cas = Cas::new(bucket, key).map_err(failed)?;
            continue;
        }
        let (answer, next) = change(value.as_deref())?;
        let Some(next) = next else { return Ok(answer) };
        let (bytes, next_parts) = Entry::write(bucket, key, next)?;
        match atomics::swap(cas, &bytes) {
            Ok(()) => {
                forget(bucket, key, parts);
                return Ok(answer);
            }
            Err(CasError::CasFailed(now)) => {
                forget(bucket, key, next_parts);
                cas = now;
            }
            Err(CasError::StoreError(error)) => return Err(failed(error)),
        }
    }
}

/// Whether a value is too long for one entry.
pub fn is_in_parts(value: &[u8]) -> bool {
    value.len() >= PART_BYTES
}

/// Removes parts that no entry names any more. Nobody sees whether it worked.
fn forget(bucket: &Bucket, key: &str, parts: Option<Parts>) {
    if let Some(parts) = parts {
        let _ = batch::delete_many(bucket, &parts.keys(key));
    }
}

/// Changes a value of some type in one step; an absent one begins as its default. What is the same
/// afterwards is not written.
pub fn revise<V: Default + Serialize + DeserializeOwned, T>(
    bucket: &Bucket,
    key: &str,
    mut change: impl FnMut(&mut V) -> Result<T, Error>,
) -> Result<T, Error> {
    update(bucket, key, |bytes| {
        let mut value: V = bytes.map(|bytes| decode(key, bytes)).transpose()?.unwrap_or_default();
        let before = encode(&value)?;
        let answer = change(&mut value)?;
        let after = encode(&value)?;
        Ok((answer, (after != before).then_some(after)))
    })
}

/// The value of some type, its default if it is absent.
pub fn value<V: Default + DeserializeOwned>(bucket: &Bucket, key: &str) -> Result<V, Error> {
    let bytes = read(bucket, key)?;
    Ok(bytes.map(|bytes| decode(key, &bytes)).transpose()?.unwrap_or_default())
}

/// Writes a value, whatever was there.
pub fn write(bucket: &Bucket, key: &str, value: &[u8]) -> Result<(), Error> {
    update(bucket, key, |_| Ok(((), Some(value.to_vec()))))
}

/// Writes a value under a key that nobody else writes another value to.
pub fn create(bucket: &Bucket, key: &str, value: Vec<u8>) -> Result<(), Error> {
    let (bytes, _) = Entry::write(bucket, key, value)?;
    bucket.set(key, &bytes).map_err(failed)
}

/// Removes a key.
pub fn remove(bucket: &Bucket, key: &str) -> Result<(), Error> {
    let bytes = bucket.get(key).map_err(failed)?;
    bucket.delete(key).map_err(failed)?;
    if let Some(Ok(Entry::InParts(parts))) = bytes.map(|bytes| Entry::of(key, bytes)) {
        forget(bucket, key, Some(parts));
    }
    Ok(())
}

/// Visits all keys, parts included, some at a time.
pub fn each_keys(
    bucket: &Bucket,
    mut visit: impl FnMut(Vec<String>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = bucket.list_keys(cursor.as_deref()).map_err(failed)?;
        visit(page.keys)?;
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Visits all keys with their values.
pub fn each_entry<V: DeserializeOwned>(
    bucket: &Bucket,
    mut visit: impl FnMut(&str, V) -> Result<(), Error>,
) -> Result<(), Error> {
    each_keys(bucket, |mut keys| {
        keys.retain(|key| !key.contains(PART));
        for keys in keys.chunks(BATCH) {
            for (key, value) in keys.iter().zip(read_many(bucket, keys)?) {
                if let Some(value) = value {
                    visit(key, decode(key, &value)?)?;
                }
            }
        }
        Ok(())
    })
}

/// Visits all values.
pub fn each<V: DeserializeOwned>(
    bucket: &Bucket,
    mut visit: impl FnMut(V) -> Result<(), Error>,
) -> Result<(), Error> {
    each_entry(bucket, |_, value| visit(value))
}

/// Removes everything.
pub fn clear(bucket: &Bucket) -> Result<(), Error> {
    each_keys(bucket, |keys| batch::delete_many(bucket, &keys).map_err(failed))
}
