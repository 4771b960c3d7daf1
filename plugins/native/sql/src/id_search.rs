use uuid::Uuid;

/// Where a text can stand in the ids of runs, which are searched as text in lower case, with
/// hyphens (RUN-33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSearch {
    /// In none.
    Nowhere,
    /// At the start of those from the first to the last one, both included.
    Within(Uuid, Uuid),
    /// Each has to be looked at.
    Anywhere,
}

impl IdSearch {
    /// Of a text in ASCII lower case.
    ///
    /// Eight digits and a hyphen stand nowhere but at the start, so that what follows them is
    /// found without reading the other ids. People paste a whole id, or its beginning.
    #[must_use]
    pub fn of(folded: &str) -> Self {
        const ANY: &str = "00000000-0000-0000-0000-000000000000";
        let is_of_id = |c: char| matches!(c, '0'..='9' | 'a'..='f' | '-');
        if folded.len() > ANY.len() || !folded.chars().all(is_of_id) {
            return Self::Nowhere;
        }
        if folded.find('-') != Some(8) {
            return Self::Anywhere;
        }
        let rest = &ANY[folded.len()..];
        let first = Uuid::try_parse(&format!("{folded}{rest}"));
        let last = Uuid::try_parse(&format!("{folded}{}", rest.replace('0', "f")));
        match (first, last) {
            (Ok(first), Ok(last)) => Self::Within(first, last),
            _ => Self::Nowhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123abcd-4567-89ab-cdef-0123456789ab";

    #[test]
    fn the_beginning_of_an_id_is_a_range() {
        for length in 9..=36 {
            let IdSearch::Within(first, last) = IdSearch::of(&ID[..length]) else {
                panic!("{length}")
            };
            assert_eq!(first.to_string()[..length], ID[..length]);
            assert_eq!(last.to_string()[..length], ID[..length]);
            assert!(first.to_string()[length..].chars().all(|c| matches!(c, '0' | '-')));
            assert!(last.to_string()[length..].chars().all(|c| matches!(c, 'f' | '-')));
        }
    }

    #[test]
    fn another_part_may_stand_anywhere() {
        for part in ["0123abcd", "-4567-", "3abcd-4567", "a", "89ab-cdef-01"] {
            assert_eq!(IdSearch::of(part), IdSearch::Anywhere, "{part}");
        }
    }

    #[test]
    fn what_no_id_holds_is_nowhere() {
        for text in ["order", "0123abcd-4", "0123abcd_", "0123abcd-45678", "{0123abcd", "0123ABCD"]
        {
            let expected = if text == "0123abcd-4" { "within" } else { "nowhere" };
            let found = match IdSearch::of(text) {
                IdSearch::Nowhere => "nowhere",
                IdSearch::Within(..) => "within",
                IdSearch::Anywhere => "anywhere",
            };
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(IdSearch::of(&format!("{ID}0")), IdSearch::Nowhere);
    }
}
