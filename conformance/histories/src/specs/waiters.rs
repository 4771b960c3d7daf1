//! Steps that wait, each for a signal.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use crate::Specification;
use crate::specs::only_if;

/// A question to [`Waiters`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<K, P> {
    /// Says that a step waits.
    Register {
        /// The step.
        key: K,
        /// The name of the signal.
        name: K,
        /// What the store's clock showed. It must stand still while the call is under way; a clock
        /// that moves leaves open which of two waiters is older.
        at: u64,
    },
    /// Delivers a signal.
    Deliver {
        /// The name of the signal.
        name: K,
        /// What it carries.
        payload: P,
    },
    /// Asks for the waiter of a step.
    Get(K),
    /// Removes the waiter of a step.
    Remove(K),
}

/// An answer of [`Waiters`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<K, P> {
    /// It was registered or removed.
    Done,
    /// This call delivered to the step.
    Delivered(K),
    /// An earlier call did.
    AlreadyDelivered(K),
    /// No waiter has that name.
    NotFound,
    /// The waiter, if there is one.
    Waiter(Option<Seen<K, P>>),
}

/// A waiter as a caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<K, P> {
    /// The name of the signal.
    pub name: K,
    /// Whether there is an instant of delivery.
    pub delivered: bool,
    /// The payload, if there is one.
    pub payload: Option<P>,
}

/// A waiter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Waiter<K, P> {
    /// When its step first waited.
    pub at: u64,
    /// Its step.
    pub key: K,
    /// The name of its signal.
    pub name: K,
    /// What was delivered.
    pub payload: Option<P>,
}

/// The waiters of one run, none at first, the oldest in front (SIGNAL-1 to 9, 13 to 15).
#[derive(Clone, Debug)]
pub struct Waiters<K, P>(PhantomData<fn() -> (K, P)>);

impl<K, P> Default for Waiters<K, P> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<K: Clone + Ord, P: Clone> Waiters<K, P> {
    /// SIGNAL-1 to 3.
    fn register(state: &[Waiter<K, P>], key: &K, name: &K, at: u64) -> Vec<Waiter<K, P>> {
        let mut next = state.to_vec();
        match next.iter_mut().find(|waiter| waiter.key == *key) {
            Some(waiter) => waiter.name = name.clone(),
            None => {
                let older = |waiter: &Waiter<K, P>| (waiter.at, &waiter.key) < (at, key);
                let place = next.partition_point(older);
                let (key, name) = (key.clone(), name.clone());
                next.insert(place, Waiter { at, key, name, payload: None });
            }
        }
        next
    }

    /// SIGNAL-5 to 9: what is answered, and the waiters afterwards.
    fn deliver(state: &[Waiter<K, P>], name: &K, payload: &P) -> (Answer<K, P>, Vec<Waiter<K, P>>) {
        let mut next = state.to_vec();
        let is_open = |waiter: &&mut Waiter<K, P>| waiter.name == *name && waiter.payload.is_none();
        if let Some(waiter) = next.iter_mut().find(is_open) {
            waiter.payload = Some(payload.clone());
            let key = waiter.key.clone();
            return (Answer::Delivered(key), next);
        }
        let oldest = state.iter().find(|waiter| waiter.name == *name);
        let answer = match oldest {
            Some(waiter) => Answer::AlreadyDelivered(waiter.key.clone()),
            None => Answer::NotFound,
        };
        (answer, next)
    }

    /// SIGNAL-13, 14.
    fn seen(state: &[Waiter<K, P>], key: &K) -> Option<Seen<K, P>> {
        let waiter = state.iter().find(|waiter| waiter.key == *key)?;
        let (name, payload) = (waiter.name.clone(), waiter.payload.clone());
        Some(Seen { name, delivered: payload.is_some(), payload })
    }
}

impl<K, P> Specification for Waiters<K, P>
where
    K: Clone + Debug + Ord + Hash,
    P: Clone + Debug + Eq + Hash,
{
    type State = Vec<Waiter<K, P>>;
    type Call = Call<K, P>;
    type Answer = Answer<K, P>;

    fn start(&self) -> Self::State {
        Vec::new()
    }

    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: Option<&Self::Answer>,
    ) -> Vec<Self::State> {
        let (right, next) = match call {
            Call::Register { key, name, at } => {
                (Answer::Done, Self::register(state, key, name, *at))
            }
            Call::Deliver { name, payload } => Self::deliver(state, name, payload),
            Call::Get(key) => (Answer::Waiter(Self::seen(state, key)), state.clone()),
            Call::Remove(key) => {
                let others = state.iter().filter(|waiter| waiter.key != *key);
                (Answer::Done, others.cloned().collect())
            }
        };
        only_if(answer.is_none_or(|answer| *answer == right), &next)
    }

    fn has_effect(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool {
        let has_lost = matches!(answer, Some(Answer::AlreadyDelivered(_) | Answer::NotFound));
        !matches!(call, Call::Get(_)) && !has_lost
    }

    fn describe(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> String {
        let call = match call {
            Call::Register { key, name, .. } => format!("register({key:?}, {name:?})"),
            Call::Deliver { name, payload } => format!("deliver({name:?}, {payload:?})"),
            Call::Get(key) => format!("get({key:?})"),
            Call::Remove(key) => format!("remove({key:?})"),
        };
        match answer {
            Some(Answer::Done) => format!("{call} -> done"),
            Some(Answer::Delivered(key)) => format!("{call} -> delivered({key:?})"),
            Some(Answer::AlreadyDelivered(key)) => format!("{call} -> already-delivered({key:?})"),
            Some(Answer::NotFound) => format!("{call} -> not-found"),
            Some(Answer::Waiter(seen)) => format!("{call} -> {seen:?}"),
            None => format!("{call} -> ?"),
        }
    }
}
