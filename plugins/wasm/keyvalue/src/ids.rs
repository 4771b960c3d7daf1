//! Numbers that are used once, whichever instance asks.

use std::cell::Cell;
use std::ops::Range;

use crate::flow::storage::types::Error;
use crate::store;
use crate::wasi::keyvalue::atomics;

/// Beside the namespaces: a namespace that is discarded must not begin from 1 again, because other
/// instances still have numbers of before.
const BUCKET: &str = "flow-ids";

/// How many numbers an instance takes at a time.
const BLOCK: u64 = 1_000;

thread_local! {
    static LEFT: Cell<Range<u64>> = const { Cell::new(0..0) };
}

/// A number, from 1, that nobody else gets.
pub fn next() -> Result<u64, Error> {
    let mut left = LEFT.take();
    if left.is_empty() {
        let bucket = store::open(BUCKET)?;
        let sum = atomics::increment(&bucket, "last", BLOCK as i64).map_err(store::failed)?;
        let last = u64::try_from(sum).unwrap_or_default();
        left = last.saturating_sub(BLOCK) + 1..last + 1;
    }
    let number = left.next();
    LEFT.set(left);
    number.ok_or_else(|| Error::Other(format!("the counter in `{BUCKET}` is used up")))
}
