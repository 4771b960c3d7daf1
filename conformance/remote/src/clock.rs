use std::sync::{Mutex, PoisonError};

use plimsoll_contract::{Clock, Instant};

/// Shows what the latest request said, to the nanosecond.
#[derive(Debug, Default)]
pub(crate) struct LatestClock(Mutex<Instant>);

impl LatestClock {
    pub(crate) fn set(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for LatestClock {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
