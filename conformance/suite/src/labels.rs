use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// Names for the ids of one trial, so that a page reads `run-1` where a call had a uuid.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    names: Mutex<Vec<(String, String)>>,
}

impl Labels {
    /// Names an id by its kind and the next number of that kind.
    pub(crate) fn add(&self, id: Uuid, kind: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let number = names.iter().filter(|(_, name)| name.starts_with(kind)).count() + 1;
        names.push((id.to_string(), format!("{kind}-{number}")));
    }

    /// Names every id in a text that has no name yet, in the order in which they come.
    pub(crate) fn add_all(&self, text: &str, kind: &str) {
        let is_of_id = |character: char| character.is_ascii_hexdigit() || character == '-';
        for word in text.split(|character| !is_of_id(character)) {
            let is_known = |names: &[(String, String)]| names.iter().any(|(id, _)| id == word);
            let known = is_known(&self.names.lock().unwrap_or_else(PoisonError::into_inner));
            if let (36, false, Ok(id)) = (word.len(), known, Uuid::try_parse(word)) {
                self.add(id, kind);
            }
        }
    }

    /// Names a namespace, whose own name differs from run to run.
    pub(crate) fn add_namespace(&self, namespace: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.push((namespace.to_owned(), "namespace".to_owned()));
    }

    /// The text with every known id replaced by its name.
    pub(crate) fn apply(&self, text: &str) -> String {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.to_owned();
        for (id, name) in names.iter() {
            if text.contains(id.as_str()) {
                text = text.replace(id.as_str(), name);
            }
        }
        text
    }
}
