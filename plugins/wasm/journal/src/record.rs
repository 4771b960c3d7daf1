//! The bytes of a log: a header, then records. Numbers are little-endian.
//!
//! | bytes | header | | bytes | record |
//! |---|---|---|---|---|
//! | 8 | `plimsoll` | | 4 | length of the payload |
//! | 4 | format | | 4 | CRC-32 of place and length |
//! | | | | n | payload |
//! | | | | 4 | CRC-32 of all before, and of the place |
//!
//! The length has a checksum of its own, so that a file that ends too early (the write was cut off)
//! is told from a length that is wrong (the file is damaged). The place keeps a record from being
//! taken for one that once stood elsewhere.

use crc32fast::Hasher;

use crate::flow::storage::types::Error;

/// It rises when a record would be read differently: when the table in `calls.rs` changes.
pub const FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"plimsoll";

/// The bytes before a record's payload.
pub const START: usize = 8;

/// The bytes behind it.
const END: usize = 4;

/// What a disk writes whole or not at all.
const SECTOR: u64 = 512;

/// The header of a log.
pub fn header() -> Vec<u8> {
    [&MAGIC[..], &FORMAT.to_le_bytes()].concat()
}

/// The format that a header tells of.
pub fn format(header: &[u8]) -> Option<u32> {
    let format = header.strip_prefix(MAGIC)?.first_chunk()?;
    Some(u32::from_le_bytes(*format))
}

/// Adds the record that stands at `place`.
pub fn write(bytes: &mut Vec<u8>, place: u64, payload: &[u8]) -> Result<(), Error> {
    let too_long = |_| Error::InvalidArgument("the call is too long for a record".to_owned());
    let length = u32::try_from(payload.len()).map_err(too_long)?.to_le_bytes();
    let checksum = of_start(place, length);
    bytes.extend(length);
    bytes.extend(checksum.to_le_bytes());
    bytes.extend(payload);
    bytes.extend(of_payload(checksum, payload).to_le_bytes());
    Ok(())
}

/// What stands where a record should start.
pub enum Start {
    Of(Record),
    /// Too few bytes.
    Unfinished,
    /// No record was ever written so.
    Broken,
}

/// The start of a record.
pub struct Record {
    checksum: u32,
    /// How many bytes follow.
    pub rest: u64,
}

/// Reads the start of the record at `place`.
pub fn start(place: u64, bytes: &[u8]) -> Start {
    let Some((length, checksum)) = bytes.split_first_chunk::<4>() else { return Start::Unfinished };
    let Some(checksum) = checksum.first_chunk() else { return Start::Unfinished };
    let checksum = u32::from_le_bytes(*checksum);
    if checksum != of_start(place, *length) {
        return Start::Broken;
    }
    Start::Of(Record { checksum, rest: u64::from(u32::from_le_bytes(*length)) + END as u64 })
}

impl Record {
    /// The payload of a record, given what follows its start; none if it is damaged.
    pub fn payload<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let (payload, checksum) = rest.split_last_chunk()?;
        let is_whole = u32::from_le_bytes(*checksum) == of_payload(self.checksum, payload);
        is_whole.then_some(payload)
    }
}

/// Whether a sector is all zero: the disk lost power before it wrote that one.
pub fn has_gap(place: u64, bytes: &[u8]) -> bool {
    let first = (SECTOR - place % SECTOR) as usize;
    let (first, others) = bytes.split_at(first.min(bytes.len()));
    let mut sectors = std::iter::once(first).chain(others.chunks(SECTOR as usize));
    sectors.any(|sector| !sector.is_empty() && sector.iter().all(|byte| *byte == 0))
}

fn of_start(place: u64, length: [u8; 4]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&place.to_le_bytes());
    hasher.update(&length);
    hasher.finalize()
}

fn of_payload(start: u32, payload: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(start);
    hasher.update(payload);
    hasher.finalize()
}
