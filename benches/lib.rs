//! The backends that the benches compare, open and ready.

mod bare;
mod subjects;

pub use bare::Bare;

use std::sync::Arc;

use plimsoll_contract::{Backend, CallError, OpenConfig, SystemClock};
use plimsoll_host::{
    BreakerPolicy, Grants, Host, HostError, InstanceOptions, LoadError, Options, PluginOptions,
};
use plimsoll_memory::MemoryBackend;
use thiserror::Error;

pub use subjects::{Subject, subjects};

/// A backend could not be prepared.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each is what its source says")]
pub enum Unprepared {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error("{0:#}")]
    Engine(#[from] wasmtime::Error),
    #[error("the guest answered {0}")]
    Answer(String),
}

/// The backend in memory, native.
///
/// # Errors
///
/// If it does not open.
pub async fn native_memory() -> Result<Arc<dyn Backend>, Unprepared> {
    opened(Arc::new(MemoryBackend::new())).await
}

/// The backend in memory, as a component in the host.
///
/// # Errors
///
/// If it does not load or does not open.
pub async fn guest_memory() -> Result<Arc<dyn Backend>, Unprepared> {
    let host = Host::new(Options::default())?;
    let plugin = host.load(&std::fs::read(plimsoll_guests::MEMORY)?).await?;
    opened(Arc::new(plugin.instantiate(InstanceOptions::default()).await?)).await
}

/// A guest that traps when it is asked to, and of which another instance follows each that ended.
///
/// # Errors
///
/// If it does not load or does not open.
pub async fn mortal() -> Result<Arc<dyn Backend>, Unprepared> {
    let host = Host::new(Options::default())?;
    // It says that its state is shared if this variable is there.
    let environment = vec![("SHARED".to_owned(), String::new())];
    let grants = Arc::new(Grants { environment, ..Grants::default() });
    let breaker = BreakerPolicy { failures: 0, ..BreakerPolicy::default() };
    let options = PluginOptions { grants, breaker, ..PluginOptions::default() };
    let plugin = host.load_with(&std::fs::read(plimsoll_guests::HOSTILE)?, options).await?;
    opened(Arc::new(plugin.instantiate(InstanceOptions::default()).await?)).await
}

async fn opened(backend: Arc<dyn Backend>) -> Result<Arc<dyn Backend>, Unprepared> {
    backend.open(&OpenConfig::namespace("bench"), Arc::new(SystemClock)).await?;
    Ok(backend)
}
