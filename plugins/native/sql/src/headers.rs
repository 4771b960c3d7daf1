use plimsoll_contract::{Answer, Error};

use crate::unreadable;

/// A list of headers as one text, with repeated names and their order (OUTPUT-12).
///
/// # Errors
///
/// `other` if the list cannot be written, which no list of texts causes.
pub fn encode_headers(headers: &[(String, String)]) -> Answer<String> {
    serde_json::to_string(headers).map_err(|error| Error::Other(error.to_string()))
}

/// Reads what [`encode_headers`] wrote.
///
/// # Errors
///
/// `other` for any other text.
pub fn decode_headers(text: &str) -> Answer<Vec<(String, String)>> {
    serde_json::from_str(text).map_err(|error| unreadable(&format!("other headers ({error})")))
}
