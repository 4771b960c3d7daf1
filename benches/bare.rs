//! The floor: the guest in memory, called through wasmtime's typed bindings and by nothing else,
//! under the limits that the host sets.

use plimsoll_host::Limits;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::Unprepared;
use bindings::exports::flow::storage::backend::OpenConfig;
use bindings::flow::storage::types::Uuid;

#[allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, reason = "generated")]
#[allow(clippy::wildcard_imports, clippy::large_futures, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package plimsoll:floor;

            world floor {
                export flow:storage/backend@0.1.0;
                export flow:storage/run-store@0.1.0;
                export flow:storage/run-runtime-store@0.1.0;
            }
        ",
        world: "plimsoll:floor/floor",
    });
}

/// The same functions, called on a fiber: what a guest needs that may wait.
#[allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, reason = "generated")]
#[allow(clippy::wildcard_imports, clippy::large_futures, reason = "generated")]
mod fibers {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package plimsoll:floor;

            world floor {
                export flow:storage/run-runtime-store@0.1.0;
            }
        ",
        world: "plimsoll:floor/floor",
        exports: { default: async },
    });
}

/// What wasmtime keeps beside the instance.
struct Data {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// An open instance in which one step is claimed.
pub struct Bare {
    store: Store<Data>,
    floor: bindings::Floor,
    on_fibers: fibers::Floor,
    /// Keeps the epoch going, as the host does.
    _engine: Engine,
}

impl Bare {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// What the engine says.
    pub async fn new() -> Result<Self, Unprepared> {
        let mut config = Config::new();
        config.concurrency_support(false).epoch_interruption(true).gc_support(false);
        config.wasm_gc(false).wasm_function_references(false).wasm_exceptions(false);
        let engine = Engine::new(&config)?;
        let component = Component::from_file(&engine, plimsoll_guests::MEMORY)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let mut store = limited(&engine);
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let floor = bindings::Floor::new(&mut store, &instance)?;
        let on_fibers = fibers::Floor::new(&mut store, &instance)?;
        let mut bare = Self { store, floor, on_fibers, _engine: engine };
        bare.prepare()?;
        Ok(bare)
    }

    fn prepare(&mut self) -> Result<(), Unprepared> {
        let config = OpenConfig {
            namespace: "bench".to_owned(),
            settings: Vec::new(),
            registered_flows: Vec::new(),
        };
        let opened = self.floor.flow_storage_backend().call_open(&mut self.store, &config)?;
        opened.map_err(|error| Unprepared::Answer(format!("{error:?}")))?;
        let runs = self.floor.flow_storage_run_store();
        let store = &mut self.store;
        let started =
            runs.call_start_run(store, NOBODY, "Invoice", NOBODY, "manual", None, None, None)?;
        started.map_err(|error| Unprepared::Answer(format!("{error:?}")))?;
        self.try_claim_step()?;
        Ok(())
    }

    /// Claims the step again, on the caller's own stack.
    ///
    /// # Errors
    ///
    /// What the engine or the guest says.
    pub fn try_claim_step(&mut self) -> Result<bool, Unprepared> {
        self.store.set_epoch_deadline(TICKS);
        let claims = self.floor.flow_storage_run_runtime_store();
        let claimed = claims.call_try_claim_step(&mut self.store, NOBODY, "charge")?;
        claimed.map_err(|error| Unprepared::Answer(format!("{error:?}")))
    }

    /// Claims the step again, on a fiber.
    ///
    /// # Errors
    ///
    /// What the engine or the guest says.
    pub async fn try_claim_step_on_a_fiber(&mut self) -> Result<bool, Unprepared> {
        self.store.set_epoch_deadline(TICKS);
        let claims = self.on_fibers.flow_storage_run_runtime_store();
        let nobody = fibers::flow::storage::types::Uuid { high: 0, low: 0 };
        let claimed = claims.call_try_claim_step(&mut self.store, nobody, "charge").await?;
        claimed.map_err(|error| Unprepared::Answer(format!("{error:?}")))
    }
}

const NOBODY: Uuid = Uuid { high: 0, low: 0 };

/// Nobody advances the epoch here, so that the call is all there is to see.
const TICKS: u64 = 1_000;

fn limited(engine: &Engine) -> Store<Data> {
    let limits = Limits::default();
    let data = Data {
        wasi: WasiCtxBuilder::new().build(),
        table: ResourceTable::new(),
        limits: StoreLimitsBuilder::new().memory_size(limits.memory_bytes).build(),
    };
    let mut store = Store::new(engine, data);
    store.limiter(|data| &mut data.limits);
    store.set_hostcall_fuel(limits.host_memory);
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(TICKS);
    store
}
