use std::fmt::Debug;
use std::mem;
use std::sync::{MutexGuard, PoisonError};

use futures_util::future::join_all;
use plimsoll_contract::{Interruption, InterruptionKind, Result};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::instance::Instance;
use crate::lanes::{self, Lanes, Work};
use crate::log::Entry;
use crate::{Halt, Outcome, Trial};

/// How many callers are released together.
pub(crate) const CALLERS: usize = 16;

/// Rounds of a race at the usual effort.
const ROUNDS: usize = 200;

/// How many times as many rounds a race has while calls overlapped in fewer than half of those that
/// it should have.
const PATIENCE: usize = 10;

/// What a race has shown so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Race {
    pub(crate) rounds: usize,
    /// Pairs of calls that were under way at the same time; on two instances, where several race.
    pub(crate) overlaps: usize,
    /// Rounds with such a pair.
    pub(crate) rounds_with_overlap: usize,
    /// Calls that lost.
    pub(crate) losers: usize,
    /// Where the calls and expectations of the present round begin.
    calls_before: usize,
    expectations_before: usize,
}

/// Half of the callers, for races of two kinds of call. Callers of both kinds are on each of two
/// cores, so that either kind can stand in the middle of the other.
pub(crate) const fn is_of_first_half(caller: usize) -> bool {
    matches!(caller % 4, 0 | 3)
}

impl Trial {
    /// Begins another round while there are rounds left. Calls and expectations of a round in
    /// which everything held are forgotten, so that a failure shows one round and no more.
    ///
    /// # Errors
    ///
    /// [`Halt::Enough`] once a round has shown a failure; what keeps the instances that race from
    /// being opened.
    pub async fn next_round(&self) -> std::result::Result<bool, Halt> {
        self.next_of(ROUNDS).await
    }

    /// Begins another round while a fifth of the usual rounds are left: where a round takes long,
    /// or leaves rows behind that the next one reads.
    ///
    /// # Errors
    ///
    /// Those of [`Trial::next_round`].
    pub(crate) async fn next_slow_round(&self) -> std::result::Result<bool, Halt> {
        self.next_of(ROUNDS / 5).await
    }

    async fn next_of(&self, rounds: usize) -> std::result::Result<bool, Halt> {
        self.peers().await?;
        if !self.is_clean() {
            return Err(Halt::Enough);
        }
        let rounds = (rounds * self.effort as usize / 100).max(1);
        let mut race = self.race();
        // On a busy machine callers may long come one after the other, which proves nothing.
        let patience = PATIENCE * if race.overlaps == 0 { rounds.max(ROUNDS) } else { rounds };
        let is_over = race.rounds >= patience
            || (race.rounds >= rounds && race.rounds_with_overlap >= rounds.div_ceil(2));
        if is_over {
            return Ok(false);
        }
        if race.rounds == 0 {
            race.calls_before = self.log.lock().len();
            race.expectations_before = self.found().expectations.len();
        } else {
            self.log.lock().truncate(race.calls_before);
            self.found().expectations.truncate(race.expectations_before);
        }
        race.rounds += 1;
        Ok(true)
    }

    /// Releases sixteen callers together and answers what each got.
    pub async fn release<T, F>(&self, call: impl Fn(usize, Instance) -> F) -> Vec<Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let round = self.race().rounds;
        let (mut lanes, mut logs) = (Vec::new(), Vec::new());
        lanes.resize_with(lanes::count(CALLERS), Vec::new);
        for caller in 0..CALLERS {
            let (instance, log) = self.instance_of(caller).for_caller(caller, round);
            logs.push(log);
            let (call, lane) = (call(caller, instance), caller % lanes.len());
            lanes[lane].push(async move { (caller, call.await) });
        }
        let threads = Lanes::take(lanes.len());
        let (mut works, mut running) = (Vec::<Work>::new(), Vec::new());
        for lane in lanes {
            let runtime = Handle::current();
            let (done, finished) = oneshot::channel();
            works.push(Box::new(move || {
                // Nobody listens when the check was stopped.
                let _ = done.send(runtime.block_on(join_all(lane)));
            }));
            running.push(finished);
        }
        threads.begin(works);
        let mut answers: Vec<_> = (0..CALLERS).map(|_| Err(no_answer())).collect();
        for lane in join_all(running).await {
            for (caller, answer) in lane.unwrap_or_default() {
                answers[caller] = answer;
            }
        }
        threads.give_back();
        let mut calls: Vec<Entry> =
            logs.iter().flat_map(|log| mem::take(&mut *log.lock())).collect();
        calls.sort_by_key(|entry| entry.started);
        self.met(overlaps(&calls, self.racing_instances()));
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

    /// Counts the pairs of a round that overlapped.
    fn met(&self, pairs: usize) {
        let mut race = self.race();
        race.overlaps += pairs;
        race.rounds_with_overlap += usize::from(pairs > 0);
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
            0 if self.racing_instances() > 1 => {
                Err(Halt::NotTestable("no two instances were ever at work together".to_owned()))
            }
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

/// The pairs among `calls` that were under way at the same time. Where several instances race,
/// calls that one of them worked on show nothing about two.
fn overlaps(calls: &[Entry], instances: usize) -> usize {
    let all = overlapping_pairs(calls.iter());
    if instances == 1 {
        return all;
    }
    let within = |instance: usize| {
        let is_of = |caller: usize| caller % instances == instance;
        overlapping_pairs(calls.iter().filter(|call| call.caller.is_some_and(is_of)))
    };
    all - (0..instances).map(within).sum::<usize>()
}

/// The pairs among `calls`, ascending by start, that were under way at the same time: each call
/// overlaps those that began before it and had not ended when it began.
fn overlapping_pairs<'a>(calls: impl Iterator<Item = &'a Entry> + Clone) -> usize {
    let mut ends: Vec<_> = calls.clone().filter_map(|call| call.ended).collect();
    ends.sort_unstable();
    let ended_before = |call: &Entry| ends.partition_point(|end| *end <= call.started);
    let answered = calls.filter(|call| call.ended.is_some());
    answered.enumerate().map(|(earlier, call)| earlier.saturating_sub(ended_before(call))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_contract::Interface;
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    fn call(caller: usize, started: u64, ended: u64) -> Entry {
        static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        Entry {
            interface: Interface::RunStore,
            function: "start-run",
            arguments: Vec::new(),
            caller: Some(caller),
            result: None,
            error: None,
            started: *ORIGIN + Duration::from_millis(started),
            ended: Some(*ORIGIN + Duration::from_millis(ended)),
        }
    }

    #[test]
    fn of_several_instances_two_must_work_together() {
        let calls = [call(0, 0, 5), call(2, 1, 6), call(1, 5, 7), call(4, 6, 9)];
        assert_eq!(overlaps(&calls, 1), 3);
        assert_eq!(overlaps(&calls, 2), 2, "callers 0, 2 and 4 share an instance");
        assert_eq!(overlaps(&calls[..2], 2), 0);
        assert_eq!(overlaps(&calls[..2], 3), 1);
    }

    #[test]
    fn overlapping_calls_are_counted_in_pairs() {
        let call = |started, ended| call(0, started, ended);
        assert_eq!(overlapping_pairs([call(0, 1), call(1, 2), call(3, 4)].iter()), 0);
        assert_eq!(overlapping_pairs([call(0, 5), call(1, 2), call(3, 4)].iter()), 2);
        assert_eq!(overlapping_pairs([call(0, 5), call(1, 6), call(2, 7), call(6, 9)].iter()), 4);
    }
}
