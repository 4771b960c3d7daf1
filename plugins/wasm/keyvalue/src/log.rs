//! A log in chunks: rows are appended by swapping the last one.
//!
//! Rows have ascending numbers. A chunk that is full never changes again, and the next one begins
//! only behind it; so whoever reads up to a chunk that is not full has read a beginning of the log.

use std::ops::ControlFlow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{decode, encode};
use crate::flow::storage::types::Error;
use crate::store;
use crate::wasi::keyvalue::store::Bucket;

/// How many rows a chunk has at the most. To append one all of them are written.
const ROWS: u64 = 16;

/// Beyond so many bytes a chunk is full, however few its rows.
const FULL_BYTES: usize = 128 << 10;

/// How many chunks are read at a time.
const BATCH: u64 = 32;

pub struct Log<'a> {
    pub bucket: &'a Bucket,
    /// Of its keys.
    pub prefix: String,
    /// How many of the newest chunks are kept at the least; none keeps all.
    pub kept_chunks: Option<u64>,
}

/// Rows from one chunk, and whether there can be others behind them.
struct Chunk<R> {
    rows: Vec<R>,
    is_full: bool,
}

impl<R: DeserializeOwned> Chunk<R> {
    fn of(key: &str, bytes: &[u8]) -> Result<Self, Error> {
        let rows: Vec<R> = decode(key, bytes)?;
        let is_full = rows.len() as u64 >= ROWS || bytes.len() >= FULL_BYTES;
        Ok(Self { rows, is_full })
    }
}

/// What became of a row.
enum Appended {
    Into { is_new: bool },
    Full,
}

impl Log<'_> {
    fn key(&self, chunk: u64) -> String {
        format!("{}{chunk:016x}", self.prefix)
    }

    /// Names a chunk that is there, the last or one before it. It never goes back.
    fn hint_key(&self) -> String {
        format!("{}last", self.prefix)
    }

    fn hint(&self) -> Result<u64, Error> {
        store::value(self.bucket, &self.hint_key())
    }

    /// The oldest chunk that is kept beside a last one.
    fn first(&self, last: u64) -> u64 {
        self.kept_chunks.map_or(0, |kept| (last + 1).saturating_sub(kept))
    }

    /// Appends a row.
    pub fn append<R: Clone + Serialize + DeserializeOwned>(&self, row: R) -> Result<(), Error> {
        loop {
            let mut chunk = self.hint()?;
            let is_new = loop {
                match self.append_to(chunk, &row)? {
                    Appended::Full => chunk += 1,
                    Appended::Into { is_new } => break is_new,
                }
            };
            if !is_new || self.is_kept(chunk)? {
                return Ok(());
            }
            // While this call was held up, the log ran on and dropped the chunk it looked for.
            store::remove(self.bucket, &self.key(chunk))?;
        }
    }

    fn append_to<R: Clone + Serialize + DeserializeOwned>(
        &self,
        chunk: u64,
        row: &R,
    ) -> Result<Appended, Error> {
        let key = self.key(chunk);
        store::update(self.bucket, &key, |bytes| {
            let (mut rows, is_new) = match bytes {
                None => (Vec::new(), true),
                Some(bytes) => match Chunk::of(&key, bytes)? {
                    Chunk { is_full: true, .. } => return Ok((Appended::Full, None)),
                    Chunk { rows, .. } => (rows, false),
                },
            };
            rows.push(row.clone());
            Ok((Appended::Into { is_new }, Some(encode(&rows)?)))
        })
    }

    /// Makes a new chunk known, and says whether it belongs to the log. Chunks that are too old
    /// are dropped.
    fn is_kept(&self, chunk: u64) -> Result<bool, Error> {
        let (last, before) = store::revise(self.bucket, &self.hint_key(), |last: &mut u64| {
            let before = *last;
            *last = before.max(chunk);
            Ok((*last, before))
        })?;
        for old in self.first(before)..self.first(last) {
            store::remove(self.bucket, &self.key(old))?;
        }
        Ok(chunk >= self.first(last))
    }

    /// Visits the rows from the oldest to the newest, with their numbers.
    pub fn oldest_first<R: DeserializeOwned>(
        &self,
        mut visit: impl FnMut(i64, R) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for start in (0..).step_by(BATCH as usize) {
            let keys: Vec<_> = (start..start + BATCH).map(|chunk| self.key(chunk)).collect();
            for (chunk, value) in (start..).zip(store::read_many(self.bucket, &keys)?) {
                let Some(bytes) = value else { return Ok(()) };
                let Chunk { rows, is_full } = Chunk::of(&self.key(chunk), &bytes)?;
                for (number, row) in numbered(chunk, rows) {
                    if visit(number, row).is_break() {
                        return Ok(());
                    }
                }
                if !is_full {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Visits the rows from the newest to the oldest, with their numbers.
    pub fn newest_first<R: DeserializeOwned>(
        &self,
        mut visit: impl FnMut(i64, R),
    ) -> Result<(), Error> {
        let Some((last, rows)) = self.last()? else { return Ok(()) };
        numbered(last, rows).rev().for_each(|(number, row)| visit(number, row));
        let (first, mut end) = (self.first(last), last);
        while end > first {
            let start = end.saturating_sub(BATCH).max(first);
            let keys: Vec<_> = (start..end).map(|chunk| self.key(chunk)).collect();
            let values = store::read_many(self.bucket, &keys)?;
            for (chunk, value) in (start..end).rev().zip(values.into_iter().rev()) {
                // Chunks that are dropped meanwhile are older than all that must be kept.
                let Some(bytes) = value else { return Ok(()) };
                let Chunk { rows, .. } = Chunk::of(&self.key(chunk), &bytes)?;
                numbered(chunk, rows).rev().for_each(|(number, row)| visit(number, row));
            }
            end = start;
        }
        Ok(())
    }

    /// The last chunk with its rows.
    fn last<R: DeserializeOwned>(&self) -> Result<Option<(u64, Vec<R>)>, Error> {
        loop {
            let (hint, mut last) = (self.hint()?, None);
            for chunk in hint.. {
                let key = self.key(chunk);
                let Some(bytes) = store::read(self.bucket, &key)? else { break };
                let Chunk { rows, is_full } = Chunk::of(&key, &bytes)?;
                last = Some((chunk, rows));
                if !is_full {
                    break;
                }
            }
            // None is there if the log is empty, or if it ran on and dropped that chunk.
            if last.is_some() || self.hint()? == hint {
                return Ok(last);
            }
        }
    }
}

/// The rows of a chunk with their numbers, from 1.
fn numbered<R>(chunk: u64, rows: Vec<R>) -> impl DoubleEndedIterator<Item = (i64, R)> {
    let first = (chunk * ROWS) as i64 + 1;
    rows.into_iter().enumerate().map(move |(place, row)| (first + place as i64, row))
}
