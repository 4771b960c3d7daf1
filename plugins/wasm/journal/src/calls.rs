//! Every function of every interface but `backend`: what it is called with, and what is written
//! down of it.

use serde::{Deserialize, Serialize};

use crate::exports::flow::storage::{
    event_reader, flow_repository, flow_store, outputs_repository, retention_store,
    run_control_store, run_runtime_store, run_store, schedule_state_store, signal_store,
    webhook_rejection_store, webhook_replay_store,
};
use crate::flow::storage::types::{
    DashboardStatistics, Error, FlowDefinition, FlowEvent, FlowEventRecord, FlowHandle, FlowRun,
    FlowRunDetail, FlowRunPage, Instant, Page, RunControl, RunStatus, RunTimeseriesBucket,
    RunTimeseriesGranularity, ScheduleState, SignalDeliveryResult, SignalWaiter, StepStatus, Uuid,
    WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};
use crate::{Journal, Memory, clock, session};

/// Makes [`Write`] of the writes, and of all functions the interfaces that are exported.
macro_rules! calls {
    ($($interface:ident {
        $(read $read:ident($($asked:ident: $asked_type:ty),*) -> $read_answer:ty;)*
        $(write $case:ident = $write:ident($($given:ident: $given_type:ty),*) -> $answer:ty;)*
    })*) => {
        /// A call that changes something, as the log keeps it.
        #[derive(Serialize, Deserialize)]
        pub enum Write {
            $($($case { $($given: $given_type),* },)*)*
        }

        impl Write {
            fn apply(self) -> Result<(), Error> {
                match self {
                    $($(Self::$case { $($given),* } => {
                        <Memory as $interface::Guest>::$write($($given),*)?;
                    })*)*
                }
                Ok(())
            }
        }

        $(impl $interface::Guest for Journal {
            $(fn $read($($asked: $asked_type),*) -> Result<$read_answer, Error> {
                session::read(|| <Memory as $interface::Guest>::$read($($asked),*))
            })*
            $(fn $write($($given: $given_type),*) -> Result<$answer, Error> {
                let write = Write::$case { $($given: $given.clone()),* };
                session::write(&write, || <Memory as $interface::Guest>::$write($($given),*))
            })*
        })*
    };
}

