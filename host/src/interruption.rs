//! How a call that ended without an answer is told apart.

use plimsoll_contract::{Interruption, InterruptionKind};
use wasmtime::component::ResourceTableError;
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::convert::BadAnswer;
use crate::limits::LimitExceeded;
use crate::stint::OutOfTime;
use crate::wasi::Stderr;

/// What wasmtime says when an answer takes more host memory than it may; its type is private.
const HOST_MEMORY_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// What wasmtime says of too many instances, memories or tables; it has no type of its own.
const TOO_MANY: &str = "resource limit exceeded: ";

/// Names what stopped a guest. `stderr` is what it had to say, if anything.
pub(crate) fn from_error(error: &wasmtime::Error, stderr: &Stderr) -> Interruption {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(ToString::to_string);
    let (kind, mut message) = classify(error);
    let said = stderr.text();
    if !said.trim().is_empty() {
        message.push_str("; its standard error ends with: ");
        message.push_str(said.trim());
    }
    Interruption { kind, message, backtrace }
}

fn classify(error: &wasmtime::Error) -> (InterruptionKind, String) {
    if let Some(limit) = error.downcast_ref::<LimitExceeded>() {
        return (InterruptionKind::Limit, limit.to_string());
    }
    if let Some(late) = error.downcast_ref::<OutOfTime>() {
        return (InterruptionKind::Timeout, late.to_string());
    }
    if let Some(bad) = error.downcast_ref::<BadAnswer>() {
        return (InterruptionKind::BadAnswer, bad.to_string());
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        let message = "the guest holds as many handles to host resources as it may".to_owned();
        return (InterruptionKind::Limit, message);
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        let message = format!("the guest ended itself with status {}; return instead", exit.0);
        return (InterruptionKind::Trap, message);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            return (InterruptionKind::Limit, "the guest's stack is exhausted".to_owned());
        }
        Some(trap) => {
            let words = trap.to_string();
            let words = words.strip_prefix("wasm trap: ").unwrap_or(&words);
            return (InterruptionKind::Trap, words.to_owned());
        }
        None => {}
    }
    let words = format!("{:#}", error.root_cause());
    if words.contains(HOST_MEMORY_EXHAUSTED) {
        let message = "the answer takes more memory in the host than it may".to_owned();
        return (InterruptionKind::Limit, message);
    }
    if let Some(what) = words.strip_prefix(TOO_MANY) {
        return (InterruptionKind::Limit, format!("the guest has too much: {what}"));
    }
    if error.downcast_ref::<WasmBacktrace>().is_some() {
        // The guest was at work: the host refused a call of it.
        return (InterruptionKind::Trap, words);
    }
    // What is left is an answer that the canonical ABI cannot read: no UTF-8, no such case, a
    // pointer out of bounds.
    (InterruptionKind::BadAnswer, words)
}
