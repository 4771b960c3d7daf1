//! The one place that every call out of the sandbox passes through.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A call that a guest makes out of its sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportCall<'a> {
    /// Which instance calls: each has a number of its own among all of this process.
    pub instance: u64,
    /// How many calls the instance made before.
    pub number: u64,
    /// Interface and function, as in `wasi:keyvalue/atomics.swap`.
    pub function: &'static str,
    /// The key that a key-value call is about; of several the first.
    pub key: Option<&'a str>,
}

/// Looks at every call out of the sandbox before it is made, and says how it goes on. For tests:
/// they count calls, delay them, order them, make them fail, or end the instance at one of them.
/// A plugin without a seam pays nothing for it.
pub trait Seam: Send + Sync {
    /// How this call goes on.
    fn pass(&self, call: &ImportCall<'_>) -> Passage;
}

/// How a call goes on.
pub enum Passage {
    /// It is made.
    Go,
    /// It is made once the future is done. A call that never waits, such as one to the clock, is
    /// made at once.
    Wait(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// It is not made and fails with that text, where its interface has an error for it; elsewhere
    /// it ends the instance.
    Fail(String),
    /// It is not made, and the instance ends, as by a kill between two of its instructions.
    CutOff,
    /// It is made, and the instance ends before it learns of it.
    CutOffAfter,
}

/// A call did not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("the call was made to fail: {0}")]
    Failed(String),
    #[error("the instance was cut off at this call")]
    CutOff,
}

/// Numbers the calls of one instance and asks the seam about each.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    watched: Option<Arc<Watched>>,
}

struct Watched {
    seam: Arc<dyn Seam>,
    instance: u64,
    calls: AtomicU64,
}

static INSTANCES: AtomicU64 = AtomicU64::new(0);

impl Gate {
    pub(crate) fn new(seam: Option<&Arc<dyn Seam>>) -> Self {
        let watched = |seam: &Arc<dyn Seam>| {
            let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
            Arc::new(Watched { seam: Arc::clone(seam), instance, calls: AtomicU64::new(0) })
        };
        Self { watched: seam.map(watched) }
    }

    fn ask(&self, function: &'static str, key: Option<&str>) -> Passage {
        let Some(watched) = &self.watched else { return Passage::Go };
        let number = watched.calls.fetch_add(1, Ordering::Relaxed);
        watched.seam.pass(&ImportCall { instance: watched.instance, number, function, key })
    }

    /// Lets a call pass that never waits; true if the instance ends when it was made.
    pub(crate) fn pass_now(&self, function: &'static str) -> Result<bool, Stopped> {
        match self.ask(function, None) {
            Passage::Go | Passage::Wait(_) => Ok(false),
            Passage::Fail(text) => Err(Stopped::Failed(text)),
            Passage::CutOff => Err(Stopped::CutOff),
            Passage::CutOffAfter => Ok(true),
        }
    }

    /// Lets a call pass; true if the instance ends when it was made.
    pub(crate) async fn pass(
        &self,
        function: &'static str,
        key: Option<&str>,
    ) -> Result<bool, Stopped> {
        match self.ask(function, key) {
            Passage::Go => Ok(false),
            Passage::Wait(done) => {
                done.await;
                Ok(false)
            }
            Passage::Fail(text) => Err(Stopped::Failed(text)),
            Passage::CutOff => Err(Stopped::CutOff),
            Passage::CutOffAfter => Ok(true),
        }
    }
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "Go",
            Self::Wait(_) => "Wait",
            Self::Fail(_) => "Fail",
            Self::CutOff => "CutOff",
            Self::CutOffAfter => "CutOffAfter",
        })
    }
}
