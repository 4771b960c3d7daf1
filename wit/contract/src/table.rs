/// Hands the signatures of the twelve storage traits to another macro, as
/// `Trait accessor "wit-name" { method "wit-name" (argument: Type) -> Value; }`.
///
/// It is for code that treats every function alike, such as a wrapper that records calls. Types
/// are named as in this crate's root, so the caller imports them.
#[macro_export]
macro_rules! for_each_function {
    ($callback:ident) => {
        $callback! {
            FlowStore flow_store "flow-store" {
                get_all "get-all" () -> Vec<FlowDefinition>;
                get_by_id "get-by-id" (id: FlowId) -> Option<FlowDefinition>;
                save "save" (definition: &FlowDefinition) -> FlowDefinition;
                delete "delete" (id: FlowId) -> ();
                set_enabled "set-enabled" (id: FlowId, enabled: bool) -> FlowDefinition;
            }
            RunStore run_store "run-store" {
                start_run "start-run" (start: &StartRun) -> FlowRun;
                get_derived_runs "get-derived-runs" (source_run_id: RunId) -> Vec<FlowRun>;
                record_step_start "record-step-start" (
                    run_id: RunId, step_key: &str, step_type: &str, input_json: Option<&str>,
                    job_id: Option<&str>
                ) -> ();
                record_step_complete "record-step-complete" (
                    run_id: RunId, step_key: &str, status: StepStatus, output_json: Option<&str>,
                    error_message: Option<&str>
                ) -> ();
                complete_run "complete-run" (run_id: RunId, status: RunStatus) -> ();
                get_runs "get-runs" (flow_id: Option<FlowId>, page: Page) -> Vec<FlowRun>;
                get_runs_page "get-runs-page" (
                    flow_id: Option<FlowId>, status: Option<RunStatus>, page: Page,
                    search: Option<&str>
                ) -> FlowRunPage;
                get_run_detail "get-run-detail" (run_id: RunId) -> Option<FlowRunDetail>;
                get_statistics "get-statistics" () -> DashboardStatistics;
                get_run_timeseries "get-run-timeseries" (
                    granularity: RunTimeseriesGranularity, since: Instant, until: Instant,
                    flow_id: Option<FlowId>
                ) -> Vec<RunTimeseriesBucket>;
                get_active_runs "get-active-runs" () -> Vec<FlowRun>;
                retry_step "retry-step" (run_id: RunId, step_key: &str) -> ();
                reset_cascade_skipped_dependents "reset-cascade-skipped-dependents" (
                    run_id: RunId, step_keys: &[String]
                ) -> ();
                try_record_dispatch "try-record-dispatch" (run_id: RunId, step_key: &str) -> bool;
                annotate_dispatch "annotate-dispatch" (
                    run_id: RunId, step_key: &str, job_id: &str
                ) -> ();
                release_dispatch "release-dispatch" (run_id: RunId, step_key: &str) -> ();
                get_dispatched_step_keys "get-dispatched-step-keys" (
                    run_id: RunId
                ) -> Vec<String>;
            }
            RunRuntimeStore run_runtime_store "run-runtime-store" {
                get_step_statuses "get-step-statuses" (run_id: RunId) -> Vec<(String, StepStatus)>;
                get_claimed_step_keys "get-claimed-step-keys" (run_id: RunId) -> Vec<String>;
                try_claim_step "try-claim-step" (run_id: RunId, step_key: &str) -> bool;
                release_step_claim "release-step-claim" (run_id: RunId, step_key: &str) -> ();
                record_skipped_step "record-skipped-step" (
                    run_id: RunId, step_key: &str, step_type: &str, reason: Option<&str>
                ) -> ();
                record_skipped_step_with_trace "record-skipped-step-with-trace" (
                    run_id: RunId, step_key: &str, step_type: &str, reason: Option<&str>,
                    evaluation_trace_json: Option<&str>
                ) -> ();
                get_run_status "get-run-status" (run_id: RunId) -> Option<RunStatus>;
            }
            RunControlStore run_control_store "run-control-store" {
                configure_run "configure-run" (
                    run_id: RunId, flow_id: FlowId, trigger_key: &str,
                    idempotency_key: Option<&str>, timeout_at: Option<Instant>
                ) -> ();
                get_run_control "get-run-control" (run_id: RunId) -> Option<RunControl>;
                request_cancel "request-cancel" (run_id: RunId, reason: Option<&str>) -> bool;
                mark_timed_out "mark-timed-out" (run_id: RunId, reason: Option<&str>) -> bool;
                find_run_id_by_idempotency_key "find-run-id-by-idempotency-key" (
                    flow_id: FlowId, trigger_key: &str, idempotency_key: &str
                ) -> Option<RunId>;
                try_register_idempotency_key "try-register-idempotency-key" (
                    flow_id: FlowId, trigger_key: &str, idempotency_key: &str, run_id: RunId
                ) -> bool;
            }
            RetentionStore retention_store "retention-store" {
                cleanup "cleanup" (cutoff: Instant) -> ();
            }
            EventReader event_reader "event-reader" {
                get_run_events "get-run-events" (run_id: RunId, page: Page) -> Vec<FlowEventRecord>;
            }
            SignalStore signal_store "signal-store" {
                register_waiter "register-waiter" (
                    run_id: RunId, step_key: &str, signal_name: &str, expires_at: Option<Instant>
                ) -> ();
                deliver_signal "deliver-signal" (
                    run_id: RunId, signal_name: &str, payload_json: &str
                ) -> SignalDeliveryResult;
                get_waiter "get-waiter" (run_id: RunId, step_key: &str) -> Option<SignalWaiter>;
                remove_waiter "remove-waiter" (run_id: RunId, step_key: &str) -> ();
            }
            ScheduleStateStore schedule_state_store "schedule-state-store" {
                get "get" (job_id: &str) -> Option<ScheduleState>;
                get_all "get-all" () -> Vec<ScheduleState>;
                save "save" (state: &ScheduleState) -> ();
                delete "delete" (job_id: &str) -> ();
            }
            OutputsRepository outputs_repository "outputs-repository" {
                save_step_output "save-step-output" (
                    run_id: RunId, step_key: &str, value_json: &str
                ) -> ();
                save_step_input "save-step-input" (
                    run_id: RunId, step_key: &str, value_json: &str
                ) -> ();
                get_step_output "get-step-output" (
                    run_id: RunId, step_key: &str
                ) -> Option<String>;
                get_step_input "get-step-input" (run_id: RunId, step_key: &str) -> Option<String>;
                save_trigger_data "save-trigger-data" (run_id: RunId, data_json: &str) -> ();
                get_trigger_data "get-trigger-data" (run_id: RunId) -> Option<String>;
                save_trigger_headers "save-trigger-headers" (
                    run_id: RunId, headers: &[(String, String)]
                ) -> ();
                get_trigger_headers "get-trigger-headers" (
                    run_id: RunId
                ) -> Option<Vec<(String, String)>>;
                end_scope "end-scope" (run_id: RunId, step_key: &str) -> ();
                record_event "record-event" (run_id: RunId, event: &FlowEvent) -> ();
            }
            FlowRepository flow_repository "flow-repository" {
                get_all_flows "get-all-flows" () -> Vec<FlowHandle>;
            }
            WebhookRejectionStore webhook_rejection_store "webhook-rejection-store" {
                write "write" (rejection: &WebhookRejection) -> ();
                query_recent "query-recent" (
                    flow_id: Option<FlowId>, reason: Option<&str>, include_accepted: bool,
                    page: Page
                ) -> Vec<WebhookRejection>;
                query "query" (filter: &WebhookRejectionQuery) -> WebhookRejectionPage;
                counts_by_reason "counts-by-reason" (window: Duration) -> Vec<(String, u64)>;
            }
            WebhookReplayStore webhook_replay_store "webhook-replay-store" {
                try_register "try-register" (
                    flow_id: FlowId, trigger_key: &str, nonce: &str, expires_at: Instant
                ) -> bool;
                purge_expired "purge-expired" (now: Instant) -> u64;
            }
        }
    };
}

