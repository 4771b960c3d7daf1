use std::fmt::Debug;
use std::sync::{Arc, MutexGuard, PoisonError};

use plimsoll_contract::{Interruption, InterruptionKind, Result};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::instance::Instance;
use crate::log::Entry;
use crate::{Halt, Outcome, Trial};

/// How many callers are released together.
pub(crate) const CALLERS: usize = 16;

/// Rounds of a race at the usual effort.
const ROUNDS: usize = 200;

/// What a race has shown so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Race {
    pub(crate) rounds: usize,
    /// Pairs of calls that were under way at the same time.
    pub(crate) overlaps: usize,
    /// Calls that lost.
    pub(crate) losers: usize,
    /// Where the calls and expectations of the present round begin.
    calls_before: usize,
    expectations_before: usize,
}

impl Trial {
    /// Begins another round while there are rounds left. Calls and expectations of a round in
    /// which everything held are forgotten, so that a failure shows one round and no more.
    ///
    /// # Errors
    ///
    /// [`Halt::Enough`] once a round has shown a failure.
    pub fn next_round(&self) -> std::result::Result<bool, Halt> {
        if !self.is_clean() {
            return Err(Halt::Enough);
        }
        let rounds = (ROUNDS * self.effort as usize / 100).max(1);
        let mut race = self.race();
        if race.rounds == 0 {
            race.calls_before = self.log.lock().len();
            race.expectations_before = self.found().expectations.len();
        } else if race.rounds < rounds {
            self.log.lock().truncate(race.calls_before);
            self.found().expectations.truncate(race.expectations_before);
        }
        if race.rounds >= rounds {
            return Ok(false);
        }
        race.rounds += 1;
        Ok(true)
    }

    /// Releases [`CALLERS`] callers together and answers what each got.
    pub async fn release<T, F>(&self, call: impl Fn(usize, Instance) -> F) -> Vec<Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let barrier = Arc::new(Barrier::new(CALLERS));
        let mut callers = JoinSet::new();
        let mut logs = Vec::new();
        for caller in 0..CALLERS {
            let (instance, log) = self.instance.for_caller(caller);
            logs.push(log);
            let (call, barrier) = (call(caller, instance), Arc::clone(&barrier));
            callers.spawn(async move {
                barrier.wait().await;
                (caller, call.await)
            });
        }
        let mut answers: Vec<_> = (0..CALLERS).map(|_| Err(no_answer())).collect();
        while let Some(joined) = callers.join_next().await {
            if let Ok((caller, answer)) = joined {
                answers[caller] = answer;
            }
        }
        let mut calls: Vec<Entry> = logs.iter().flat_map(|log| log.lock().clone()).collect();
        calls.sort_by_key(|entry| entry.started);
        self.race().overlaps += overlapping_pairs(&calls);
        self.log.lock().extend(calls);
        answers
    }

    /// Of the answers exactly one must be true and the others false, none an error.
    pub fn expect_one_true(&self, what: &str, answers: &[Result<bool>]) {
        let winners = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
        let losers = answers.iter().filter(|answer| matches!(answer, Ok(false))).count();
        let errors = answers.len() - winners - losers;
        self.lost(losers);
        let expected = format!("1 true, {} false, 0 errors", answers.len() - 1);
        let got = format!("{winners} true, {losers} false, {errors} errors");
        self.expect(what, &Words(got), &Words(expected));
    }

    /// Every one of the calls must have succeeded.
    pub fn expect_all_succeed<T>(&self, what: &str, answers: &[Result<T>]) {
        let errors = answers.iter().filter(|answer| answer.is_err()).count();
        self.lost(answers.len().saturating_sub(1));
        self.expect(what, &Words(format!("{errors} errors")), &Words("0 errors".to_owned()));
    }

    /// Counts callers that lost.
    pub(crate) fn lost(&self, losers: usize) {
        self.race().losers += losers;
    }

    /// Ends a race: what it found counts only if calls really overlapped.
    ///
    /// # Errors
    ///
    /// [`Halt::NotTestable`] without a single overlapping pair.
    pub fn overlap_shown(&self) -> Outcome {
        match self.race().overlaps {
            0 => Err(Halt::NotTestable("no two calls were ever under way together".to_owned())),
            _ => Ok(()),
        }
    }

    pub(crate) fn race(&self) -> MutexGuard<'_, Race> {
        self.race.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prints without quotes.
#[derive(PartialEq)]
struct Words(String);

impl Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// For a caller whose task ended without an answer, which only a panic outside the backend does.
fn no_answer() -> plimsoll_contract::CallError {
    let message = "the caller ended without an answer".to_owned();
    Interruption { kind: InterruptionKind::Trap, message, backtrace: None }.into()
}

/// The pairs among `calls`, ascending by start, that were under way at the same time.
fn overlapping_pairs(calls: &[Entry]) -> usize {
    let later = |index: usize| calls[index + 1..].iter();
    let overlapping =
        |(index, call): (usize, &Entry)| later(index).filter(|other| call.overlaps(other)).count();
    calls.iter().enumerate().map(overlapping).sum()
}
