//! Turns at writing to a file, among the engines of one process. SQLite has those that wait for its
//! lock ask again and again, and some of many never get it; here they queue. Only other processes
//! are met in the file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use tokio::sync::Mutex as Queue;

static QUEUES: LazyLock<Mutex<HashMap<PathBuf, Weak<Queue<()>>>>> = LazyLock::new(Mutex::default);

/// The queue of those that write to the file at `path`, by whatever way it is named.
pub(super) fn queue(path: &Path) -> Arc<Queue<()>> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    queues.retain(|_, queue| queue.strong_count() > 0);
    let queue = queues.get(&path).and_then(Weak::upgrade).unwrap_or_default();
    queues.insert(path, Arc::downgrade(&queue));
    queue
}
