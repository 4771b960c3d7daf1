use std::time::Duration;

use plimsoll_contract::{
    Answer, Backend, FlowDefinition, FlowEvent, FlowId, Instant, Interface, Page, Result, RunId,
    RunStatus, RunTimeseriesGranularity, ScheduleState, StartRun, StepStatus, WebhookRejection,
    WebhookRejectionQuery, for_each_function,
};
use plimsoll_model::{self as model, Model};
use proptest::prelude::{Just, Strategy};
use proptest::strategy::SBoxedStrategy;

use crate::argument::{Argument, Own};
use crate::notes::Notes;
use crate::pools::Pools;
use crate::value::Value;

/// A function that can be drawn.
pub(crate) struct Drawn {
    pub(crate) interface: Interface,
    pub(crate) function: &'static str,
    /// Draws a call of it.
    pub(crate) calls: SBoxedStrategy<Call>,
}

macro_rules! calls {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        /// The functions of each interface, with their arguments.
        pub mod calls {
            #![allow(missing_docs, non_camel_case_types, reason = "the names are the contract's")]

            use super::*;

            $(#[derive(Clone, Debug, PartialEq)]
            pub enum $interface {
                $($method { $($argument: <fn($type) as Own>::Owned),* },)*
            })*
        }

        /// A call of any function of the twelve storage interfaces.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "the names are the contract's")]
        pub enum Call {
            $($interface(calls::$interface),)*
        }

        $(impl From<calls::$interface> for Call {
            fn from(call: calls::$interface) -> Self {
                Self::$interface(call)
            }
        })*

        impl Call {
            /// The interface that is called.
            #[must_use]
            pub fn interface(&self) -> Interface {
                match self {
                    $(Self::$interface(_) => Interface::$interface,)*
                }
            }

            /// The function's name in the WIT.
            #[must_use]
            pub fn function(&self) -> &'static str {
                match self {
                    $(Self::$interface(call) => match call {
                        $(calls::$interface::$method { .. } => $function,)*
                    },)*
                }
            }

            /// The arguments, as `Debug` prints them.
            #[must_use]
            pub fn arguments(&self) -> Vec<String> {
                match self {
                    $(Self::$interface(call) => match call {
                        $(calls::$interface::$method { $($argument),* } => {
                            vec![$(format!("{:?}", $argument)),*]
                        })*
                    },)*
                }
            }

            /// None if the backend lacks the interface.
            pub(crate) async fn on(&self, backend: &dyn Backend) -> Option<Result<Value>> {
                match self {
                    $(Self::$interface(call) => {
                        let store = backend.$accessor()?;
                        match call {
                            $(calls::$interface::$method { $($argument),* } => {
                                let call = store
                                    .$method($(<fn($type) as Argument>::lend($argument)),*);
                                Some(call.await.map(Value::from))
                            })*
                        }
                    })*
                }
            }

            pub(crate) fn on_model(&self, model: &mut Model) -> Answer<Value> {
                match self {
                    $(Self::$interface(call) => match call {
                        $(calls::$interface::$method { $($argument),* } => {
                            <Model as model::$interface>::$method(
                                model,
                                $(<fn($type) as Argument>::lend($argument)),*
                            ).map(Value::from)
                        })*
                    },)*
                }
            }

            pub(crate) fn note(&self, notes: &mut Notes) {
                let _ = &notes;
                match self {
                    $(Self::$interface(call) => match call {
                        $(calls::$interface::$method { $($argument),* } => {
                            $(<fn($type) as Argument>::note(
                                stringify!($argument), $argument, notes,
                            );)*
                        })*
                    },)*
                }
            }

            pub(crate) fn coarsen(&mut self) {
                match self {
                    $(Self::$interface(call) => match call {
                        $(calls::$interface::$method { $($argument),* } => {
                            $(<fn($type) as Argument>::coarsen($argument);)*
                        })*
                    },)*
                }
            }
        }

        /// Every function, drawing its arguments from `pools`.
        pub(crate) fn functions(pools: &Pools) -> Vec<Drawn> {
            vec![$($({
                let drawn = (
                    Just(()),
                    $(<fn($type) as Argument>::strategy(stringify!($argument), pools),)*
                );
                Drawn {
                    interface: Interface::$interface,
                    function: $function,
                    calls: drawn.prop_map(|((), $($argument),*)| {
                        Call::$interface(calls::$interface::$method { $($argument),* })
                    }).sboxed(),
                }
            },)*)*]
        }
    };
}

for_each_function!(calls);