// A write is kept by its number in this table: with another order, `record::FORMAT` must rise.
calls! {
    flow_store {
        read get_all() -> Vec<FlowDefinition>;
        read get_by_id(id: Uuid) -> Option<FlowDefinition>;
        write SaveFlow = save(definition: FlowDefinition) -> FlowDefinition;
        write DeleteFlow = delete(id: Uuid) -> ();
        write SetEnabled = set_enabled(id: Uuid, enabled: bool) -> FlowDefinition;
    }
    run_store {
        read get_derived_runs(source_run_id: Uuid) -> Vec<FlowRun>;
        read get_runs(flow_id: Option<Uuid>, page: Page) -> Vec<FlowRun>;
        read get_runs_page(
            flow_id: Option<Uuid>, status: Option<RunStatus>, page: Page, search: Option<String>
        ) -> FlowRunPage;
        read get_run_detail(run_id: Uuid) -> Option<FlowRunDetail>;
        read get_statistics() -> DashboardStatistics;
        read get_run_timeseries(
            granularity: RunTimeseriesGranularity, since: Instant, until: Instant,
            flow_id: Option<Uuid>
        ) -> Vec<RunTimeseriesBucket>;
        read get_active_runs() -> Vec<FlowRun>;
        read get_dispatched_step_keys(run_id: Uuid) -> Vec<String>;
        write StartRun = start_run(
            flow_id: Uuid, flow_name: String, run_id: Uuid, trigger_key: String,
            trigger_data_json: Option<String>, job_id: Option<String>, source_run_id: Option<Uuid>
        ) -> FlowRun;
        write RecordStepStart = record_step_start(
            run_id: Uuid, step_key: String, step_type: String, input_json: Option<String>,
            job_id: Option<String>
        ) -> ();
        write RecordStepComplete = record_step_complete(
            run_id: Uuid, step_key: String, status: StepStatus, output_json: Option<String>,
            error_message: Option<String>
        ) -> ();
        write CompleteRun = complete_run(run_id: Uuid, status: RunStatus) -> ();
        write RetryStep = retry_step(run_id: Uuid, step_key: String) -> ();
        write ResetCascadeSkippedDependents = reset_cascade_skipped_dependents(
            run_id: Uuid, step_keys: Vec<String>
        ) -> ();
        write TryRecordDispatch = try_record_dispatch(run_id: Uuid, step_key: String) -> bool;
        write AnnotateDispatch = annotate_dispatch(
            run_id: Uuid, step_key: String, job_id: String
        ) -> ();
        write ReleaseDispatch = release_dispatch(run_id: Uuid, step_key: String) -> ();
    }
    run_runtime_store {
        read get_step_statuses(run_id: Uuid) -> Vec<(String, StepStatus)>;
        read get_claimed_step_keys(run_id: Uuid) -> Vec<String>;
        read get_run_status(run_id: Uuid) -> Option<RunStatus>;
        write TryClaimStep = try_claim_step(run_id: Uuid, step_key: String) -> bool;
        write ReleaseStepClaim = release_step_claim(run_id: Uuid, step_key: String) -> ();
        write RecordSkippedStep = record_skipped_step(
            run_id: Uuid, step_key: String, step_type: String, reason: Option<String>
        ) -> ();
        write RecordSkippedStepWithTrace = record_skipped_step_with_trace(
            run_id: Uuid, step_key: String, step_type: String, reason: Option<String>,
            evaluation_trace_json: Option<String>
        ) -> ();
    }
    run_control_store {
        read get_run_control(run_id: Uuid) -> Option<RunControl>;
        read find_run_id_by_idempotency_key(
            flow_id: Uuid, trigger_key: String, idempotency_key: String
        ) -> Option<Uuid>;
        write ConfigureRun = configure_run(
            run_id: Uuid, flow_id: Uuid, trigger_key: String, idempotency_key: Option<String>,
            timeout_at: Option<Instant>
        ) -> ();
        write RequestCancel = request_cancel(run_id: Uuid, reason: Option<String>) -> bool;
        write MarkTimedOut = mark_timed_out(run_id: Uuid, reason: Option<String>) -> bool;
        write TryRegisterIdempotencyKey = try_register_idempotency_key(
            flow_id: Uuid, trigger_key: String, idempotency_key: String, run_id: Uuid
        ) -> bool;
    }
    outputs_repository {
        read get_step_output(run_id: Uuid, step_key: String) -> Option<String>;
        read get_step_input(run_id: Uuid, step_key: String) -> Option<String>;
        read get_trigger_data(run_id: Uuid) -> Option<String>;
        read get_trigger_headers(run_id: Uuid) -> Option<Vec<(String, String)>>;
        // Nothing is kept by scope.
        read end_scope(run_id: Uuid, step_key: String) -> ();
        write SaveStepOutput = save_step_output(
            run_id: Uuid, step_key: String, value_json: String
        ) -> ();
        write SaveStepInput = save_step_input(
            run_id: Uuid, step_key: String, value_json: String
        ) -> ();
        write SaveTriggerData = save_trigger_data(run_id: Uuid, data_json: String) -> ();
        write SaveTriggerHeaders = save_trigger_headers(
            run_id: Uuid, headers: Vec<(String, String)>
        ) -> ();
        write RecordEvent = record_event(run_id: Uuid, event: FlowEvent) -> ();
    }
    event_reader {
        read get_run_events(run_id: Uuid, page: Page) -> Vec<FlowEventRecord>;
    }
    retention_store {
        write Cleanup = cleanup(cutoff: Instant) -> ();
    }
    signal_store {
        read get_waiter(run_id: Uuid, step_key: String) -> Option<SignalWaiter>;
        write RegisterWaiter = register_waiter(
            run_id: Uuid, step_key: String, signal_name: String, expires_at: Option<Instant>
        ) -> ();
        write DeliverSignal = deliver_signal(
            run_id: Uuid, signal_name: String, payload_json: String
        ) -> SignalDeliveryResult;
        write RemoveWaiter = remove_waiter(run_id: Uuid, step_key: String) -> ();
    }
    schedule_state_store {
        read get(job_id: String) -> Option<ScheduleState>;
        read get_all() -> Vec<ScheduleState>;
        write SaveSchedule = save(state: ScheduleState) -> ();
        write DeleteSchedule = delete(job_id: String) -> ();
    }
    flow_repository {
        read get_all_flows() -> Vec<FlowHandle>;
    }
    webhook_rejection_store {
        read query_recent(
            flow_id: Option<Uuid>, reason: Option<String>, include_accepted: bool, page: Page
        ) -> Vec<WebhookRejection>;
        read query(filter: WebhookRejectionQuery) -> WebhookRejectionPage;
        read counts_by_reason(window: u64) -> Vec<(String, u64)>;
        write WriteRejection = write(rejection: WebhookRejection) -> ();
    }
    webhook_replay_store {
        write TryRegister = try_register(
            flow_id: Uuid, trigger_key: String, nonce: String, expires_at: Instant
        ) -> bool;
        write PurgeExpired = purge_expired(now: Instant) -> u64;
    }
}

impl Write {
    /// What a record holds: the call, and the instant at which it was made.
    pub fn encode(&self, at: Instant) -> Result<Vec<u8>, Error> {
        postcard::to_allocvec(&(at, self)).map_err(|error| Error::Other(error.to_string()))
    }

    /// Makes the call of a record again, at its instant.
    pub fn replay(record: &[u8]) -> Result<(), Error> {
        let decoded = postcard::from_bytes(record);
        let (at, write): (Instant, Self) =
            decoded.map_err(|error| Error::Other(error.to_string()))?;
        clock::during(at, || write.apply())
    }
}

/// What a call that writes answers.
pub trait Answer {
    /// Whether it may have changed anything.
    fn tells_of_a_change(&self) -> bool;
}

impl Answer for () {
    fn tells_of_a_change(&self) -> bool {
        true
    }
}

impl Answer for bool {
    fn tells_of_a_change(&self) -> bool {
        *self
    }
}

impl Answer for u64 {
    fn tells_of_a_change(&self) -> bool {
        *self > 0
    }
}

impl Answer for FlowDefinition {
    fn tells_of_a_change(&self) -> bool {
        true
    }
}

impl Answer for FlowRun {
    fn tells_of_a_change(&self) -> bool {
        true
    }
}

impl Answer for SignalDeliveryResult {
    fn tells_of_a_change(&self) -> bool {
        matches!(self, Self::Delivered(_))
    }
}
