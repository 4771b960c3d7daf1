//! Runs that were there before, spread over ninety days.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use chrono::TimeDelta;
use plimsoll_contract::{RunStatus, StartRun, StepStatus};

use crate::clock::now;
use crate::machine;
use crate::operations::key;
use crate::site::flow_id;
use crate::{Site, Trouble, Turn};

/// How far back the history goes.
const DAYS: i64 = 90;
/// The runs that go on, however long the history is.
const ACTIVE: u64 = 100;
/// Who fills: a database takes several calls at once.
const FILLERS: u64 = 8;

/// Where filling ended before it was done.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The runs that there are.
    pub(crate) runs: u64,
    pub(crate) why: String,
}

/// What filling may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) until: Instant,
    /// The memory of this process, in bytes; none where it cannot be asked for.
    pub(crate) memory: Option<u64>,
}

impl Budget {
    /// Why it is spent, if it is.
    fn spent(&self) -> Option<String> {
        if Instant::now() > self.until {
            return Some("the time for filling was over".to_owned());
        }
        let (used, limit) = (machine::resident_bytes()?, self.memory?);
        (used > limit).then(|| format!("the process took more than {} MiB of memory", limit >> 20))
    }
}

/// Makes the runs `from..to` of the history.
pub(crate) async fn fill(
    site: &Arc<Site>,
    from: u64,
    to: u64,
    budget: Budget,
) -> Result<(), Ended> {
    let progress = Arc::new(Progress { next: AtomicU64::new(from), ..Progress::default() });
    let fillers = (0..FILLERS).map(|_| {
        let (site, progress) = (Arc::clone(site), Arc::clone(&progress));
        tokio::spawn(write_some(site, progress, from..to, budget))
    });
    let mut why = None;
    for filler in futures_util::future::join_all(fillers).await {
        let ended = filler.unwrap_or_else(|_| Err(Trouble::Panicked.to_string()));
        why = why.or(ended.err());
    }
    site.clock().reset();
    match why {
        None => Ok(()),
        Some(why) => Err(Ended { runs: from + progress.made.load(Ordering::Relaxed), why }),
    }
}

/// Makes a short history, without a budget.
pub(crate) async fn short(site: &Site, runs: u64) -> Result<(), Trouble> {
    for number in 0..runs {
        site.clock().set(started_at(number, &(0..runs)), TimeDelta::milliseconds(1));
        write(site, number).await?;
    }
    site.clock().reset();
    Ok(())
}

/// When a run of those starts: they are spread evenly over the days.
fn started_at(number: u64, range: &Range<u64>) -> plimsoll_contract::Instant {
    let runs = (range.end - range.start).max(1) as f64;
    let part = (number - range.start) as f64 / runs;
    let ago = TimeDelta::days(DAYS).num_milliseconds() as f64 * (1.0 - part);
    now() - TimeDelta::milliseconds(ago as i64)
}

#[derive(Default)]
struct Progress {
    next: AtomicU64,
    made: AtomicU64,
    is_over: AtomicBool,
}

async fn write_some(
    site: Arc<Site>,
    progress: Arc<Progress>,
    range: Range<u64>,
    budget: Budget,
) -> Result<(), String> {
    loop {
        let number = progress.next.fetch_add(1, Ordering::Relaxed);
        if number >= range.end || progress.is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
        // The others' runs start about then, too.
        site.clock().set(started_at(number, &range), TimeDelta::milliseconds(1));
        let spent = if number.is_multiple_of(64) { budget.spent() } else { None };
        let ended = match spent {
            Some(why) => Err(why),
            None => write(&site, number).await.map_err(|trouble| trouble.to_string()),
        };
        if let Err(why) = ended {
            progress.is_over.store(true, Ordering::Relaxed);
            return Err(why);
        }
        progress.made.fetch_add(1, Ordering::Relaxed);
        // A backend in memory never waits; the other fillers want their turn.
        tokio::task::yield_now().await;
    }
}

/// Makes a run of the history: one step in most, fifty in one of a hundred; one in ten fails.
async fn write(site: &Site, number: u64) -> Result<(), Trouble> {
    let run = site.run_id(Turn { caller: Turn::HISTORY, number });
    let (runs, fails) = (site.runs()?, number % 10 == 9);
    // Every flow has its part of those that fail.
    let start = StartRun { flow_id: flow_id(number / 10), ..site.start(run) };
    runs.start_run(&start).await?;
    let steps = if number % 100 == 50 { 50 } else { 1 + number % 3 / 2 };
    for place in 0..steps {
        let (key, json) = (key(place), Some(site.json()));
        runs.record_step_start(run, &key, "http", json, None).await?;
        if number < ACTIVE {
            continue;
        }
        let (status, error) = match fails {
            true => (StepStatus::Failed, Some("the card was declined")),
            false => (StepStatus::Succeeded, None),
        };
        runs.record_step_complete(run, &key, status, json, error).await?;
    }
    if number >= ACTIVE {
        let status = if fails { RunStatus::Failed } else { RunStatus::Succeeded };
        runs.complete_run(run, status).await?;
    }
    Ok(())
}
