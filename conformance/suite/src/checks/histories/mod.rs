//! Checks that record what many callers do to one object, and look for an order that explains it.
//! They stand by the kind of the object, since those of one kind differ in little.

pub(super) mod ledgers;
pub(super) mod logs;
pub(super) mod registers;
pub(super) mod signals;

/// How often each caller asks in a round.
const ASKS: usize = 3;
