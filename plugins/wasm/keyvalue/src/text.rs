//! How the contract compares texts.

/// Whether `text` contains `part`, ASCII letter case aside.
pub fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
}

/// A blank, as the contract counts them.
pub fn is_blank(c: char) -> bool {
    matches!(c, '\u{9}'..='\u{d}' | ' ')
}

/// The form in which idempotency keys are compared.
pub fn compared(key: &str) -> String {
    key.trim_matches(is_blank).to_ascii_lowercase()
}
