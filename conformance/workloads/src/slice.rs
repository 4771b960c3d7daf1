//! A few moments of a workload: callers, and what each of their turns took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::{JoinHandle, JoinSet};

use crate::workload::Unit;
use crate::{Crowd, Pace, Site, Trouble, Turn, Workload};

/// How long the calls of a slice may take beyond its length.
const PATIENCE: Duration = Duration::from_secs(60);
/// How close to its moment a turn is slept for: the runtime's timer is right to a millisecond.
const CLOSE: Duration = Duration::from_millis(2);

/// How much to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) callers: u64,
    pub(crate) length: Duration,
    /// Turns of all callers together.
    pub(crate) turns_at_most: Option<u64>,
}

/// What the turns took, in nanoseconds.
pub(crate) type Latencies = Histogram<u64>;

pub(crate) struct Slice {
    pub(crate) latencies: Latencies,
    /// Turns a second.
    pub(crate) rate: f64,
}

/// No turn has been taken.
pub(crate) fn no_latencies() -> Latencies {
    // Three digits, however long a turn takes.
    Histogram::new(3).unwrap_or_else(|_| unreachable!("three digits are allowed"))
}

/// Notes a latency. What grows by itself refuses none, but the type does not say so.
fn record(latencies: &mut Latencies, took: Duration) -> Result<(), Trouble> {
    latencies.record((took.as_nanos() as u64).max(1)).map_err(|_| Trouble::Panicked)
}

/// Runs a workload for that long. `taken` counts the turns of each caller, from slice to slice.
pub(crate) async fn run(
    workload: &'static Workload,
    site: &Arc<Site>,
    extent: Extent,
    taken: &mut [u64],
) -> Result<Slice, Trouble> {
    let is_over = Arc::new(AtomicBool::new(false));
    let beside = start_beside(workload, site, extent.callers, &is_over, taken);
    let measured =
        tokio::time::timeout(extent.length + PATIENCE, measure(workload, site, extent, taken));
    let measured = measured.await.unwrap_or(Err(Trouble::OutOfTime(PATIENCE)));
    is_over.store(true, Ordering::Relaxed);
    for (place, helper) in beside {
        let turns = helper.await.map_err(|_| Trouble::Panicked)??;
        if let Some(taken) = taken.get_mut(place) {
            *taken = turns;
        }
    }
    measured
}

/// How many turns' counts a slice keeps: those of the callers, and those of who works beside.
pub(crate) fn counters(callers: u64) -> usize {
    callers as usize * 2
}

type Beside = Vec<(usize, JoinHandle<Result<u64, Trouble>>)>;

fn start_beside(
    workload: &Workload,
    site: &Arc<Site>,
    callers: u64,
    is_over: &Arc<AtomicBool>,
    taken: &[u64],
) -> Beside {
    let Some((unit, pace)) = workload.beside else { return Vec::new() };
    let helpers = if workload.crowd == Crowd::Beside { callers } else { 1 };
    let start = |helper: u64| {
        let place = (callers + helper) as usize;
        let first = Turn {
            caller: Turn::BESIDE + helper,
            number: taken.get(place).copied().unwrap_or_default(),
        };
        let (site, is_over) = (Arc::clone(site), Arc::clone(is_over));
        (place, tokio::spawn(keep_busy(unit, pace, site, first, is_over)))
    };
    (0..helpers).map(start).collect()
}

/// Takes turns until it is over, and answers the number of the next one.
async fn keep_busy(
    unit: Unit,
    pace: Pace,
    site: Arc<Site>,
    first: Turn,
    is_over: Arc<AtomicBool>,
) -> Result<u64, Trouble> {
    let (began, mut turn) = (Instant::now(), first);
    while !is_over.load(Ordering::Relaxed) {
        if let Pace::Open(rate) = pace {
            let due = began + Duration::from_secs_f64((turn.number - first.number) as f64 / rate);
            while Instant::now() < due && !is_over.load(Ordering::Relaxed) {
                tokio::time::sleep(CLOSE).await;
            }
        }
        unit(Arc::clone(&site), turn).await?;
        turn.number += 1;
        tokio::task::yield_now().await;
    }
    Ok(turn.number)
}

/// What one caller did.
struct Taken {
    caller: u64,
    latencies: Latencies,
    turns: u64,
    ended: Instant,
}

