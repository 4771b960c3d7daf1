use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::Instant;

/// Where a backend reads "now" (clause BACKEND-8). Whoever opens the backend owns it.
pub trait Clock: Send + Sync {
    /// The present instant. It may stand still, jump, and go backwards.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Utc::now()
    }
}

/// A clock that moves only when it is told to, for tests.
///
/// ```
/// use chrono::TimeDelta;
/// use plimsoll_contract::{Clock, ManualClock};
///
/// let clock = ManualClock::at("2001-02-03T04:05:06.789Z".parse()?);
/// let before = clock.now();
/// clock.advance(TimeDelta::hours(1));
/// assert_eq!(clock.now() - before, TimeDelta::hours(1));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug)]
pub struct ManualClock {
    microseconds: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `instant`, to the microsecond.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self { microseconds: AtomicI64::new(instant.timestamp_micros()) }
    }

    /// Moves to `instant`, to the microsecond, forwards or backwards.
    pub fn set(&self, instant: Instant) {
        self.microseconds.store(instant.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves by `step`, to the microsecond, forwards or backwards.
    pub fn advance(&self, step: TimeDelta) {
        let step = step.num_microseconds().unwrap_or(i64::MAX);
        self.microseconds.fetch_add(step, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        // Microseconds in i64 span 584,000 years; chrono's range is narrower, so clamp to it.
        DateTime::from_timestamp_micros(self.microseconds.load(Ordering::SeqCst))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
