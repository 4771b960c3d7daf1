//! The time, from the imported clock alone.

use crate::flow::storage::types::Instant;
use crate::wasi::clocks::wall_clock;

/// The present instant.
pub fn now() -> Instant {
    let now = wall_clock::now();
    Instant { seconds: now.seconds as i64, nanoseconds: now.nanoseconds }
}