async fn measure(
    workload: &'static Workload,
    site: &Arc<Site>,
    extent: Extent,
    taken: &mut [u64],
) -> Result<Slice, Trouble> {
    let callers = if workload.crowd == Crowd::Timed { extent.callers } else { 1 };
    let began = Instant::now();
    let each = |caller: u64| {
        let first = Turn { caller, number: taken[caller as usize] };
        let limit = extent.turns_at_most.map(|turns| turns.div_ceil(callers));
        let site = Arc::clone(site);
        let plan = Plan { workload, began, length: extent.length, callers, limit };
        async move { plan.take_turns(site, first).await }
    };
    // Dropped when the patience is over, and the callers with it.
    let mut all: JoinSet<_> = (0..callers).map(each).collect();
    let (mut latencies, mut ended) = (no_latencies(), began);
    while let Some(done) = all.join_next().await {
        let done = done.map_err(|_| Trouble::Panicked)??;
        latencies.add(&done.latencies).map_err(|_| Trouble::Panicked)?;
        taken[done.caller as usize] += done.turns;
        ended = ended.max(done.ended);
    }
    let turns = latencies.len() as f64;
    let seconds = match workload.pace {
        // A turn may have parts that are not timed. With others at work there are none.
        Pace::Closed if callers == 1 => latencies.mean() * turns / 1e9,
        Pace::Closed => (ended - began).as_secs_f64(),
        Pace::Open(_) => extent.length.max(ended - began).as_secs_f64(),
    };
    Ok(Slice { latencies, rate: turns / seconds.max(1e-9) })
}

#[derive(Clone, Copy)]
struct Plan {
    workload: &'static Workload,
    began: Instant,
    length: Duration,
    callers: u64,
    /// Turns of one caller.
    limit: Option<u64>,
}

impl Plan {
    /// Takes turns until the time is over, one at the least.
    async fn take_turns(self, site: Arc<Site>, first: Turn) -> Result<Taken, Trouble> {
        let (mut latencies, mut turn) = (no_latencies(), first);
        loop {
            let turns = turn.number - first.number;
            let due = self.due(first.caller, turns);
            let is_late = due.unwrap_or_else(Instant::now) >= self.began + self.length;
            let is_enough = is_late || self.limit.is_some_and(|limit| turns >= limit);
            // On a schedule only the first caller's first turn is always within the time.
            let must = turns == 0 && (due.is_none() || first.caller == 0);
            if is_enough && !must {
                return Ok(Taken { caller: first.caller, latencies, turns, ended: Instant::now() });
            }
            if let Some(due) = due {
                wait_for(due).await;
            }
            let took = self.workload.turn(&site, turn).await?;
            // Whoever had to wait for the turn before waits from when this one should have begun.
            let took = due.map_or(took, |due| due.elapsed());
            record(&mut latencies, took)?;
            turn.number += 1;
            // A backend in memory never waits; the other callers want their turn.
            tokio::task::yield_now().await;
        }
    }

    /// When a turn should begin; none if as soon as can be.
    fn due(&self, caller: u64, turns: u64) -> Option<Instant> {
        let Pace::Open(rate) = self.workload.pace else { return None };
        let place = caller + turns * self.callers;
        Some(self.began + Duration::from_secs_f64(place as f64 / rate))
    }
}

/// Sleeps until shortly before, and stays awake from there.
async fn wait_for(due: Instant) {
    if let Some(sleep) = due.checked_duration_since(Instant::now() + CLOSE) {
        tokio::time::sleep(sleep).await;
    }
    while Instant::now() < due {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use std::time::Duration;

    use super::{no_latencies, record};

    #[test]
    fn percentiles_are_those_of_the_values() {
        let mut latencies = no_latencies();
        for microseconds in 1..=1000 {
            record(&mut latencies, Duration::from_micros(microseconds)).unwrap();
        }
        for (percentile, expected) in [(50.0, 500e3), (95.0, 950e3), (99.0, 990e3)] {
            let found = latencies.value_at_percentile(percentile) as f64;
            assert!((found / expected - 1.0).abs() < 0.002, "{percentile}: {found}");
        }
        assert!((latencies.max() as f64 / 1e6 - 1.0).abs() < 0.002);
    }

    #[test]
    fn a_latency_of_minutes_is_kept() {
        let (mut all, mut one) = (no_latencies(), no_latencies());
        record(&mut one, Duration::from_secs(300)).unwrap();
        all.add(&one).unwrap();
        assert!((all.max() as f64 / 3e11 - 1.0).abs() < 0.002, "{}", all.max());
    }
}
