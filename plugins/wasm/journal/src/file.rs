//! A file, read through a buffer.

use crate::flow::storage::types::Error;
use crate::wasi::filesystem::types::{Descriptor, ErrorCode};

/// Reading record by record would cost two calls of the host for each.
const CHUNK: usize = 256 * 1024;

pub struct File {
    descriptor: Descriptor,
    /// What was read last, and from where.
    buffer: Vec<u8>,
    from: u64,
}

impl File {
    pub fn new(descriptor: Descriptor) -> Self {
        Self { descriptor, buffer: Vec::new(), from: 0 }
    }

    pub fn size(&self) -> Result<u64, ErrorCode> {
        Ok(self.descriptor.stat()?.size)
    }

    /// The size, and whether the file still has a name.
    pub fn stat(&self) -> Result<(u64, bool), ErrorCode> {
        let stat = self.descriptor.stat()?;
        Ok((stat.size, stat.link_count > 0))
    }

    /// So many bytes from there on, fewer where the file ends.
    pub fn bytes(&mut self, from: u64, length: usize) -> Result<&[u8], ErrorCode> {
        let to = from + length as u64;
        if from < self.from || to > self.from + self.buffer.len() as u64 {
            self.fill(from, length.max(CHUNK))?;
        }
        let held = &self.buffer[(from - self.from) as usize..];
        Ok(&held[..length.min(held.len())])
    }

    fn fill(&mut self, from: u64, length: usize) -> Result<(), ErrorCode> {
        self.buffer.clear();
        self.from = from;
        while self.buffer.len() < length {
            let at = from + self.buffer.len() as u64;
            let missing = length - self.buffer.len();
            let (bytes, _) = self.descriptor.read(missing as u64, at)?;
            if bytes.is_empty() {
                break;
            }
            self.buffer.extend(bytes);
        }
        Ok(())
    }

    /// Writes all of it, or fails with a part of it written.
    pub fn write(&self, bytes: &[u8], at: u64) -> Result<(), ErrorCode> {
        let mut written = 0;
        while written < bytes.len() {
            match self.descriptor.write(&bytes[written..], at + written as u64)? {
                0 => return Err(ErrorCode::InsufficientSpace),
                some => written += some as usize,
            }
        }
        Ok(())
    }

    /// Waits until the disk has what was written.
    pub fn sync(&self) -> Result<(), ErrorCode> {
        self.descriptor.sync_data()
    }

    /// Removes what is behind, for good.
    pub fn cut(&self, end: u64) -> Result<(), ErrorCode> {
        self.descriptor.set_size(end)?;
        self.sync()
    }
}

/// What a caller is told of a file that cannot be reached.
pub fn unavailable(code: ErrorCode) -> Error {
    Error::Unavailable(format!("the log cannot be read or written: {}", code.message()))
}
