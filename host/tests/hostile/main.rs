//! What a guest can do to its host, and what the host makes of it: the zoo of README.md, here.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod answers;
mod apart;
mod asked;
mod bombs;
mod compile;
mod flat;
mod list;
mod loops;
mod memory;
mod raw;
mod realloc;
mod threads;
mod wasi;
