//! Values for people who know the WIT and not Rust: the derived `Debug` text, rewritten. Records
//! lose their type name and their absent fields, options are what they hold, and names are spelt
//! as in the WIT.

/// Rewrites a `Debug` text; anything else stays as it is.
#[must_use]
pub fn in_wit(debug: &str) -> String {
    let mut reader = Reader { rest: debug };
    match reader.value() {
        Some(value) if reader.rest.is_empty() => value,
        _ => debug.to_owned(),
    }
}

/// A value, in the words of the WIT.
#[must_use]
pub fn value(value: &impl std::fmt::Debug) -> String {
    in_wit(&format!("{value:?}"))
}

const NONE: &str = "none";

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<String> {
        match self.rest.chars().next()? {
            '"' => self.quoted(),
            '[' => self.sequence('[', ']'),
            '(' => {
                let tuple = self.sequence('(', ')')?;
                Some(if tuple == "()" { "ok".to_owned() } else { tuple })
            }
            '{' => self.sequence('{', '}'),
            first if first.is_alphabetic() => self.named(),
            _ => self.plain(),
        }
    }

    /// A string, with its quotes and escapes.
    fn quoted(&mut self) -> Option<String> {
        let mut escaped = false;
        for (index, character) in self.rest.char_indices().skip(1) {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Some(self.take(index + 1).to_owned()),
                _ => {}
            }
        }
        None
    }

    /// Values between brackets, separated by commas.
    fn sequence(&mut self, open: char, close: char) -> Option<String> {
        self.eat(open)?;
        let mut items = Vec::new();
        while !self.rest.starts_with(close) {
            items.push(self.value()?);
            self.separator();
        }
        self.eat(close)?;
        Some(format!("{open}{}{close}", items.join(", ")))
    }

    /// What begins with a name: a record, a case with a value, or a case alone.
    fn named(&mut self) -> Option<String> {
        // Names of ids have hyphens; those of records do not.
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        let name = self.take(end.unwrap_or(self.rest.len()));
        if self.rest.starts_with(" { ") {
            self.rest = &self.rest[1..];
            return self.record();
        }
        if self.rest.starts_with('(') {
            let held = self.sequence('(', ')')?;
            let held = held.strip_prefix('(')?.strip_suffix(')')?;
            return Some(match name {
                "Some" if held != NONE => held.to_owned(),
                "Ok" => held.to_owned(),
                "Answered" | "Interrupted" => held.to_owned(),
                _ => format!("{}({held})", kebab(name)),
            });
        }
        Some(kebab(name))
    }

    /// Fields between braces, without those that are absent.
    fn record(&mut self) -> Option<String> {
        self.eat('{')?;
        let mut fields = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with('}') {
                break;
            }
            let (name, rest) = self.rest.split_once(": ")?;
            if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
            self.rest = rest;
            let value = self.value()?;
            if value != NONE {
                fields.push(format!("{}: {value}", kebab(name)));
            }
            self.separator();
        }
        self.eat('}')?;
        Some(format!("{{{}}}", fields.join(", ")))
    }

    /// A number or an instant.
    fn plain(&mut self) -> Option<String> {
        let end = self.rest.find([',', ')', ']', '}', ' ']).unwrap_or(self.rest.len());
        (end > 0).then(|| self.take(end).to_owned())
    }

    fn separator(&mut self) {
        self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest).trim_start_matches(' ');
    }

    fn eat(&mut self, character: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(character)?;
        Some(())
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

/// `TimedOut` and `timed_out` as `timed-out`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
        text.extend(if character == '_' { '-' } else { character }.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::{Error, Instant, Page, RunStatus, SignalDelivery};

    use super::*;

    fn shown(value: &dyn std::fmt::Debug) -> String {
        in_wit(&format!("{value:?}"))
    }

    #[test]
    fn values_are_spelt_as_in_the_wit() {
        assert_eq!(shown(&RunStatus::TimedOut), "timed-out");
        assert_eq!(shown(&Some("a")), "\"a\"");
        assert_eq!(shown(&None::<&str>), "none");
        assert_eq!(shown(&Some(None::<&str>)), "some(none)");
        assert_eq!(shown(&vec![("a, \"b\" }", 1)]), "[(\"a, \\\"b\\\" }\", 1)]");
        assert_eq!(shown(&Ok::<(), ()>(())), "ok");
        assert_eq!(shown(&Some(-1.5)), "-1.5");
        assert_eq!(shown(&Error::InvalidArgument("no".to_owned())), "invalid-argument(\"no\")");
    }

    #[test]
    fn records_lose_their_absent_fields() {
        let delivery =
            SignalDelivery { step_key: "Some(None)".to_owned(), delivered_at: Instant::UNIX_EPOCH };
        let expected = "{step-key: \"Some(None)\", delivered-at: 1970-01-01T00:00:00Z}";
        assert_eq!(shown(&delivery), expected);
        assert_eq!(shown(&Page { skip: 3, take: None }), "{skip: 3}");
    }

    #[test]
    fn ids_and_words_stay_as_they_are() {
        assert_eq!(in_wit("Some(run-1)"), "run-1");
        assert_eq!(in_wit("[flow-1, flow-2]"), "[flow-1, flow-2]");
        for words in ["1 true, 15 false, 0 errors", "error: not open", "an error of kind Other"] {
            assert_eq!(in_wit(words), words);
        }
    }
}
