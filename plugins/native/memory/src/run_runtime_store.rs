use async_trait::async_trait;
use plimsoll_contract::{FlowStepAttempt, Result, RunId, RunRuntimeStore, RunStatus, StepStatus};

use crate::MemoryBackend;

#[async_trait]
impl RunRuntimeStore for MemoryBackend {
    async fn get_step_statuses(&self, run_id: RunId) -> Result<Vec<(String, StepStatus)>> {
        self.with(|store, _| {
            let steps = store.run(run_id).into_iter().flat_map(|data| &data.steps);
            let rows = steps.filter_map(|(key, step)| Some((key, step.row.as_ref()?)));
            Ok(rows.map(|(key, row)| (key.clone(), row.status)).collect())
        })
    }

    async fn get_claimed_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        self.with(|store, _| {
            let steps = store.run(run_id).into_iter().flat_map(|data| &data.steps);
            let claimed = steps.filter(|(_, step)| step.is_claimed);
            Ok(claimed.map(|(key, _)| key.clone()).collect())
        })
    }

    async fn try_claim_step(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        self.with(|store, _| {
            let step = store.step_mut(run_id, step_key);
            Ok(!std::mem::replace(&mut step.is_claimed, true))
        })
    }

    async fn release_step_claim(&self, run_id: RunId, step_key: &str) -> Result<()> {
        self.with(|store, _| {
            if let Some(step) = store.existing_step(run_id, step_key) {
                step.is_claimed = false;
            }
            Ok(())
        })
    }

    async fn record_skipped_step(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
    ) -> Result<()> {
        self.skip(run_id, step_key, step_type, reason, None)
    }

    async fn record_skipped_step_with_trace(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
        evaluation_trace_json: Option<&str>,
    ) -> Result<()> {
        self.skip(run_id, step_key, step_type, reason, evaluation_trace_json)
    }

    async fn get_run_status(&self, run_id: RunId) -> Result<Option<RunStatus>> {
        self.with(|store, _| {
            let record = store.run(run_id).and_then(|data| data.record.as_ref());
            Ok(record.map(|run| run.status))
        })
    }
}

impl MemoryBackend {
    fn skip(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
        trace: Option<&str>,
    ) -> Result<()> {
        self.with(|store, now| {
            store.step_mut(run_id, step_key).add_attempt(FlowStepAttempt {
                attempt: 0,
                step_type: step_type.to_owned(),
                status: StepStatus::Skipped,
                input_json: None,
                output_json: None,
                error_message: reason.map(str::to_owned),
                job_id: None,
                started_at: now,
                completed_at: Some(now),
                evaluation_trace_json: trace.filter(|text| !text.is_empty()).map(str::to_owned),
            });
            Ok(())
        })
    }
}
