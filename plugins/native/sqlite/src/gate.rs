//! Turns at writing to a file, among the backends of one process.
//!
//! SQLite lets one connection write and has the others ask again and again, ever more seldom. Here
//! they queue instead; only other processes are met in the file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

use plimsoll_contract::{Answer, Error};
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

static GATES: LazyLock<Mutex<HashMap<PathBuf, Weak<Queue<()>>>>> = LazyLock::new(Mutex::default);

/// Whoever holds it may write.
pub(crate) type Turn = OwnedMutexGuard<()>;

/// The queue of those that write to one file.
pub(crate) struct Gate {
    queue: Arc<Queue<()>>,
    patience: Duration,
}

impl Gate {
    /// The gate of the file at `path`, by whatever way it is named.
    pub(crate) fn of(path: &Path, patience: Duration) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|_, queue| queue.strong_count() > 0);
        let queue = gates.get(&path).and_then(Weak::upgrade).unwrap_or_default();
        gates.insert(path, Arc::downgrade(&queue));
        Self { queue, patience }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// `unavailable` when it does not come in time.
    pub(crate) async fn turn(&self) -> Answer<Turn> {
        let turn = Arc::clone(&self.queue).lock_owned();
        tokio::time::timeout(self.patience, turn).await.map_err(|_| {
            let message = "other backends of this process hold the file; try again";
            Error::Unavailable(message.to_owned())
        })
    }
}
