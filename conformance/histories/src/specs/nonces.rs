//! Things that are accepted once, until they are forgotten.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use crate::Specification;
use crate::specs::only_if;

/// A question to [`Nonces`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<K, T> {
    /// Registers the nonce with its expiry.
    Try(K, T),
    /// Forgets those that expire then or before.
    Purge(T),
}

/// An answer of [`Nonces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Whether the nonce was new.
    New(bool),
    /// How many were forgotten.
    Purged(u64),
}

/// The nonces of accepted deliveries, with their expiry, none at first (REPLAY-1, 2, 4 to 7).
///
/// A purge counts over all of them, so they are one object. A history without a purge may be
/// judged nonce by nonce.
#[derive(Clone, Debug)]
pub struct Nonces<K, T>(PhantomData<fn() -> (K, T)>);

impl<K, T> Default for Nonces<K, T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<K, T> Specification for Nonces<K, T>
where
    K: Clone + Debug + Ord + Hash,
    T: Clone + Debug + Ord + Hash,
{
    type State = BTreeMap<K, T>;
    type Call = Call<K, T>;
    type Answer = Answer;

    fn start(&self) -> Self::State {
        BTreeMap::new()
    }

    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: Option<&Answer>,
    ) -> Vec<Self::State> {
        match (call, answer) {
            (Call::Try(nonce, _), Some(Answer::New(false))) => {
                only_if(state.contains_key(nonce), state)
            }
            (Call::Try(nonce, _), Some(Answer::New(true))) if state.contains_key(nonce) => {
                Vec::new()
            }
            (Call::Try(nonce, expiry), None | Some(Answer::New(true))) => {
                let mut next = state.clone();
                next.entry(nonce.clone()).or_insert_with(|| expiry.clone());
                vec![next]
            }
            (Call::Purge(now), None | Some(Answer::Purged(_))) => {
                let mut next = state.clone();
                next.retain(|_, expiry| *expiry > *now);
                let purged = Answer::Purged((state.len() - next.len()) as u64);
                only_if(answer.is_none_or(|answer| *answer == purged), &next)
            }
            _ => Vec::new(),
        }
    }

    fn has_effect(&self, _call: &Self::Call, answer: Option<&Answer>) -> bool {
        !matches!(answer, Some(Answer::New(false) | Answer::Purged(0)))
    }

    fn describe(&self, call: &Self::Call, answer: Option<&Answer>) -> String {
        let call = match call {
            Call::Try(nonce, expiry) => format!("try({nonce:?}, {expiry:?})"),
            Call::Purge(now) => format!("purge({now:?})"),
        };
        match answer {
            Some(Answer::New(new)) => format!("{call} -> {new}"),
            Some(Answer::Purged(count)) => format!("{call} -> {count}"),
            None => format!("{call} -> ?"),
        }
    }
}
