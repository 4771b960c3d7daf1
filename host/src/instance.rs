use std::sync::Arc;

use plimsoll_contract::{Clock, Interruption, InterruptionKind, SystemClock};
use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::grants::Grants;
use crate::guests::{on_fiber, on_thread};
use crate::interruption;
use crate::limits::Meter;
use crate::plugin::Plugin;
use crate::seam::Gate;
use crate::stint::{self, OutOfTime, Stint};
use crate::wasi::{self, SharedClock, Stderr};

/// How an instance is made.
#[derive(Clone)]
pub struct InstanceOptions {
    /// The clock until `open` brings one.
    pub clock: Arc<dyn Clock>,
    /// Gives the random numbers that the guest sees; none takes the machine's.
    pub random_seed: Option<u64>,
}

impl Default for InstanceOptions {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), random_seed: None }
    }
}

/// What the host keeps beside an instance.
pub(crate) struct Data {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) meter: Meter,
    pub(crate) gate: Gate,
    pub(crate) grants: Arc<Grants>,
    pub(crate) clock: SharedClock,
    pub(crate) stderr: Stderr,
    /// The call that has its caller's thread, if one does.
    pub(crate) stint: Option<Stint>,
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// One instance in its own store. Any error of the engine ends it.
pub(crate) struct Live {
    pub(crate) store: Store<Data>,
    pub(crate) guests: on_fiber::Guests,
    /// None of a guest that can wait for something.
    pub(crate) direct: Option<on_thread::Guests>,
    /// Which `open` it has seen last; zero for none.
    pub(crate) generation: u64,
}

impl Live {
    /// Makes an instance, within the same limits as a call: start functions run here. It is large,
    /// and handed from hand to hand in each call: that is why it is in a box.
    pub(crate) async fn new(
        plugin: &Plugin,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Result<Box<Self>, Interruption> {
        let mut store = new_store(plugin, clock, seed)?;
        let stderr = store.data().stderr.clone();
        let instance = plugin.inner.pre.instantiate_async(&mut store);
        let made = tokio::time::timeout(plugin.inner.limits.call_time, instance).await;
        let failed = |error: wasmtime::Error| interruption::from_error(&error, &stderr);
        let instance = match made {
            Ok(made) => made.map_err(failed)?,
            Err(_) => return Err(out_of_time(plugin)),
        };
        let guests = plugin.inner.indices.load(&mut store, &instance).map_err(failed)?;
        let direct = match &plugin.inner.direct_indices {
            Some(indices) => Some(indices.load(&mut store, &instance).map_err(failed)?),
            None => None,
        };
        Ok(Box::new(Self { store, guests, direct, generation: 0 }))
    }
}

/// What a call that took too long ends with.
pub(crate) fn out_of_time(plugin: &Plugin) -> Interruption {
    let message = OutOfTime(plugin.inner.limits.call_time).to_string();
    Interruption { kind: InterruptionKind::Timeout, message, backtrace: None }
}

fn new_store(
    plugin: &Plugin,
    clock: Arc<dyn Clock>,
    seed: u64,
) -> Result<Store<Data>, Interruption> {
    let limits = plugin.inner.limits;
    let grants = Arc::clone(&plugin.inner.options.grants);
    let clock = SharedClock::new(clock);
    let stderr = Stderr::default();
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    let gate = Gate::new(plugin.inner.options.seam.as_ref());
    let wasi = wasi::context(&clock, seed, &limits, &grants, &gate, &stderr)
        .map_err(|error| not_lent(&error))?;
    let data =
        Data { wasi, table, meter: Meter::new(limits), gate, grants, clock, stderr, stint: None };
    let mut store = Store::new(plugin.inner.pre.engine(), data);
    store.limiter(|data| &mut data.meter);
    store.set_hostcall_fuel(limits.host_memory);
    store.set_max_component_handles(limits.handles);
    // A guest that computes has its deadline looked at on every tick.
    store.epoch_deadline_callback(stint::tick);
    store.set_epoch_deadline(1);
    Ok(store)
}

/// A directory that was granted is not there any more.
fn not_lent(error: &wasmtime::Error) -> Interruption {
    Interruption { kind: InterruptionKind::Trap, message: format!("{error:#}"), backtrace: None }
}
