//! Which texts the database can hold. Arguments are checked before anything is looked up
//! (BACKEND-2).

use plimsoll_contract::{Answer, Error};

/// A key may be this many bytes long: what PostgreSQL can index, with two of them and a namespace
/// in one entry.
const MAX_KEY_BYTES: usize = 1_024;

/// A text that is stored; `what` names it.
///
/// # Errors
///
/// `invalid-argument` for U+0000, which PostgreSQL has no room for.
pub(crate) fn plain<'a>(what: &str, text: &'a str) -> Answer<&'a str> {
    if text.contains('\0') {
        return Err(Error::InvalidArgument(format!("{what} holds U+0000")));
    }
    Ok(text)
}

/// A text that may be absent.
///
/// # Errors
///
/// As [`plain`].
pub(crate) fn optional<'a>(what: &str, text: Option<&'a str>) -> Answer<Option<&'a str>> {
    text.map(|text| plain(what, text)).transpose()
}

/// A text that is part of a key.
///
/// # Errors
///
/// `invalid-argument` for U+0000 and over 1,024 bytes.
pub(crate) fn key<'a>(what: &str, text: &'a str) -> Answer<&'a str> {
    let length = text.len();
    if length > MAX_KEY_BYTES {
        let message = format!("{what} has {length} bytes; {MAX_KEY_BYTES} are allowed");
        return Err(Error::InvalidArgument(message));
    }
    plain(what, text)
}

/// The key of a step.
///
/// # Errors
///
/// As [`key`].
pub(crate) fn step_key(text: &str) -> Answer<&str> {
    key("the step key", text)
}
