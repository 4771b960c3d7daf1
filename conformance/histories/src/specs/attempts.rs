//! Attempts that are numbered.

use std::fmt::Debug;
use std::hash::Hash;

use crate::specs::log::{append, place_in};
use crate::specs::only_if;
use crate::{History, Specification};

/// A question to [`Attempts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<J> {
    /// Starts an attempt, or records one that was skipped.
    Start(J),
    /// Asks for all attempts.
    Read,
}

/// An answer of [`Attempts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<J> {
    /// It was started.
    Done,
    /// The attempts with their numbers.
    Attempts(Vec<(u32, J)>),
}

/// The attempts of one step, none at first: numbered from 1 without gaps in the order of their
/// starts (RUN-8, RUN-12, RUN-39, RUNTIME-13). `J` tells them apart: the job id, for one.
#[derive(Clone, Debug)]
pub struct Attempts<J> {
    seen: Vec<J>,
}

impl<J: Clone + Debug + Eq + Hash> Attempts<J> {
    /// The specification for this history: a start that contradicts the longest read is impossible
    /// at once, as with [`Log::of`](crate::specs::log::Log::of).
    #[must_use]
    pub fn of(history: &History<Self>) -> Self {
        let reads = history.iter().filter(|operation| operation.is_answered());
        let lists = reads.filter_map(|operation| match &operation.answer {
            Some(Answer::Attempts(attempts)) => Some(attempts),
            _ => None,
        });
        let longest = lists.max_by_key(|attempts| attempts.len());
        let jobs = longest.into_iter().flatten().map(|(_, job)| job.clone());
        Self { seen: jobs.collect() }
    }
}

impl<J: Clone + Debug + Eq + Hash> Specification for Attempts<J> {
    type State = Vec<J>;
    type Call = Call<J>;
    type Answer = Answer<J>;

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
            (Call::Start(job), None | Some(Answer::Done)) => append(state, job, &self.seen),
            (Call::Read, Some(Answer::Attempts(attempts))) => {
                let right = (1..).zip(state);
                let got = attempts.iter().map(|(number, job)| (*number, job));
                only_if(got.eq(right), state)
            }
            (Call::Read, None) => vec![state.clone()],
            _ => Vec::new(),
        }
    }

    fn has_effect(&self, call: &Self::Call, _answer: Option<&Self::Answer>) -> bool {
        matches!(call, Call::Start(_))
    }

    fn describe(&self, call: &Self::Call, answer: Option<&Self::Answer>) -> String {
        let call = match call {
            Call::Start(job) => format!("start({job:?}){}", place_in(&self.seen, job)),
            Call::Read => "read".to_owned(),
        };
        match answer {
            Some(Answer::Done) => format!("{call} -> done"),
            Some(Answer::Attempts(attempts)) => format!("{call} -> {attempts:?}"),
            None => format!("{call} -> ?"),
        }
    }
}
