use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use plimsoll_contract::{Clock, Instant};

/// The noon of a day in which nothing else happens: 2030-06-03T12:00:00Z.
pub(crate) const NOW_SECONDS: i64 = 1_906_718_400;

/// What the backend reads as the time: a little later at each reading, the same in each run.
/// Nothing is measured by it.
#[derive(Debug)]
pub(crate) struct TickingClock {
    microseconds: AtomicI64,
    tick: AtomicI64,
}

/// The instant at which measured calls begin.
pub(crate) fn now() -> Instant {
    DateTime::from_timestamp(NOW_SECONDS, 0).unwrap_or(Instant::UNIX_EPOCH)
}

impl TickingClock {
    /// A millisecond later at each reading, from noon on.
    pub(crate) fn new() -> Self {
        Self { microseconds: AtomicI64::new(NOW_SECONDS * 1_000_000), tick: AtomicI64::new(1_000) }
    }

    /// Goes on from `instant`, and moves by `tick` at each reading.
    pub(crate) fn set(&self, instant: Instant, tick: TimeDelta) {
        self.microseconds.store(instant.timestamp_micros(), Ordering::SeqCst);
        let tick = tick.num_microseconds().unwrap_or(1_000).max(1);
        self.tick.store(tick, Ordering::SeqCst);
    }

    /// Goes on from noon, as at first.
    pub(crate) fn reset(&self) {
        self.set(now(), TimeDelta::milliseconds(1));
    }
}

impl Clock for TickingClock {
    fn now(&self) -> Instant {
        let tick = self.tick.load(Ordering::Relaxed);
        let read = self.microseconds.fetch_add(tick, Ordering::Relaxed);
        DateTime::from_timestamp_micros(read).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
