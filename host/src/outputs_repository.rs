use async_trait::async_trait;
use plimsoll_contract::{FlowEvent, OutputsRepository, Result, RunId};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl OutputsRepository for WasmBackend {
    async fn save_step_output(
        &self,
        run_id: RunId,
        step_key: &str,
        value_json: &str,
    ) -> Result<()> {
        call!(
            self,
            outputs_repository,
            call_save_step_output(run_id.to_wit(), step_key, value_json)
        )
    }

    async fn save_step_input(&self, run_id: RunId, step_key: &str, value_json: &str) -> Result<()> {
        call!(self, outputs_repository, call_save_step_input(run_id.to_wit(), step_key, value_json))
    }

    async fn get_step_output(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        call!(self, outputs_repository, call_get_step_output(run_id.to_wit(), step_key))
    }

    async fn get_step_input(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        call!(self, outputs_repository, call_get_step_input(run_id.to_wit(), step_key))
    }

    async fn save_trigger_data(&self, run_id: RunId, data_json: &str) -> Result<()> {
        call!(self, outputs_repository, call_save_trigger_data(run_id.to_wit(), data_json))
    }

    async fn get_trigger_data(&self, run_id: RunId) -> Result<Option<String>> {
        call!(self, outputs_repository, call_get_trigger_data(run_id.to_wit()))
    }

    async fn save_trigger_headers(
        &self,
        run_id: RunId,
        headers: &[(String, String)],
    ) -> Result<()> {
        call!(self, outputs_repository, call_save_trigger_headers(run_id.to_wit(), headers))
    }

    async fn get_trigger_headers(&self, run_id: RunId) -> Result<Option<Vec<(String, String)>>> {
        call!(self, outputs_repository, call_get_trigger_headers(run_id.to_wit()))
    }

    async fn end_scope(&self, run_id: RunId, step_key: &str) -> Result<()> {
        call!(self, outputs_repository, call_end_scope(run_id.to_wit(), step_key))
    }

    async fn record_event(&self, run_id: RunId, event: &FlowEvent) -> Result<()> {
        call!(self, outputs_repository, call_record_event(run_id.to_wit(), &event.to_wit()))
    }
}
