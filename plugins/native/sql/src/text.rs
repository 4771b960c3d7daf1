/// In ASCII lower case: how search and reasons compare (RUN-33, WEBHOOK-7).
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Without ASCII blanks around it, in ASCII lower case: how idempotency keys and their trigger
/// keys compare (CONTROL-21).
#[must_use]
pub fn fold_key(text: &str) -> String {
    fold(text.trim_matches(is_ascii_blank))
}

/// U+0009 to U+000D and U+0020.
#[must_use]
pub fn is_ascii_blank(character: char) -> bool {
    character == ' ' || ('\t'..='\r').contains(&character)
}

/// The text to look for among runs, folded; none where it is no filter (RUN-35).
#[must_use]
pub fn run_search(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.chars().all(is_ascii_blank)).map(fold)
}

/// The reason or text to look for among webhook rows, folded; none where it is no filter
/// (WEBHOOK-7, WEBHOOK-14).
#[must_use]
pub fn webhook_filter(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(fold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lose_their_blanks_and_their_case() {
        assert_eq!(fold_key(" \u{b}\tOrder 7\r\n"), "order 7");
        assert_eq!(fold_key("\u{a0}É"), "\u{a0}É", "beyond ASCII nothing changes");
    }

    #[test]
    fn a_blank_search_is_a_filter_of_webhooks_alone() {
        assert_eq!(run_search(Some(" \t")), None);
        assert_eq!(run_search(Some(" A ")), Some(" a ".to_owned()));
        assert_eq!(webhook_filter(Some("")), None);
        assert_eq!(webhook_filter(Some(" ")), Some(" ".to_owned()));
    }
}
