//! Keys of one length for texts of any.

use sha2::{Digest, Sha256};

pub type Hash = [u8; 32];

/// The hash of several texts; their lengths count, so that no text can pass into the next.
pub fn of(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

/// The page that holds what has this hash: one of 65,536, so that a page stays short beside
/// millions, and no two callers write to one by chance.
pub fn page(hash: &Hash) -> String {
    hex(&hash[..2])
}
