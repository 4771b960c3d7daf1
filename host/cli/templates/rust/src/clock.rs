//! The time, from the imported clock alone: the suite turns it forward and back.

use crate::flow::storage::types::Instant;
use crate::wasi::clocks::wall_clock;

pub fn now() -> Instant {
    let now = wall_clock::now();
    // WASI counts seconds without a sign, the contract with one.
    Instant {
        seconds: now.seconds as i64,
        nanoseconds: now.nanoseconds,
    }
}
