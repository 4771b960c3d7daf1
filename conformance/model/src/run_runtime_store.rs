use plimsoll_contract::{Answer, RunId, RunStatus, StepStatus};

use crate::state::step_id;
use crate::{Attempt, Spec};

/// The interface `run-runtime-store`.
pub trait RunRuntimeStore: Spec {
    /// RUNTIME-1, 2.
    fn get_step_statuses(&mut self, run_id: RunId) -> Answer<Vec<(String, StepStatus)>> {
        let space = self.space()?;
        Ok(space.steps_of(run_id).map(|(key, step)| (key.clone(), step.status)).collect())
    }

    /// RUNTIME-3, 4.
    fn get_claimed_step_keys(&mut self, run_id: RunId) -> Answer<Vec<String>> {
        let claims = self.space()?.claims.iter();
        Ok(claims.filter(|(run, _)| *run == run_id).map(|(_, key)| key.clone()).collect())
    }

    /// RUNTIME-5 to 10, 19.
    fn try_claim_step(&mut self, run_id: RunId, step_key: &str) -> Answer<bool> {
        Ok(self.space()?.claims.insert(step_id(run_id, step_key)))
    }

    /// RUNTIME-11, 12.
    fn release_step_claim(&mut self, run_id: RunId, step_key: &str) -> Answer<()> {
        self.space()?.claims.remove(&step_id(run_id, step_key));
        Ok(())
    }

    /// RUNTIME-13 to 15.
    fn record_skipped_step(
        &mut self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
    ) -> Answer<()> {
        self.record_skipped_step_with_trace(run_id, step_key, step_type, reason, None)
    }

    /// RUNTIME-16, 17.
    fn record_skipped_step_with_trace(
        &mut self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
        evaluation_trace_json: Option<&str>,
    ) -> Answer<()> {
        let now = self.now();
        let trace = evaluation_trace_json.filter(|trace| !trace.is_empty());
        let attempt = Attempt {
            step_type: step_type.to_owned(),
            status: StepStatus::Skipped,
            input_json: None,
            output_json: None,
            error_message: reason.map(str::to_owned),
            job_id: None,
            started_at: now,
            completed_at: Some(now),
            evaluation_trace_json: trace.map(str::to_owned),
        };
        self.space()?.add_attempt(run_id, step_key, attempt);
        Ok(())
    }

    /// RUNTIME-18.
    fn get_run_status(&mut self, run_id: RunId) -> Answer<Option<RunStatus>> {
        Ok(self.space()?.runs.get(&run_id).map(|run| run.status))
    }
}
