use std::collections::BTreeSet;

use chrono::Datelike;
use plimsoll_contract::{FlowId, Instant, RunId};

/// What a call is about.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) runs: BTreeSet<RunId>,
    pub(crate) flows: BTreeSet<FlowId>,
    pub(crate) keys: BTreeSet<String>,
    /// Whether a clause lets a store refuse one of the arguments with `invalid-argument`.
    pub(crate) may_be_refused: bool,
}

impl Notes {
    /// BACKEND-6 wants keys of up to 256 ASCII characters; BACKEND-4 lets others be refused. No
    /// clause says that an empty one is a key.
    pub(crate) fn key(&mut self, key: &str) {
        self.keys.insert(key.to_owned());
        self.may_be_refused |= key.is_empty() || key.len() > 256 || !key.is_ascii();
        self.text(key);
    }

    /// BACKEND-4: text with U+0000 may be refused.
    pub(crate) fn text(&mut self, text: &str) {
        self.may_be_refused |= text.contains('\0');
    }

    /// The records of `types.wit` give names 256 characters, and versions 64.
    pub(crate) fn label(&mut self, text: &str, capacity: usize) {
        self.may_be_refused |= text.chars().count() > capacity;
        self.text(text);
    }

    /// BACKEND-12: beyond the years 0001 to 9999 it may be refused.
    pub(crate) fn instant(&mut self, instant: Instant) {
        self.may_be_refused |= !(1..=9999).contains(&instant.year());
    }
}
