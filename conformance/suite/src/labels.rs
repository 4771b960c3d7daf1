use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// Names for the ids of one trial, so that a page reads `run-1` where a call had a uuid.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    /// Ids with their names, in the order in which they came.
    given: Vec<(String, String)>,
    /// How many of each kind there are.
    counts: HashMap<String, usize>,
}

impl Labels {
    /// Names an id by its kind and the next number of that kind.
    pub(crate) fn add(&self, id: Uuid, kind: &str) {
        let mut names = self.lock();
        let count = names.counts.entry(kind.to_owned()).or_default();
        *count += 1;
        let name = format!("{kind}-{count}");
        names.given.push((id.to_string(), name));
    }

    /// Names every id in a text that has no name yet, in the order in which they come.
    pub(crate) fn add_all(&self, text: &str, kind: &str) {
        let is_of_id = |character: char| character.is_ascii_hexdigit() || character == '-';
        for word in text.split(|character| !is_of_id(character)) {
            let known = self.lock().given.iter().any(|(id, _)| id == word);
            if let (36, false, Ok(id)) = (word.len(), known, Uuid::try_parse(word)) {
                self.add(id, kind);
            }
        }
    }

    /// Names a namespace, whose own name differs from run to run.
    pub(crate) fn add_namespace(&self, namespace: &str) {
        self.lock().given.push((namespace.to_owned(), "namespace".to_owned()));
    }

    /// The text with every known id replaced by its name.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (id, name) in &self.lock().given {
            if text.contains(id.as_str()) {
                text = text.replace(id.as_str(), name);
            }
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