/// Within an `impl Backend`: says that the type has all twelve storage interfaces itself.
#[macro_export]
macro_rules! has_every_interface {
    () => {
        fn flow_store(&self) -> Option<&dyn $crate::FlowStore> {
            Some(self)
        }

        fn run_store(&self) -> Option<&dyn $crate::RunStore> {
            Some(self)
        }

        fn run_runtime_store(&self) -> Option<&dyn $crate::RunRuntimeStore> {
            Some(self)
        }

        fn run_control_store(&self) -> Option<&dyn $crate::RunControlStore> {
            Some(self)
        }

        fn retention_store(&self) -> Option<&dyn $crate::RetentionStore> {
            Some(self)
        }

        fn event_reader(&self) -> Option<&dyn $crate::EventReader> {
            Some(self)
        }

        fn signal_store(&self) -> Option<&dyn $crate::SignalStore> {
            Some(self)
        }

        fn schedule_state_store(&self) -> Option<&dyn $crate::ScheduleStateStore> {
            Some(self)
        }

        fn outputs_repository(&self) -> Option<&dyn $crate::OutputsRepository> {
            Some(self)
        }

        fn flow_repository(&self) -> Option<&dyn $crate::FlowRepository> {
            Some(self)
        }

        fn webhook_rejection_store(&self) -> Option<&dyn $crate::WebhookRejectionStore> {
            Some(self)
        }

        fn webhook_replay_store(&self) -> Option<&dyn $crate::WebhookReplayStore> {
            Some(self)
        }
    };
}
