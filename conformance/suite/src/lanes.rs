//! The threads that callers race on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::{hint, thread};

use core_affinity::CoreId;

/// The cores of the machine. To ask for them takes as long as a round does.
static CORES: LazyLock<Vec<CoreId>> =
    LazyLock::new(|| core_affinity::get_core_ids().unwrap_or_default());

/// Threads that wait for the next round: to make new ones takes longer than a round does.
static IDLE: Mutex<Vec<Lanes>> = Mutex::new(Vec::new());

/// How many lanes `callers` are spread over: one for each core, and never one alone.
pub(crate) fn count(callers: usize) -> usize {
    CORES.len().clamp(2, callers)
}

/// Work for one lane.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// A thread for each lane, whichever round it works for. They end when this is dropped.
pub(crate) struct Lanes(Vec<mpsc::Sender<Work>>);

impl Lanes {
    /// Lanes that nobody else uses.
    pub(crate) fn take(count: usize) -> Self {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut lanes = idle.unwrap_or(Self(Vec::new()));
        lanes.0.extend((lanes.0.len()..count).map(lane));
        lanes
    }

    /// Begins every work in the same instant, each in a lane of its own.
    pub(crate) fn begin(&self, works: Vec<Work>) {
        let gate = Arc::new(Gate { expected: works.len(), arrived: AtomicUsize::new(0) });
        for (lane, work) in self.0.iter().zip(works) {
            let gate = Arc::clone(&gate);
            // The thread is there: it outlives whatever its work does.
            let _ = lane.send(Box::new(move || {
                gate.pass_together();
                work();
            }));
        }
    }

    /// Leaves the threads to another round, once their work is done.
    pub(crate) fn give_back(self) {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }
}

fn lane(index: usize) -> mpsc::Sender<Work> {
    let (sender, works) = mpsc::channel::<Work>();
    thread::spawn(move || {
        stay_on_core(index);
        for work in works {
            // Whoever waits for the answer sees that none comes.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    });
    sender
}

/// Keeps the present thread on a core of its own, where the system allows it: threads that are
/// woken together otherwise begin on one core, and run after each other.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn a_lane_outlives_work_that_panics() {
        let lanes = Lanes::take(2);
        let (done, answers) = mpsc::channel();
        lanes.begin(vec![Box::new(|| std::panic::resume_unwind(Box::new(()))), Box::new(|| ())]);
        let works = (0..2).map(|index| -> Work {
            let done = done.clone();
            Box::new(move || done.send(index).unwrap_or_default())
        });
        lanes.begin(works.collect());
        // A lane that is gone leaves the other at the gate: without a limit the test would hang.
        let limit = Duration::from_secs(10);
        let both: BTreeSet<_> = (0..2).filter_map(|_| answers.recv_timeout(limit).ok()).collect();
        assert_eq!(both, [0, 1].into());
    }
}
