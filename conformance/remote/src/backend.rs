//! The traits of the contract, each call a request.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_contract::{
    Backend, Clock, DashboardStatistics, Description, EventReader, FlowDefinition, FlowEvent,
    FlowEventRecord, FlowHandle, FlowId, FlowRepository, FlowRun, FlowRunDetail, FlowRunPage,
    FlowStore, Instant, Interface, OpenConfig, OutputsRepository, Page, Result, RetentionStore,
    RunControl, RunControlStore, RunId, RunRuntimeStore, RunStatus, RunStore, RunTimeseriesBucket,
    RunTimeseriesGranularity, ScheduleState, ScheduleStateStore, SignalDeliveryResult, SignalStore,
    SignalWaiter, StartRun, StepStatus, WebhookRejection, WebhookRejectionPage,
    WebhookRejectionQuery, WebhookRejectionStore, WebhookReplayStore, for_each_function,
};

use crate::Remote;
use crate::message::encode;

macro_rules! ask_the_process {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        #[async_trait]
        impl Backend for Remote {
            async fn describe(&self) -> Result<Description> {
                self.call(Interface::Backend, "describe", encode(&())).await
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                let arguments = encode(&(config,));
                self.call_at::<()>(&*clock, Interface::Backend, "open", arguments).await?;
                *self.clock() = clock;
                Ok(())
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                self.call(Interface::Backend, "discard", encode(&(namespace,))).await
            }

            $(fn $accessor(&self) -> Option<&dyn $interface> {
                self.exports.contains(&Interface::$interface).then_some(self as _)
            })*
        }

        $(#[async_trait]
        impl $interface for Remote {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$value> {
                self.call(Interface::$interface, $function, encode(&($($argument,)*))).await
            })*
        })*
    };
}

for_each_function!(ask_the_process);
