//! A value that the last writer decides.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use crate::Specification;
use crate::specs::only_if;

/// A question to a [`Register`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<V> {
    /// Replaces the value.
    Write(V),
    /// Removes the value.
    Delete,
    /// Asks for the value.
    Read,
}

/// An answer of a [`Register`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<V> {
    /// It was written or deleted.
    Done,
    /// The value; none if it was never written, or deleted.
    Value(Option<V>),
}

/// A register that is empty at first. A value is read whole: what is mixed from two writes is the
/// value of none.
///
/// Slots of outputs, inputs and trigger data (OUTPUT-1, 3, 5 to 9, 14), schedules (SCHEDULE-1, 4,
/// 6, 7), definitions (FLOW-4, 5, 9, 10), and a step's completion (RUN-19, RUN-21).
#[derive(Clone, Debug)]
pub struct Register<V>(PhantomData<fn() -> V>);

impl<V> Default for Register<V> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<V: Clone + Debug + Eq + Hash> Specification for Register<V> {
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
            (Call::Write(value), None | Some(Answer::Done)) => vec![Some(value.clone())],
            (Call::Delete, None | Some(Answer::Done)) => vec![None],
            (Call::Read, Some(Answer::Value(value))) => only_if(value == state, state),
            (Call::Read, None) => vec![state.clone()],
            _ => Vec::new(),
        }
    }

    fn has_effect(&self, call: &Self::Call, _answer: Option<&Self::Answer>) -> bool {
        !matches!(call, Call::Read)
    }

    fn replaces_state(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool {
        !matches!(call, Call::Read) && !matches!(answer, Some(Answer::Value(_)))
    }

    fn describe(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> String {
        let call = match call {
            Call::Write(value) => format!("write({value:?})"),
            Call::Delete => "delete".to_owned(),
            Call::Read => "read".to_owned(),
        };
        match answer {
            Some(Answer::Done) => format!("{call} -> done"),
            Some(Answer::Value(value)) => format!("{call} -> {value:?}"),
            None => format!("{call} -> ?"),
        }
    }
}
