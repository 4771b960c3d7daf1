use crate::KeyValue;
use crate::exports::flow::storage::run_runtime_store::{Error, Guest, RunStatus, StepStatus, Uuid};
use crate::session::{now, session};
use crate::step::Attempt;

impl Guest for KeyValue {
    fn get_step_statuses(run_id: Uuid) -> Result<Vec<(String, StepStatus)>, Error> {
        let Some((_, run)) = session()?.view(run_id)? else { return Ok(Vec::new()) };
        let steps = run.body.steps.into_iter();
        Ok(steps.filter_map(|(key, step)| Some((key, step.status()?))).collect())
    }

    fn get_claimed_step_keys(run_id: Uuid) -> Result<Vec<String>, Error> {
        let Some((_, run)) = session()?.view(run_id)? else { return Ok(Vec::new()) };
        Ok(run.body.claims.into_iter().collect())
    }

    fn try_claim_step(run_id: Uuid, step_key: String) -> Result<bool, Error> {
        session()?.change(run_id, |run, _| Ok(run.body.claims.insert(step_key.clone())))
    }

    fn release_step_claim(run_id: Uuid, step_key: String) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            run.body.claims.remove(&step_key);
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
        let trace = evaluation_trace_json.filter(|trace| !trace.is_empty());
        session()?.change(run_id, |run, texts| {
            let now = now();
            run.body.steps.entry(step_key.clone()).or_default().begin(Attempt {
                step_type: step_type.clone(),
                status: StepStatus::Skipped,
                input: None,
                output: None,
                error: texts.keep_some(reason.as_deref()),
                job_id: None,
                started_at: now,
                completed_at: Some(now),
                trace: texts.keep_some(trace.as_deref()),
            });
            Ok(())
        })
    }

    fn get_run_status(run_id: Uuid) -> Result<Option<RunStatus>, Error> {
        let Some((_, head)) = session()?.view_head(run_id)? else { return Ok(None) };
        Ok(head.record.map(|record| record.status))
    }
}
