//! The functions of an instance, by interface.

macro_rules! table {
    ($($interface:ident $module:ident)*) => {
        use plimsoll_contract::Interface;
        use wasmtime::Store;
        use wasmtime::component::{Instance, InstancePre};

        use crate::instance::Data;

        /// Where each exported interface is, found without an instance.
        pub(crate) struct Indices {
            $(pub(crate) $module: Option<guest::$module::GuestIndices>,)*
        }

        impl Indices {
            pub(crate) fn new(
                pre: &InstancePre<Data>,
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
            pub(crate) fn load(
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

        /// The functions of one instance; none of an interface that is not exported.
        pub(crate) struct Guests {
            $(pub(crate) $module: Option<guest::$module::Guest>,)*
        }
    };
}

macro_rules! guests {
    ($($interface:ident $module:ident)?) => {
        table! {
            $($interface $module)?
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
    };
}

/// To be called on a fiber, which can be left while the guest computes or waits.
pub(crate) mod on_fiber {
    use crate::bindings::exports::flow::storage as guest;

    guests!(Backend backend);
}

/// To be called on the caller's thread.
pub(crate) mod on_thread {
    use crate::bindings::direct::exports::flow::storage as guest;

    guests!();
}
