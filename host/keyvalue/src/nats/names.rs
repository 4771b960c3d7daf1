//! Subjects of buckets and keys. A token of a subject has no blanks, dots or wildcards and is not
//! empty: texts stand in base64, behind a sign that it does not have.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;

/// What a token begins with.
const SIGN: char = '=';

/// A text as a token.
pub(super) fn token(text: &str) -> String {
    format!("{SIGN}{}", BASE64.encode(text))
}

/// The text of a token; none if it is none of ours.
pub(super) fn text(token: &str) -> Option<String> {
    let bytes = BASE64.decode(token.strip_prefix(SIGN)?).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_texts() {
        for known in ["", "a", "*", ">", "a.b c", "\u{1f600}", "\0\u{7f}"] {
            let token = token(known);
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "=-_".contains(c);
            assert!(!token.is_empty() && token.chars().all(is_plain), "{token}");
            assert_eq!(text(&token).as_deref(), Some(known));
        }
        for foreign in ["", "a", "YQ", "=\u{e4}", "=_w"] {
            assert_eq!(text(foreign), None, "{foreign}");
        }
    }
}
