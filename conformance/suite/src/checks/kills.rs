//! What a durable backend has after its process was killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use plimsoll_contract::{Backend, CallError, Clock};
use plimsoll_model::{Model, SharedModel};
use tokio::sync::Notify;

use crate::instance::Instance;
use crate::storm::{Seen, Storm};
use crate::{Check, Halt, Mortal, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[Check {
    id: "backend/kill-loses-or-tears-writes",
    clauses: &["BACKEND-16", "BACKEND-29"],
    goal: "The process of a backend that calls itself durable is killed while eight callers \
           write; another instance must show every acknowledged write, and those under way whole \
           or not at all.",
    usual_cause: "a write is acknowledged before it is kept, or is kept in several steps",
    uses: &[],
    run: |t| Box::pin(kill_loses_or_tears_writes(t)),
}];

/// Kills at the usual effort.
const KILLS: u32 = 50;

/// How many callers write at once.
const CALLERS: usize = 8;

/// A process is killed once this many writes or fewer are acknowledged.
const MOST_WRITES: usize = 300;

async fn kill_loses_or_tears_writes(t: &Trial) -> Outcome {
    if !t.backend().describe().await?.durable {
        return Ok(());
    }
    let mut random = t.fork_random();
    for _ in 0..(KILLS * t.effort).div_ceil(100) {
        let before = (t.log.lock().len(), t.found().expectations.len());
        kill_once(t, random.usize(1..=MOST_WRITES)).await?;
        if !t.is_clean() {
            return Err(Halt::Enough);
        }
        // Of kills that did no harm nothing needs to be told.
        t.log.lock().truncate(before.0);
        t.found().expectations.truncate(before.1);
    }
    Ok(())
}

/// What a caller knows when its process is gone.
struct Survivor {
    storm: Arc<Storm>,
    acknowledged: usize,
    /// Why it stopped.
    end: CallError,
}

async fn kill_once(t: &Trial, writes: usize) -> Outcome {
    let clock: Arc<dyn Clock> = t.unchecked_clock();
    let Some(Mortal { backend, kill }) = t.subject.mortal(Arc::clone(&clock)).await? else {
        let reason = "it calls itself durable, and there is no process of it that can be killed";
        return Err(Halt::NotTestable(reason.to_owned()));
    };
    let victim = Instance::new(backend, Arc::clone(&t.log));
    victim.open(&t.own_config(), clock).await?;
    let storms: Vec<_> = (0..CALLERS).map(|_| Arc::new(Storm::new(t))).collect();
    if storms.iter().any(|storm| storm.is_empty()) {
        return Ok(());
    }
    let survivors = write_until_killed(&victim, &storms, writes, kill).await;
    let reader = t.another_instance().await?;
    reader.open(&t.own_config(), t.unchecked_clock()).await?;
    for survivor in &survivors {
        if let CallError::Answered(_) = survivor.end {
            return Err(Halt::Call(survivor.end.clone()));
        }
        expect_whole(t, &reader, survivor).await?;
    }
    Ok(())
}

/// Has every storm write on `victim`, and kills it as soon as `writes` are acknowledged in all.
async fn write_until_killed(
    victim: &Instance,
    storms: &[Arc<Storm>],
    writes: usize,
    kill: impl Future<Output = ()>,
) -> Vec<Survivor> {
    let (left, enough) = (Arc::new(AtomicUsize::new(writes)), Arc::new(Notify::new()));
    let callers = storms.iter().map(|storm| {
        let (storm, victim) = (Arc::clone(storm), victim.clone());
        let (left, enough) = (Arc::clone(&left), Arc::clone(&enough));
        tokio::spawn(async move {
            let mut acknowledged = 0;
            let end = loop {
                match storm.apply(&victim, acknowledged).await {
                    Ok(()) => acknowledged += 1,
                    Err(error) => break error,
                }
                if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                    enough.notify_one();
                }
                // Calls that never wait would leave no thread to the one that kills.
                tokio::task::yield_now().await;
            };
            // A caller that stops early must not keep the kill from coming.
            enough.notify_one();
            Survivor { storm, acknowledged, end }
        })
    });
    let callers: Vec<_> = callers.collect();
    enough.notified().await;
    kill.await;
    join_all(callers).await.into_iter().flatten().collect()
}

/// Everything that was acknowledged must be there, and the write after it as a whole or not at all.
async fn expect_whole(t: &Trial, reader: &Instance, survivor: &Survivor) -> Outcome {
    let Survivor { storm, acknowledged, .. } = survivor;
    let without = state_after(t, storm, *acknowledged, acknowledged + 1).await?;
    let with = state_after(t, storm, acknowledged + 1, acknowledged + 1).await?;
    let mut shown = storm.read(reader, acknowledged + 1).await?;
    if shown != without && shown != with {
        // A server may finish what a dead client asked for, in the middle of these reads; then it
        // has happened now. What is torn stays torn.
        shown = storm.read(reader, acknowledged + 1).await?;
    }
    let pending = storm.name(*acknowledged);
    let what = format!("after the kill the write under way ({pending}) is whole or not there");
    if shown == without || shown == with {
        t.expect(&what, &(), &());
        return Ok(());
    }
    for fewer in (0..*acknowledged).rev() {
        if shown == state_after(t, storm, fewer, acknowledged + 1).await? {
            let what = "every acknowledged write is there after the kill";
            let last = storm.name(acknowledged - 1);
            let expected = format!("{acknowledged} writes, the last of them {last}");
            t.expect_printed(what, &format!("{fewer} writes"), &expected);
            return Ok(());
        }
    }
    tell_difference(t, &what, &shown, &without, &with);
    Ok(())
}

/// What must be seen after the first `writes` writes, of what `most` writes can touch.
async fn state_after(t: &Trial, storm: &Storm, writes: usize, most: usize) -> Result<Seen, Halt> {
    let model = SharedModel::new(Model::default());
    model.open(&t.own_config(), t.unchecked_clock()).await?;
    for number in 0..writes {
        storm.apply(&model, number).await?;
    }
    Ok(storm.read(&model, most).await?)
}

/// `shown` is neither of the two states: what differs from the nearer one is told.
fn tell_difference(t: &Trial, what: &str, shown: &Seen, without: &Seen, with: &Seen) {
    let differences = |state: &Seen| {
        let pairs = shown.iter().zip(state).filter(|(shown, state)| shown != state);
        pairs.map(|(shown, state)| (shown.clone(), state.clone())).collect::<Vec<_>>()
    };
    let nearer = match (differences(without), differences(with)) {
        (a, b) if a.len() <= b.len() => a,
        (_, b) => b,
    };
    for ((part, got), (_, expected)) in &nearer {
        t.expect_printed(&format!("{what}: {part}"), got, expected);
    }
}
