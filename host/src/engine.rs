use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use wasmtime::component::Linker;
use wasmtime::{Config, Engine};

use crate::Limits;
use crate::cache::Cache;
use crate::instance::Data;
use crate::workbench::Workbench;
use crate::{keyvalue, wasi};

/// How often a running guest lets others run and its deadline be looked at.
const TICK: Duration = Duration::from_millis(5);

/// How a host is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What each instance may use.
    pub limits: Limits,
    /// Where compiled code is kept; none keeps it nowhere. No plugin can reach it.
    pub cache_folder: Option<PathBuf>,
}

/// Loads backends and runs them.
pub struct Host {
    pub(crate) engine: Engine,
    pub(crate) linker: Arc<Linker<Data>>,
    pub(crate) limits: Limits,
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) workbench: Workbench,
}

/// The host could not be set up.
#[derive(Debug, Error)]
pub enum HostError {
    /// The WebAssembly engine refused its settings or its imports.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
    /// The folder for compiled code cannot be used.
    #[error("the folder for compiled code, {path}, cannot be used: {source}")]
    Cache {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Host {
    /// The engine and its version, for reports.
    #[must_use]
    pub fn engine() -> String {
        format!("wasmtime {}", wasmtime_environ::VERSION)
    }

    /// Sets a host up. It keeps one thread that ticks, until it is dropped.
    ///
    /// # Errors
    ///
    /// If the machine cannot run the engine, or the cache folder cannot be made.
    pub fn new(options: Options) -> Result<Self, HostError> {
        let engine = Engine::new(&config(&options.limits)).map_err(|error| engine_error(&error))?;
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker).map_err(|error| engine_error(&error))?;
        keyvalue::add_to_linker(&mut linker).map_err(|error| engine_error(&error))?;
        let cache = match options.cache_folder {
            Some(path) => {
                Some(Cache::new(&path).map_err(|source| HostError::Cache { path, source })?)
            }
            None => None,
        };
        tick(&engine);
        let limits = options.limits;
        let workbench = Workbench::new(limits.load_time);
        let cache = cache.map(Arc::new);
        Ok(Self { engine, linker: Arc::new(linker), limits, cache, workbench })
    }
}

fn engine_error(error: &wasmtime::Error) -> HostError {
    HostError::Engine(format!("{error:#}"))
}

/// Only what a storage backend needs. Proposals that add attack surface are off; a component that
/// uses one is refused when it is loaded.
fn config(limits: &Limits) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack_bytes)
        .async_stack_size(limits.stack_bytes + (1 << 20))
        .gc_support(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_memory64(false)
        .wasm_threads(false)
        .wasm_relaxed_simd(false)
        .wasm_stack_switching(false);
    config
}

/// Advances the engine's epoch until the engine is dropped.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    let ticker = std::thread::Builder::new().name("plimsoll-tick".to_owned());
    let ticking = ticker.spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
    // Without the thread a guest that never yields could not be stopped.
    drop(ticking);
}
