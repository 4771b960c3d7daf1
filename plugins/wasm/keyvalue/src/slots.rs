//! Outputs, inputs, trigger data and headers: each an entry of its own beside the run's.

use crate::flow::storage::types::{Error, Uuid};
use crate::hash;
use crate::session::Session;
use crate::store;

pub enum Slot<'a> {
    Output(&'a str),
    Input(&'a str),
    TriggerData,
    TriggerHeaders,
}

impl Slot<'_> {
    fn key(&self, number: u64) -> String {
        let name = match self {
            Self::Output(step) => format!("o{}", hash::hex(&hash::of(&[step.as_bytes()]))),
            Self::Input(step) => format!("i{}", hash::hex(&hash::of(&[step.as_bytes()]))),
            Self::TriggerData => "d".to_owned(),
            Self::TriggerHeaders => "h".to_owned(),
        };
        format!("{number:016x}.{name}")
    }
}

impl Session {
    /// The entry of a run that has something beside it; it is made if there is none.
    pub fn owner(&self, run: Uuid) -> Result<u64, Error> {
        self.change(run, |run, texts| {
            run.body.has_slots = true;
            Ok(texts.number)
        })
    }

    pub fn save(&self, run: Uuid, slot: &Slot<'_>, value: &[u8]) -> Result<(), Error> {
        // Should the run be removed in between, the value went with it.
        let number = self.owner(run)?;
        store::write(&self.buckets.runs, &slot.key(number), value)
    }

    pub fn saved(&self, run: Uuid, slot: &Slot<'_>) -> Result<Option<Vec<u8>>, Error> {
        let Some((number, _)) = self.view_head(run)? else { return Ok(None) };
        store::read(&self.buckets.runs, &slot.key(number))
    }

    /// Saves a text.
    pub fn save_text(&self, run: Uuid, slot: &Slot<'_>, text: &str) -> Result<(), Error> {
        self.save(run, slot, text.as_bytes())
    }

    pub fn saved_text(&self, run: Uuid, slot: &Slot<'_>) -> Result<Option<String>, Error> {
        let Some(value) = self.saved(run, slot)? else { return Ok(None) };
        let text = String::from_utf8(value);
        text.map(Some).map_err(|_| Error::Other("a saved text is no UTF-8".to_owned()))
    }
}
