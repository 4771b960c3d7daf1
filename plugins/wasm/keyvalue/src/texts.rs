//! Long texts of a run, beside its entry: by their hash, so that a text is written once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::unreadable;
use crate::flow::storage::types::Error;
use crate::hash::{self, Hash};
use crate::session::Session;
use crate::store;

/// Shorter texts stand in the entry itself.
const LONG: usize = 512;

/// A text, or where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Text {
    Here(String),
    Beside(Hash),
}

/// What a change of an entry wants to have beside it.
pub struct Texts {
    /// Of the entry.
    pub number: u64,
    wanted: BTreeMap<Hash, String>,
    written: Vec<Hash>,
}

fn key(number: u64, hash: &Hash) -> String {
    format!("{number:016x}.t{}", hash::hex(hash))
}

impl Texts {
    pub fn new(number: u64) -> Self {
        Self { number, wanted: BTreeMap::new(), written: Vec::new() }
    }

    pub fn keep(&mut self, text: &str) -> Text {
        if text.len() < LONG {
            return Text::Here(text.to_owned());
        }
        let hash = hash::of(&[text.as_bytes()]);
        if !self.written.contains(&hash) {
            self.wanted.insert(hash, text.to_owned());
        }
        Text::Beside(hash)
    }

    pub fn keep_some(&mut self, text: Option<&str>) -> Option<Text> {
        text.map(|text| self.keep(text))
    }

    /// Writes what is wanted. An entry must not name a text before it is there.
    pub fn write(&mut self, session: &Session) -> Result<(), Error> {
        while let Some((hash, text)) = self.wanted.pop_first() {
            store::create(&session.buckets.runs, &key(self.number, &hash), text.into_bytes())?;
            self.written.push(hash);
        }
        Ok(())
    }
}

/// Texts that stood beside an entry.
#[derive(Default)]
pub struct Found(BTreeMap<Hash, String>);

impl Found {
    pub fn text(&self, text: &Text) -> String {
        match text {
            Text::Here(text) => text.clone(),
            Text::Beside(hash) => self.0.get(hash).cloned().unwrap_or_default(),
        }
    }

    pub fn some(&self, text: Option<&Text>) -> Option<String> {
        text.map(|text| self.text(text))
    }
}

impl Session {
    /// Reads the texts that stand beside an entry; none if the entry is gone.
    pub fn texts<'a>(
        &self,
        number: u64,
        texts: impl IntoIterator<Item = &'a Text>,
    ) -> Result<Option<Found>, Error> {
        let hashes = texts.into_iter().filter_map(|text| match text {
            Text::Here(_) => None,
            Text::Beside(hash) => Some((*hash, key(number, hash))),
        });
        let keys: BTreeMap<Hash, String> = hashes.collect();
        let (hashes, keys): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        let mut found = Found::default();
        for (place, value) in store::read_many(&self.buckets.runs, &keys)?.into_iter().enumerate() {
            let Some(value) = value else {
                // It went with the entry, or the store has lost it.
                let is_there = self.head(number)?.is_some();
                return if is_there { Err(unreadable(&keys[place])) } else { Ok(None) };
            };
            let text = String::from_utf8(value).map_err(|_| unreadable(&keys[place]))?;
            found.0.insert(hashes[place], text);
        }
        Ok(Some(found))
    }
}
