use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use plimsoll_contract::{CallError, Interface};

/// What was called and what came back, for the page of a failed check.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<Vec<Entry>>,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) interface: Interface,
    pub(crate) function: &'static str,
    /// As `Debug` prints them, uuids still in full.
    pub(crate) arguments: Vec<String>,
    /// Who called, where several did.
    pub(crate) caller: Option<usize>,
    /// What came back; none while the call is under way.
    pub(crate) result: Option<String>,
    pub(crate) error: Option<CallError>,
    pub(crate) started: Instant,
    pub(crate) ended: Option<Instant>,
}

impl Log {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an entry and answers its place.
    pub(crate) fn begin(
        &self,
        interface: Interface,
        function: &'static str,
        arguments: Vec<String>,
        caller: Option<usize>,
    ) -> usize {
        let mut entries = self.lock();
        let started = Instant::now();
        entries.push(Entry {
            interface,
            function,
            arguments,
            caller,
            result: None,
            error: None,
            started,
            ended: None,
        });
        entries.len() - 1
    }

    /// Ends the entry at `place`. `ended` was read before the result was put into words.
    pub(crate) fn end(
        &self,
        place: usize,
        ended: Instant,
        result: String,
        error: Option<&CallError>,
    ) {
        if let Some(entry) = self.lock().get_mut(place) {
            entry.ended = Some(ended);
            entry.result = Some(result);
            entry.error = error.cloned();
        }
    }

    /// The entry of the last call that did not answer a value.
    pub(crate) fn last_error(&self) -> Option<Entry> {
        self.lock().iter().rev().find(|entry| entry.error.is_some()).cloned()
    }
}
