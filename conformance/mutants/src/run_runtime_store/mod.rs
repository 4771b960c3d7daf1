//! Mutants of `run-runtime-store`.

pub(crate) mod claims;
pub(crate) mod skips;
pub(crate) mod statuses;
