//! Where files are worked on: compilers block their thread and cannot be stopped, and some have
//! ended in a panic. So they run on threads of their own, few at once, and nobody waits for one
//! longer than agreed.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::{LoadError, LoadErrorKind};

/// Files that are worked on at once. One that takes too long keeps its place until it is done.
const PLACES: usize = 2;

/// Compilers recurse.
const STACK_BYTES: usize = 16 << 20;

pub(crate) struct Workbench {
    places: Arc<Semaphore>,
    time: Duration,
}

impl Workbench {
    /// `time` is how long anybody waits, for a place and for the work.
    pub(crate) fn new(time: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), time }
    }

    /// Does the work, or leaves it behind when it takes too long.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
    ) -> Result<T, LoadError> {
        match tokio::time::timeout(self.time, self.wait(work)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(why)) => Err(not_compiled(&format!("the compiler failed: {why}"))),
            Err(_) => Err(not_compiled(&format!(
                "the component was not compiled within {:?}; build it smaller, or allow more time",
                self.time
            ))),
        }
    }

    async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
    ) -> Result<Result<T, LoadError>, String> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|error| error.to_string())?;
        let (tell, told) = oneshot::channel();
        let worker = thread::Builder::new().name("plimsoll-load".to_owned());
        let working = worker.stack_size(STACK_BYTES).spawn(move || {
            let outcome = work();
            drop(place);
            // Nobody listens any more if it took too long.
            drop(tell.send(outcome));
        });
        drop(working.map_err(|error| format!("no thread can be started ({error})"))?);
        // The other end is gone without an answer if the thread panicked.
        told.await.map_err(|_| "it panicked, which is a bug in it".to_owned())
    }
}

fn not_compiled(message: &str) -> LoadError {
    LoadError::new(LoadErrorKind::NotCompiled, message)
}
