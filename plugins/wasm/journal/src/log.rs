//! The log of one namespace.

use crate::file::{File, unavailable};
use crate::flow::storage::types::Error;
use crate::folder;
use crate::record::{self, Start};
use crate::wasi::filesystem::types::ErrorCode;

/// A log that was read, and is written behind its last record.
pub struct Log {
    namespace: String,
    /// None until something is written: looking at a namespace leaves no file.
    file: Option<File>,
    /// Where the last acknowledged record ends.
    end: u64,
    /// Something was written behind `end`, and nobody knows how much of it is there.
    is_torn: bool,
}

impl Log {
    /// Reads the log of a namespace and hands on what each record holds. What a write left
    /// unfinished is removed; anything else that is no record is an error.
    pub fn open(
        namespace: &str,
        apply: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut log = Self { namespace: namespace.to_owned(), file: None, end: 0, is_torn: false };
        let Some(mut file) = folder::open(namespace)? else { return Ok(log) };
        let size = file.size()?;
        log.end = read(&mut file, size, apply)?;
        if log.end < size {
            file.cut(log.end)?;
        }
        // Whoever wrote the last record may have ended before it was synced, and the file's name too.
        file.sync()?;
        folder::sync(namespace)?;
        log.file = Some(file);
        Ok(log)
    }

    /// Writes a record and has it on the disk when it returns.
    pub fn append(&mut self, payload: &[u8]) -> Result<(), Error> {
        let is_new = self.file.is_none();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(folder::create(&self.namespace)?),
        };
        if file.stat()? != (self.end, true) {
            return Err(Error::Unavailable(
                "the log is not as this instance left it: somebody else writes to it, or has \
                 removed it; it is read again at the next call"
                    .to_owned(),
            ));
        }
        let mut bytes = if self.end == 0 { record::header() } else { Vec::new() };
        let start = self.end + bytes.len() as u64;
        record::write(&mut bytes, start, payload)?;
        self.is_torn = true;
        file.write(&bytes, self.end)?;
        file.sync()?;
        if is_new {
            folder::sync(&self.namespace)?;
        }
        self.end += bytes.len() as u64;
        self.is_torn = false;
        Ok(())
    }

    /// Removes what an [`append`](Self::append) that failed may have left.
    pub fn cut(&mut self) -> Result<(), Error> {
        if let (Some(file), true) = (&mut self.file, self.is_torn) {
            file.cut(self.end)?;
            self.is_torn = false;
        }
        Ok(())
    }
}

/// Hands on what each record holds, and answers where the last whole one ends.
fn read(
    file: &mut File,
    size: u64,
    mut apply: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let Some(mut at) = header(file, size)? else { return Ok(0) };
    while at < size {
        let start = match record::start(at, file.bytes(at, record::START)?) {
            Start::Unfinished => return Ok(at),
            Start::Broken if is_blank(file, at, size)? => return Ok(at),
            Start::Broken => return Err(broken(at)),
            Start::Of(start) => start,
        };
        let next = at + record::START as u64 + start.rest;
        if next > size {
            return Ok(at);
        }
        let from = at + record::START as u64;
        let rest = file.bytes(from, start.rest as usize)?;
        match start.payload(rest) {
            Some(payload) => apply(payload).map_err(|error| inapplicable(at, &error))?,
            None if next == size && record::has_gap(from, rest) => return Ok(at),
            None => return Err(broken(at)),
        }
        at = next;
    }
    Ok(at)
}

/// Where the first record starts; none if the file was never finished.
fn header(file: &mut File, size: u64) -> Result<Option<u64>, Error> {
    let expected = record::header();
    let found = file.bytes(0, expected.len())?;
    if found == expected {
        return Ok(Some(found.len() as u64));
    }
    if expected.starts_with(found) || is_blank(file, 0, size)? {
        return Ok(None);
    }
    let found = file.bytes(0, expected.len())?;
    let message = match record::format(found) {
        Some(format) => format!(
            "the log has format {format}, and this backend reads format {} alone: open it with the \
             version of the backend that wrote it",
            record::FORMAT
        ),
        None => "the file is no log of this backend: grant another folder, or move the file away"
            .to_owned(),
    };
    Err(Error::Other(message))
}

/// Whether everything from here on is zero: what a disk shows of blocks that it never wrote.
fn is_blank(file: &mut File, from: u64, to: u64) -> Result<bool, ErrorCode> {
    const STEP: usize = 64 * 1024;
    let mut at = from;
    while at < to {
        let bytes = file.bytes(at, STEP)?;
        if bytes.is_empty() || bytes.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += bytes.len() as u64;
    }
    Ok(true)
}

fn broken(at: u64) -> Error {
    Error::Other(format!(
        "the log is damaged: byte {at} begins no record, although it was written whole; restore the \
         file from a backup, or cut it to {at} bytes and lose what came after"
    ))
}

fn inapplicable(at: u64, error: &Error) -> Error {
    Error::Other(format!(
        "the record at byte {at} of the log cannot be applied ({error:?}): open it with the version \
         of the backend that wrote it"
    ))
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        unavailable(code)
    }
}
