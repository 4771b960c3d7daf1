//! The places where the host takes what it did not choose: the bytes of a component, a manifest, and
//! what callers hand to a guest. Each function here takes bytes and panics on a finding.
//!
//! `fuzz_targets/` hands them to libFuzzer, and `tests/corpus.rs` what was kept of its work.
#![allow(clippy::panic, reason = "a finding is a panic: that is what libFuzzer sees")]

mod calls;
mod draw;
mod load;
mod manifest;
mod seeds;

pub use calls::calls;
pub use load::load;
pub use manifest::manifest;
pub use seeds::components;

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let built = Builder::new_current_thread().enable_all().build();
    built.unwrap_or_else(|error| panic!("no runtime: {error}"))
});

fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}
