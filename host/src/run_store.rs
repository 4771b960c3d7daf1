use async_trait::async_trait;
use plimsoll_contract::{
    DashboardStatistics, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, Page, Result, RunId,
    RunStatus, RunStore, RunTimeseriesBucket, RunTimeseriesGranularity, StartRun, StepStatus,
};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl RunStore for WasmBackend {
    async fn start_run(&self, start: &StartRun) -> Result<FlowRun> {
        call!(
            self,
            run_store,
            call_start_run(
                start.flow_id.to_wit(),
                &start.flow_name,
                start.run_id.to_wit(),
                &start.trigger_key,
                start.trigger_data_json.as_deref(),
                start.job_id.as_deref(),
                start.source_run_id.to_wit()
            )
        )
    }

    async fn get_derived_runs(&self, source_run_id: RunId) -> Result<Vec<FlowRun>> {
        call!(self, run_store, call_get_derived_runs(source_run_id.to_wit()))
    }

    async fn record_step_start(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        input_json: Option<&str>,
        job_id: Option<&str>,
    ) -> Result<()> {
        call!(
            self,
            run_store,
            call_record_step_start(run_id.to_wit(), step_key, step_type, input_json, job_id)
        )
    }

    async fn record_step_complete(
        &self,
        run_id: RunId,
        step_key: &str,
        status: StepStatus,
        output_json: Option<&str>,
        error_message: Option<&str>,
    ) -> Result<()> {
        call!(
            self,
            run_store,
            call_record_step_complete(
                run_id.to_wit(),
                step_key,
                status.to_wit(),
                output_json,
                error_message
            )
        )
    }

    async fn complete_run(&self, run_id: RunId, status: RunStatus) -> Result<()> {
        call!(self, run_store, call_complete_run(run_id.to_wit(), status.to_wit()))
    }

    async fn get_runs(&self, flow_id: Option<FlowId>, page: Page) -> Result<Vec<FlowRun>> {
        call!(self, run_store, call_get_runs(flow_id.to_wit(), page.to_wit()))
    }

    async fn get_runs_page(
        &self,
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<&str>,
    ) -> Result<FlowRunPage> {
        call!(
            self,
            run_store,
            call_get_runs_page(flow_id.to_wit(), status.to_wit(), page.to_wit(), search)
        )
    }

    async fn get_run_detail(&self, run_id: RunId) -> Result<Option<FlowRunDetail>> {
        call!(self, run_store, call_get_run_detail(run_id.to_wit()))
    }

    async fn get_statistics(&self) -> Result<DashboardStatistics> {
        call!(self, run_store, call_get_statistics())
    }

    async fn get_run_timeseries(
        &self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<FlowId>,
    ) -> Result<Vec<RunTimeseriesBucket>> {
        call!(
            self,
            run_store,
            call_get_run_timeseries(
                granularity.to_wit(),
                since.to_wit(),
                until.to_wit(),
                flow_id.to_wit()
            )
        )
    }

    async fn get_active_runs(&self) -> Result<Vec<FlowRun>> {
        call!(self, run_store, call_get_active_runs())
    }

    async fn retry_step(&self, run_id: RunId, step_key: &str) -> Result<()> {
        call!(self, run_store, call_retry_step(run_id.to_wit(), step_key))
    }

    async fn reset_cascade_skipped_dependents(
        &self,
        run_id: RunId,
        step_keys: &[String],
    ) -> Result<()> {
        call!(self, run_store, call_reset_cascade_skipped_dependents(run_id.to_wit(), step_keys))
    }

    async fn try_record_dispatch(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        call!(self, run_store, call_try_record_dispatch(run_id.to_wit(), step_key))
    }

    async fn annotate_dispatch(&self, run_id: RunId, step_key: &str, job_id: &str) -> Result<()> {
        call!(self, run_store, call_annotate_dispatch(run_id.to_wit(), step_key, job_id))
    }

    async fn release_dispatch(&self, run_id: RunId, step_key: &str) -> Result<()> {
        call!(self, run_store, call_release_dispatch(run_id.to_wit(), step_key))
    }

    async fn get_dispatched_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        call!(self, run_store, call_get_dispatched_step_keys(run_id.to_wit()))
    }
}
