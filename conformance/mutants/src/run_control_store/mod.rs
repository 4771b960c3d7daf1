//! Mutants of `run-control-store`.

pub(crate) mod keys;
pub(crate) mod records;
