use std::sync::Arc;

use plimsoll_contract::{Clock, Interface, Interruption, InterruptionKind, SystemClock};
use wasmtime::Store;
use wasmtime::component::{Instance, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::exports::flow::storage as guest;
use crate::grants::Grants;
use crate::interruption;
use crate::limits::Meter;
use crate::plugin::Plugin;
use crate::seam::Gate;
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
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// One instance in its own store. Any error of the engine ends it.
pub(crate) struct Live {
    pub(crate) store: Store<Data>,
    pub(crate) guests: Guests,
    /// Which `open` it has seen last; zero for none.
    pub(crate) generation: u64,
}

macro_rules! guests {
    ($($interface:ident $module:ident)*) => {
        /// Where each exported interface is, found without an instance.
        pub(crate) struct Indices {
            $(pub(crate) $module: Option<guest::$module::GuestIndices>,)*
        }

        impl Indices {
            pub(crate) fn new(
                pre: &wasmtime::component::InstancePre<Data>,
                exports: &[Interface],
            ) -> wasmtime::Result<Self> {
                Ok(Self {
                    $($module: match exports.contains(&Interface::$interface) {
                        true => Some(guest::$module::GuestIndices::new(pre)?),
                        false => None,
                    },)*
                })
            }

            /// Compares types, and finds the functions of one instance.
            fn load(
                &self,
                store: &mut Store<Data>,
                instance: &Instance,
            ) -> wasmtime::Result<Guests> {
                Ok(Guests {
                    $($module: match &self.$module {
                        Some(indices) => Some(indices.load(&mut *store, instance)?),
                        None => None,
                    },)*
                })
            }
        }

        /// The functions of one instance.
        pub(crate) struct Guests {
            $(pub(crate) $module: Option<guest::$module::Guest>,)*
        }
    };
}

guests! {
    Backend backend
    FlowStore flow_store
    RunStore run_store
    RunRuntimeStore run_runtime_store
    RunControlStore run_control_store
    RetentionStore retention_store
    EventReader event_reader
    SignalStore signal_store
    ScheduleStateStore schedule_state_store
    OutputsRepository outputs_repository
    FlowRepository flow_repository
    WebhookRejectionStore webhook_rejection_store
    WebhookReplayStore webhook_replay_store
}

impl Live {
    /// Makes an instance, within the same limits as a call: start functions run here.
    pub(crate) async fn new(
        plugin: &Plugin,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Result<Self, Interruption> {
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
        Ok(Self { store, guests, generation: 0 })
    }
}

/// What a call that took too long ends with.
pub(crate) fn out_of_time(plugin: &Plugin) -> Interruption {
    let message = format!("no answer within {:?}", plugin.inner.limits.call_time);
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
    let data = Data { wasi, table, meter: Meter::new(limits), gate, grants, clock, stderr };
    let mut store = Store::new(plugin.inner.pre.engine(), data);
    store.limiter(|data| &mut data.meter);
    store.set_hostcall_fuel(limits.host_memory);
    store.set_max_component_handles(limits.handles);
    // A guest that computes lets its caller look at the deadline on every tick.
    store.epoch_deadline_async_yield_and_update(1);
    store.set_epoch_deadline(1);
    Ok(store)
}

/// A directory that was granted is not there any more.
fn not_lent(error: &wasmtime::Error) -> Interruption {
    Interruption { kind: InterruptionKind::Trap, message: format!("{error:#}"), backtrace: None }
}
