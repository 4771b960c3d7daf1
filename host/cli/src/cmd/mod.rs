//! One module for each command; each answers the exit code.

pub(crate) mod bench;
pub(crate) mod certify;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod mutants;
pub(crate) mod new;
pub(crate) mod serve;
