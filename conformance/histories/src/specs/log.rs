//! A list that only grows.

use std::fmt::Debug;
use std::hash::Hash;

use crate::specs::only_if;
use crate::{History, Specification};

/// A question to a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<V> {
    /// Adds an entry at the end.
    Append(V),
    /// Asks for entries.
    Read {
        /// How many are left out at the front.
        skip: usize,
        /// How many are answered at the most; none for all.
        take: Option<usize>,
    },
}

impl<V> Call<V> {
    /// Asks for all entries.
    #[must_use]
    pub const fn read_all() -> Self {
        Self::Read { skip: 0, take: None }
    }
}

/// An answer of a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<V> {
    /// It was appended.
    Done,
    /// Entries, in the order of the log.
    Entries(Vec<V>),
}

/// The events of one run, none at first (EVENT-1 to 3, EVENT-5, OUTPUT-17).
///
/// That a read never misses an entry that stands before one it shows is EVENT-5, a SHOULD. Entries
/// that were appended while a read was under way break no MUST when they are missing.
#[derive(Clone, Debug)]
pub struct Log<V> {
    seen: Vec<V>,
}

impl<V: Clone> Log<V> {
    /// The specification for this history.
    ///
    /// What a read from the front has answered is the order of the log for good, so an append that
    /// contradicts the longest one is impossible at once. That changes no verdict and spares the
    /// search the orders of all that was appended together, which are too many to try.
    #[must_use]
    pub fn of(history: &History<Self>) -> Self
    where
        V: Debug + Eq + Hash,
    {
        let reads = history.iter().filter(|operation| operation.is_answered());
        let fronts = reads.filter_map(|operation| match (&operation.call, &operation.answer) {
            (Call::Read { skip: 0, .. }, Some(Answer::Entries(entries))) => Some(entries),
            _ => None,
        });
        Self { seen: fronts.max_by_key(|entries| entries.len()).cloned().unwrap_or_default() }
    }
}

impl<V: Clone + Debug + Eq + Hash> Specification for Log<V> {
    type State = Vec<V>;
    type Call = Call<V>;
    type Answer = Answer<V>;

    fn start(&self) -> Self::State {
        Vec::new()
    }

    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: Option<&Self::Answer>,
    ) -> Vec<Self::State> {
        match (call, answer) {
            (Call::Append(value), None | Some(Answer::Done)) => append(state, value, &self.seen),
            (Call::Read { skip, take }, Some(Answer::Entries(entries))) => {
                let right = state.iter().skip(*skip).take(take.unwrap_or(usize::MAX));
                only_if(right.eq(entries), state)
            }
            (Call::Read { .. }, None) => vec![state.clone()],
            _ => Vec::new(),
        }
    }

    fn has_effect(&self, call: &Self::Call, _answer: Option<&Self::Answer>) -> bool {
        matches!(call, Call::Append(_))
    }

    fn describe(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> String {
        let call = match call {
            Call::Append(value) => format!("append({value:?}){}", place_in(&self.seen, value)),
            Call::Read { skip: 0, take: None } => "read".to_owned(),
            Call::Read { skip, take: None } => format!("read(skip {skip})"),
            Call::Read { skip, take: Some(take) } => format!("read(skip {skip}, take {take})"),
        };
        match answer {
            Some(Answer::Done) => format!("{call} -> done"),
            Some(Answer::Entries(entries)) => format!("{call} -> {entries:?}"),
            None => format!("{call} -> ?"),
        }
    }
}

/// The list with one entry more, or nothing if that contradicts what was seen.
pub(super) fn append<V: Clone + PartialEq>(state: &[V], value: &V, seen: &[V]) -> Vec<Vec<V>> {
    match seen.get(state.len()) {
        Some(other) if other != value => Vec::new(),
        _ => vec![state.iter().chain([value]).cloned().collect()],
    }
}

/// Where an entry was seen, in words.
pub(super) fn place_in<V: PartialEq>(seen: &[V], value: &V) -> String {
    match seen.iter().position(|other| other == value) {
        Some(place) => format!(", read as number {}", place + 1),
        None => String::new(),
    }
}
