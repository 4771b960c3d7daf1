//! A request as a call of the backend that is served.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_contract::{
    Backend, CallError, Clock, Error, FlowDefinition, FlowEvent, FlowId, Instant, Interface,
    OpenConfig, Page, RunId, RunStatus, RunTimeseriesGranularity, ScheduleState, StartRun,
    StepStatus, WebhookRejection, WebhookRejectionQuery, for_each_function,
};
use serde_json::value::RawValue;

use crate::argument::Argument;
use crate::message::{EXPORTS, Outcome, Request, bad, decode, encode};

async fn call_backend(
    backend: &dyn Backend,
    clock: Arc<dyn Clock>,
    function: &str,
    arguments: &RawValue,
) -> Outcome {
    match function {
        EXPORTS => encode(&backend.exports()),
        "describe" => encode(&backend.describe().await?),
        "open" => {
            let (config,): (OpenConfig,) = decode(arguments)?;
            encode(&backend.open(&config, clock).await?)
        }
        "discard" => {
            let (namespace,): (String,) = decode(arguments)?;
            encode(&backend.discard(&namespace).await?)
        }
        _ => Err(unknown(Interface::Backend, function)),
    }
}

macro_rules! call_interfaces {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        /// Makes the call that `request` asks for. `clock` is what the backend is opened with.
        pub(crate) async fn call(
            backend: &dyn Backend,
            clock: Arc<dyn Clock>,
            request: &Request,
        ) -> Outcome {
            let (function, arguments) = (&*request.function, &*request.arguments);
            match request.interface {
                Interface::Backend => call_backend(backend, clock, function, arguments).await,
                $(Interface::$interface => $accessor(backend, function, arguments).await,)*
            }
        }

        $(async fn $accessor(
            backend: &dyn Backend,
            function: &str,
            arguments: &RawValue,
        ) -> Outcome {
            let interface = backend.$accessor().ok_or_else(|| not_exported($wit))?;
            match function {
                $($function => {
                    let ($($argument,)*): ($(<$type as Argument<'_>>::Owned,)*) =
                        decode(arguments)?;
                    let call = interface.$method($(<$type as Argument<'_>>::lend(&$argument)),*);
                    encode(&call.await?)
                })*
                _ => Err(unknown(Interface::$interface, function)),
            }
        })*
    };
}

for_each_function!(call_interfaces);

fn not_exported(interface: &str) -> CallError {
    Error::Other(format!("the backend does not export {interface}")).into()
}

fn unknown(interface: Interface, function: &str) -> CallError {
    bad(format!("there is no function {interface}.{function}")).into()
}
