//! Flags that are set once, with a reason.

use std::fmt::Debug;
use std::hash::Hash;

use crate::Specification;
use crate::specs::only_if;

/// A question to [`Latches`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<R> {
    /// Creates the record, or changes what is none of its flags.
    Configure,
    /// Asks for a cancellation.
    Cancel(Option<R>),
    /// Marks as timed out.
    TimeOut(Option<R>),
    /// Asks for the record.
    Get,
}

/// An answer of [`Latches`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<R> {
    /// It was configured.
    Done,
    /// Whether this call set the flag.
    Set(bool),
    /// The flags; none without a record.
    Flags(Option<Flags<R>>),
}

/// The flags of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flags<R> {
    /// Whether a cancellation was asked for.
    pub cancelled: bool,
    /// Whether it was marked as timed out.
    pub timed_out: bool,
    /// Why.
    pub reason: Option<R>,
}

/// The flags of a run's control record, which does not exist at first (CONTROL-1, CONTROL-3,
/// CONTROL-5 to 15).
#[derive(Clone, Debug)]
pub struct Latches<R> {
    timeout_reason: R,
}

impl<R> Latches<R> {
    /// `timeout_reason` is what a backend may give as the reason when nobody gave one; it may also
    /// give none, but not now this and now that (CONTROL-14, CONTROL-5).
    pub const fn new(timeout_reason: R) -> Self {
        Self { timeout_reason }
    }
}

impl<R: Clone + Debug + Eq + Hash> Latches<R> {
    /// CONTROL-10, CONTROL-13, CONTROL-14.
    fn time_out(&self, flags: &Flags<R>, reason: Option<&R>) -> Vec<Option<Flags<R>>> {
        let with = |reason| Some(Flags { cancelled: true, timed_out: true, reason });
        match reason.or(flags.reason.as_ref()) {
            Some(reason) => vec![with(Some(reason.clone()))],
            None => vec![with(None), with(Some(self.timeout_reason.clone()))],
        }
    }
}

impl<R: Clone + Debug + Eq + Hash> Specification for Latches<R> {
    type State = Option<Flags<R>>;
    type Call = Call<R>;
    type Answer = Answer<R>;

    fn start(&self) -> Self::State {
        None
    }

    fn step(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: Option<&Self::Answer>,
    ) -> Vec<Self::State> {
        let set = match answer {
            None => None,
            Some(Answer::Set(set)) => Some(*set),
            Some(Answer::Done) if matches!(call, Call::Configure) => None,
            Some(Answer::Flags(flags)) if matches!(call, Call::Get) => {
                return only_if(flags == state, state);
            }
            Some(_) => return Vec::new(),
        };
        match (call, state) {
            (Call::Configure, _) if set.is_some() => Vec::new(),
            (Call::Configure, None) => {
                vec![Some(Flags { cancelled: false, timed_out: false, reason: None })]
            }
            (Call::Configure, Some(_)) => vec![state.clone()],
            (Call::Get, _) => only_if(set.is_none(), state),
            (Call::Cancel(reason), Some(flags)) if !flags.cancelled => match set {
                Some(false) => Vec::new(),
                _ => vec![Some(Flags { cancelled: true, reason: reason.clone(), ..*flags })],
            },
            (Call::TimeOut(reason), Some(flags)) if !flags.timed_out => match set {
                Some(false) => Vec::new(),
                _ => self.time_out(flags, reason.as_ref()),
            },
            (Call::Cancel(_) | Call::TimeOut(_), _) => only_if(set != Some(true), state),
        }
    }

    fn has_effect(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool {
        !matches!(call, Call::Get) && answer != Some(&Answer::Set(false))
    }

    fn describe(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> String {
        let call = match call {
            Call::Configure => "configure".to_owned(),
            Call::Cancel(reason) => format!("cancel({reason:?})"),
            Call::TimeOut(reason) => format!("time-out({reason:?})"),
            Call::Get => "get".to_owned(),
        };
        match answer {
            Some(Answer::Done) => format!("{call} -> done"),
            Some(Answer::Set(set)) => format!("{call} -> {set}"),
            Some(Answer::Flags(flags)) => format!("{call} -> {flags:?}"),
            None => format!("{call} -> ?"),
        }
    }
}
