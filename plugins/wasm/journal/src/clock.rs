//! The time: the imported clock's, or the instant that a record holds while it is applied.

use std::cell::Cell;

use crate::flow::storage::types::Instant;
use crate::wasi::clocks::wall_clock;

thread_local! {
    static HELD: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The present instant.
pub fn now() -> Instant {
    HELD.get().unwrap_or_else(|| {
        let now = wall_clock::now();
        Instant { seconds: now.seconds as i64, nanoseconds: now.nanoseconds }
    })
}

/// Does something with the clock held at an instant.
pub fn during<T>(at: Instant, work: impl FnOnce() -> T) -> T {
    let before = HELD.replace(Some(at));
    let done = work();
    HELD.set(before);
    done
}
