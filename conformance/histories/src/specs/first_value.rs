//! A value that the first writer decides.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use crate::Specification;
use crate::specs::only_if;

/// A question to [`FirstValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<V> {
    /// Sets the value if there is none.
    Try(V),
    /// Asks for the value.
    Find,
}

/// An answer of [`FirstValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<V> {
    /// Whether the try set the value.
    Won(bool),
    /// The value, if it is set.
    Found(Option<V>),
}

/// The run of an idempotency key, none at first (CONTROL-16 to 18).
#[derive(Clone, Debug)]
pub struct FirstValue<V>(PhantomData<fn() -> V>);

impl<V> Default for FirstValue<V> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Debug + Eq + Hash> Specification for FirstValue<V> {
    type State = Option<V>;
    type Call = Call<V>;
    type Answer = Answer<V>;

    fn start(&self) -> Self::State {
        None
    }

    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: Option<&Self::Answer>,
    ) -> Vec<Self::State> {
        match (call, answer) {
            (Call::Try(value), None) => vec![state.clone().or_else(|| Some(value.clone()))],
            (Call::Try(value), Some(Answer::Won(true))) if state.is_none() => {
                vec![Some(value.clone())]
            }
            (Call::Try(_), Some(Answer::Won(false))) => only_if(state.is_some(), state),
            (Call::Find, Some(Answer::Found(value))) => only_if(value == state, state),
            (Call::Find, None) => vec![state.clone()],
            _ => Vec::new(),
        }
    }

    fn has_effect(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool {
        matches!(call, Call::Try(_)) && answer != Some(&Answer::Won(false))
    }

    fn describe(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> String {
        let call = match call {
            Call::Try(value) => format!("try({value:?})"),
            Call::Find => "find".to_owned(),
        };
        match answer {
            Some(Answer::Won(won)) => format!("{call} -> {won}"),
            Some(Answer::Found(value)) => format!("{call} -> {value:?}"),
            None => format!("{call} -> ?"),
        }
    }
}
