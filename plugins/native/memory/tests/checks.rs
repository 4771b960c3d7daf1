//! Each check of the suite as a test of its own.

use std::process::ExitCode;

use plimsoll_conformance::{Native, run_tests};
use plimsoll_memory::MemoryBackend;

fn main() -> ExitCode {
    run_tests(Native::new("memory", |_clock| async { Ok(MemoryBackend::new()) }))
}
