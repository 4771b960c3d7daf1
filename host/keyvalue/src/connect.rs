use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::nats::NatsEngine;
use crate::redis::RedisEngine;
use crate::url::Place;
use crate::{Engine, EngineOptions, EngineUrl, MemoryEngine, SqliteEngine};

/// Why an engine cannot be used. It is for whoever runs the host: it may name the place, and has no
/// password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The folder of the file is not there.
    #[error("the folder {} of the database is missing; make it", .0.display())]
    NoFolder(PathBuf),
    /// The file is a database of somebody else.
    #[error("the database belongs to another application; name a file of its own")]
    Foreign,
    /// SQLite does not open it, or not as it must be.
    #[error("the database cannot be used: {0}")]
    File(String),
    /// Nobody answers.
    #[error("{place} cannot be reached: {why}; see that the server runs, and check host and port")]
    Unreachable {
        /// The URL, masked.
        place: String,
        /// What the connection ended with.
        why: String,
    },
    /// The server does not let us in.
    #[error("{place} refuses the login; check user and password of the URL, and their rights")]
    Login {
        /// The URL, masked.
        place: String,
    },
    /// The server lacks what the engine needs.
    #[error("{place} cannot be used: {why}")]
    Unsuitable {
        /// The URL, masked.
        place: String,
        /// What it lacks, and what to do.
        why: String,
    },
}

/// Connects to the engine at `url`, and makes what it needs there.
///
/// # Errors
///
/// What the engine answers to its first calls. Once connected, a connection that is lost is made
/// again by itself.
pub async fn connect(
    url: &EngineUrl,
    options: &EngineOptions,
) -> Result<Arc<dyn Engine>, ConnectError> {
    // The clients' futures are large: they live elsewhere.
    Ok(match &url.0 {
        Place::Memory => match options.capacity {
            Some(bytes) => Arc::new(MemoryEngine::with_capacity(bytes)),
            None => Arc::new(MemoryEngine::new()),
        },
        Place::Sqlite(path) => Arc::new(Box::pin(SqliteEngine::open(path, options)).await?),
        Place::Redis(url) => Arc::new(Box::pin(RedisEngine::connect(url, options)).await?),
        Place::Nats(url) => Arc::new(Box::pin(NatsEngine::connect(url, options)).await?),
    })
}
