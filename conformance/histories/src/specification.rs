use std::fmt::Debug;
use std::hash::Hash;

use crate::Operation;

/// The operations of a history of `S`.
pub type History<S> = [OperationOf<S>];

/// An operation of a history of `S`.
pub type OperationOf<S> = Operation<<S as Specification>::Call, <S as Specification>::Answer>;

/// What an object may answer when it is called by one caller at a time.
pub trait Specification: Clone + Debug {
    /// All that decides future answers.
    type State: Clone + Debug + Eq + Hash;
    /// A question.
    type Call: Clone + Debug;
    /// An answer.
    type Answer: Clone + Debug;

    /// The state before the first operation.
    fn start(&self) -> Self::State;

    /// The states that may follow when the call gave this answer; none if it cannot give it. An
    /// answer of none is one that nobody knows: all that may follow then, and there is at least one.
    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: Option<&Self::Answer>,
    ) -> Vec<Self::State>;

    /// Whether the call, when it gave this answer, may change some state: false for reads and for
    /// tries that lost. Where it is false `step` must answer the state itself or nothing, for every
    /// state; the search relies on it.
    fn has_effect(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool;

    /// Whether the call, when it gave this answer, is possible in every state and leaves one that
    /// does not depend on it, as a write does. If that is true of every operation with effect, the
    /// search looks ahead and is much faster. False is always right.
    fn replaces_state(&self, _call: &Self::Call, _answer: Option<&Self::Answer>) -> bool {
        false
    }

    /// The call and its answer as a person reads them.
    fn describe(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> String {
        match answer {
            Some(answer) => format!("{call:?} -> {answer:?}"),
            None => format!("{call:?} -> ?"),
        }
    }
}
