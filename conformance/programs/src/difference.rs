//! Where two answers differ, told from how `Debug` prints them over several lines.

use crate::program::in_wit;

/// The first difference, as `field.field: expected this, got that`.
pub(crate) fn first(expected: &str, got: &str) -> String {
    let (path, want, have) = locate(expected, got);
    let (want, have) = (in_wit(&want), in_wit(&have));
    if path.is_empty() {
        return format!("expected {want}, got {have}");
    }
    format!("{}: expected {want}, got {have}", path.join(".").replace('_', "-"))
}

/// The names of the fields that lead to the first difference, and the two lines there.
pub(crate) fn locate(expected: &str, got: &str) -> (Vec<String>, String, String) {
    let mut path: Vec<(usize, Option<String>)> = Vec::new();
    let (mut wants, mut gots) = (expected.lines(), got.lines());
    loop {
        let (want, have) = match (wants.next(), gots.next()) {
            (None, None) => return (Vec::new(), "the same".to_owned(), "the same".to_owned()),
            (want, have) => (want.unwrap_or("nothing"), have.unwrap_or("nothing")),
        };
        let indent = want.len() - want.trim_start().len();
        path.retain(|(outer, _)| *outer < indent);
        let name = field(want);
        if want != have {
            let same_field = name.is_some() && name == field(have);
            let mut path: Vec<_> = path.into_iter().filter_map(|(_, name)| name).collect();
            path.extend(name.filter(|_| same_field));
            let value = |line: &str| {
                let named = line.split_once(": ").filter(|_| same_field);
                let value = named.map_or(line, |(_, value)| value).trim();
                let bare = value.trim_end_matches([',', '{', '(', '[']).trim();
                match bare {
                    "" => "something".to_owned(),
                    "]" | "}" | ")" => "nothing more".to_owned(),
                    _ => bare.to_owned(),
                }
            };
            return (path, value(want), value(have));
        }
        path.push((indent, name));
    }
}

/// The name of the field that a line begins with.
fn field(line: &str) -> Option<String> {
    let (name, _) = line.trim_start().split_once(": ")?;
    let is_name =
        !name.is_empty() && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use plimsoll_contract::{Page, SignalDelivery, SignalDeliveryResult};

    use super::*;

    #[test]
    fn a_field_is_named_with_those_around_it() {
        let query = |take| plimsoll_contract::WebhookRejectionQuery {
            page: Page { skip: 0, take },
            ..Default::default()
        };
        let (want, got) = (format!("{:#?}", query(None)), format!("{:#?}", query(Some(3))));
        assert_eq!(first(&want, &got), "page.take: expected none, got some");
        assert_eq!(first("true", "false"), "expected true, got false");
    }

    #[test]
    fn a_longer_list_has_more() {
        let (want, got) = (format!("{:#?}", [1]), format!("{:#?}", [1, 2]));
        assert_eq!(first(&want, &got), "expected nothing more, got 2");
        assert_eq!(first(&got, &want), "expected 2, got nothing more");
    }

    #[test]
    fn another_case_is_no_field() {
        let delivered = SignalDeliveryResult::Delivered(SignalDelivery {
            step_key: "a".to_owned(),
            delivered_at: plimsoll_contract::Instant::UNIX_EPOCH,
        });
        let (want, got) =
            (format!("{delivered:#?}"), format!("{:#?}", SignalDeliveryResult::NotFound));
        assert_eq!(first(&want, &got), "expected delivered, got not-found");
    }
}
