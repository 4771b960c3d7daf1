//! A call on the caller's own thread. A fiber can be left while its guest computes, but it doubles
//! the cost of a small call; a guest that cannot wait for anything needs none, as long as nobody
//! else waits for the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;
use tokio::time::Instant;
use wasmtime::{StoreContextMut, UpdateDeadline};

use crate::imports::Import;
use crate::instance::Data;

/// What a guest may import and still never waits: the host answers at once.
const AT_ONCE: [&str; 4] =
    ["wasi:cli/environment", "wasi:cli/exit", "wasi:clocks/wall-clock", "wasi:random/"];

/// What the host's own calls need of the stack besides the guest's.
const OWN_STACK: usize = 256 << 10;

/// How long another thread gets to take over what the runtime had this one do.
const TAKE_OVER: Duration = Duration::from_millis(1);

/// Whether a guest with these imports can wait for nothing.
pub(crate) fn never_waits(imports: &[Import]) -> bool {
    imports.iter().all(|import| AT_ONCE.iter().any(|name| import.name.starts_with(name)))
}

/// Whether a call may keep this thread: there are others to do the runtime's work, and the stack
/// has room for the guest.
pub(crate) fn may_keep_the_thread(stack_bytes: usize) -> bool {
    let has_others = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    has_others && stacker::remaining_stack().is_some_and(|left| left > stack_bytes + OWN_STACK)
}

/// The time of a call on the caller's thread is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no answer within {0:?}")]
pub(crate) struct OutOfTime(pub(crate) Duration);

/// A call on the caller's thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stint {
    pub(crate) deadline: Instant,
    pub(crate) call_time: Duration,
    /// Ticks that it saw.
    ticks: u32,
}

impl Stint {
    pub(crate) fn new(deadline: Instant, call_time: Duration) -> Self {
        Self { deadline, call_time, ticks: 0 }
    }
}

/// What becomes of a guest that computes while the engine ticks: on a fiber it lets others run;
/// on the caller's thread it goes on until its time is over.
pub(crate) fn tick(mut store: StoreContextMut<'_, Data>) -> wasmtime::Result<UpdateDeadline> {
    let Some(stint) = &mut store.data_mut().stint else { return Ok(UpdateDeadline::Yield(1)) };
    if Instant::now() >= stint.deadline {
        return Err(wasmtime::Error::new(OutOfTime(stint.call_time)));
    }
    stint.ticks += 1;
    // The first tick can come at once. After the second somebody may be waiting for this thread.
    if stint.ticks > 1 && stint.ticks.is_power_of_two() {
        hand_over();
    }
    Ok(UpdateDeadline::Continue(1))
}

/// Has another thread do what the runtime had this one do besides. It has to start first; if it
/// does not in time, a later tick tries again.
fn hand_over() {
    let handed_over = AssertUnwindSafe(|| block_in_place(|| thread::sleep(TAKE_OVER)));
    // A place where tokio does not allow it: others wait until the call's time is over.
    let _ = catch_unwind(handed_over);
}
