use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, MutexGuard, PoisonError};
use std::{hint, thread};

use core_affinity::CoreId;
use futures_util::future::join_all;
use plimsoll_contract::{Interruption, InterruptionKind, Result};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::instance::Instance;
use crate::log::Entry;
use crate::{Halt, Outcome, Trial};

/// How many callers are released together.
pub(crate) const CALLERS: usize = 16;

/// Rounds of a race at the usual effort.
const ROUNDS: usize = 200;

/// How many times as many rounds a race has while no two of its calls overlapped.
const PATIENCE: usize = 10;

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
    /// [`Halt::Enough`] once a round has shown a failure; what keeps the instances that race from
    /// being opened.
    pub async fn next_round(&self) -> std::result::Result<bool, Halt> {
        self.peers().await?;
        if !self.is_clean() {
            return Err(Halt::Enough);
        }
        let rounds = (ROUNDS * self.effort as usize / 100).max(1);
        let mut race = self.race();
        let is_over = match race.overlaps {
            // On a busy machine callers may long come one after the other, which proves nothing.
            0 => race.rounds >= rounds.max(ROUNDS) * PATIENCE,
            _ => race.rounds >= rounds,
        };
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
        let (mut lanes, mut logs) = (Vec::new(), Vec::new());
        lanes.resize_with(threads(), Vec::new);
        for caller in 0..CALLERS {
            let (instance, log) = self.instance_of(caller).for_caller(caller);
            logs.push(log);
            let (call, lane) = (call(caller, instance), caller % lanes.len());
            lanes[lane].push(async move { (caller, call.await) });
        }
        let gate = Arc::new(Gate { expected: lanes.len(), arrived: AtomicUsize::new(0) });
        let mut running = Vec::new();
        for (index, lane) in lanes.into_iter().enumerate() {
            let (gate, runtime) = (Arc::clone(&gate), Handle::current());
            let (done, finished) = oneshot::channel();
            thread::spawn(move || {
                stay_on_core(index);
                gate.pass_together();
                // Nobody listens when the check was stopped.
                let _ = done.send(runtime.block_on(join_all(lane)));
            });
            running.push(finished);
        }
        let mut answers: Vec<_> = (0..CALLERS).map(|_| Err(no_answer())).collect();
        for lane in join_all(running).await {
            for (caller, answer) in lane.unwrap_or_default() {
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

/// The cores of the machine. To ask for them takes as long as a round does.
static CORES: LazyLock<Vec<CoreId>> =
    LazyLock::new(|| core_affinity::get_core_ids().unwrap_or_default());

/// The threads that callers are spread over: one for each core, and never one alone.
fn threads() -> usize {
    CORES.len().clamp(2, CALLERS)
}

/// Keeps the present thread on a core of its own, where the system allows it: threads that are
/// created together otherwise begin on one core, and run after each other.
fn stay_on_core(index: usize) {
    if let Some(core) = CORES.get(index) {
        core_affinity::set_for_current(*core);
    }
}

/// Lets threads pass in one instant. They stay awake while they wait: a backend in memory has
/// answered everybody else before a sleeping thread wakes up.
struct Gate {
    expected: usize,
    arrived: AtomicUsize,
}

impl Gate {
    fn pass_together(&self) {
        self.arrived.fetch_add(1, Ordering::SeqCst);
        let mut spins = 0_u32;
        while self.arrived.load(Ordering::SeqCst) < self.expected {
            spins += 1;
            match spins % 1_000 {
                // The others may be waiting for this core.
                0 => thread::yield_now(),
                _ => hint::spin_loop(),
            }
        }
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

/// The pairs among `calls`, ascending by start, that were under way at the same time: each call
/// overlaps those that began before it and had not ended when it began.
fn overlapping_pairs(calls: &[Entry]) -> usize {
    let mut ends: Vec<_> = calls.iter().filter_map(|call| call.ended).collect();
    ends.sort_unstable();
    let ended_before = |call: &Entry| ends.partition_point(|end| *end <= call.started);
    let answered = calls.iter().filter(|call| call.ended.is_some());
    answered.enumerate().map(|(earlier, call)| earlier.saturating_sub(ended_before(call))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_contract::Interface;
    use std::time::{Duration, Instant};

    #[test]
    fn overlapping_calls_are_counted_in_pairs() {
        let origin = Instant::now();
        let call = |started: u64, ended: u64| Entry {
            interface: Interface::RunStore,
            function: "start-run",
            arguments: Vec::new(),
            caller: None,
            result: None,
            error: None,
            started: origin + Duration::from_millis(started),
            ended: Some(origin + Duration::from_millis(ended)),
        };
        assert_eq!(overlapping_pairs(&[call(0, 1), call(1, 2), call(3, 4)]), 0);
        assert_eq!(overlapping_pairs(&[call(0, 5), call(1, 2), call(3, 4)]), 2);
        assert_eq!(overlapping_pairs(&[call(0, 5), call(1, 6), call(2, 7), call(6, 9)]), 4);
    }
}
