use crate::Memory;
use crate::clock::now;
use crate::exports::flow::storage::run_runtime_store::{Error, Guest, RunStatus, StepStatus, Uuid};
use crate::flow::storage::types::FlowStepAttempt;
use crate::state::{of_run, with_namespace};

impl Guest for Memory {
    fn get_step_statuses(run_id: Uuid) -> Result<Vec<(String, StepStatus)>, Error> {
        with_namespace(|space| {
            let steps = of_run(&space.steps, run_id);
            Ok(steps.map(|(key, step)| (key.clone(), step.status)).collect())
        })
    }

    fn get_claimed_step_keys(run_id: Uuid) -> Result<Vec<String>, Error> {
        with_namespace(|space| {
            let from_the_run = space.claims.range((run_id, String::new())..);
            let of_run = from_the_run.take_while(|(id, _)| *id == run_id);
            Ok(of_run.map(|(_, key)| key.clone()).collect())
        })
    }

    fn try_claim_step(run_id: Uuid, step_key: String) -> Result<bool, Error> {
        with_namespace(|space| Ok(space.claims.insert((run_id, step_key))))
    }

    fn release_step_claim(run_id: Uuid, step_key: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.claims.remove(&(run_id, step_key));
            Ok(())
        })
    }

    fn record_skipped_step(
        run_id: Uuid,
        step_key: String,
        step_type: String,
        reason: Option<String>,
    ) -> Result<(), Error> {
        Self::record_skipped_step_with_trace(run_id, step_key, step_type, reason, None)
    }

    fn record_skipped_step_with_trace(
        run_id: Uuid,
        step_key: String,
        step_type: String,
        reason: Option<String>,
        evaluation_trace_json: Option<String>,
    ) -> Result<(), Error> {
        with_namespace(|space| {
            let now = now();
            let attempt = FlowStepAttempt {
                attempt: 0,
                step_type,
                status: StepStatus::Skipped,
                input_json: None,
                output_json: None,
                error_message: reason,
                job_id: None,
                started_at: now,
                completed_at: Some(now),
                evaluation_trace_json: evaluation_trace_json.filter(|trace| !trace.is_empty()),
            };
            space.add_attempt(run_id, step_key, attempt);
            Ok(())
        })
    }

    fn get_run_status(run_id: Uuid) -> Result<Option<RunStatus>, Error> {
        with_namespace(|space| Ok(space.runs.get(&run_id).map(|run| run.status)))
    }
}
