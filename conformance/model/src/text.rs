//! The contract's text comparisons.

/// Whether `text` contains `part`, ASCII letter case aside and every character literal.
pub(crate) fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
}

/// Whether the contract calls the character a blank: U+0009 to U+000D, and U+0020.
pub(crate) fn is_blank(character: char) -> bool {
    matches!(character, '\u{9}'..='\u{d}' | ' ')
}

/// How idempotency keys are compared (CONTROL-21).
pub(crate) fn normalised(key: &str) -> String {
    key.trim_matches(is_blank).to_ascii_lowercase()
}
