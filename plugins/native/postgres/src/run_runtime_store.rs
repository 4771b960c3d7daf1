use async_trait::async_trait;
use plimsoll_contract::{Answer, Result, RunId, RunRuntimeStore, RunStatus, StepStatus};
use plimsoll_sql::{run_status, step_status};

use crate::run_store::Attempt;
use crate::{PostgresBackend, text};

#[async_trait]
impl RunRuntimeStore for PostgresBackend {
    async fn get_step_statuses(&self, run_id: RunId) -> Result<Vec<(String, StepStatus)>> {
        let call = self.call()?;
        let rows: Vec<(String, String)> = call
            .statement(
                "SELECT step_key, status FROM flow_steps \
                 WHERE namespace = $1 AND run_id = $2 AND NOT is_reset",
            )
            .bind(run_id.0)
            .read_all()
            .await?;
        let rows = rows.into_iter().map(|(key, status)| Ok((key, step_status(&status)?)));
        Ok(rows.collect::<Answer<_>>()?)
    }

    async fn get_claimed_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        let call = self.call()?;
        let rows: Vec<(String,)> = call
            .statement("SELECT step_key FROM flow_step_claims WHERE namespace = $1 AND run_id = $2")
            .bind(run_id.0)
            .read_all()
            .await?;
        Ok(rows.into_iter().map(|(key,)| key).collect())
    }

    async fn try_claim_step(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        let call = self.call()?;
        let added = call
            .statement(
                "INSERT INTO flow_step_claims (namespace, run_id, step_key, claimed_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(run_id.0)
            .bind(text::step_key(step_key)?)
            .bind(call.now())
            .execute()
            .await?;
        Ok(added == 1)
    }

    async fn release_step_claim(&self, run_id: RunId, step_key: &str) -> Result<()> {
        let call = self.call()?;
        call.statement(
            "DELETE FROM flow_step_claims WHERE namespace = $1 AND run_id = $2 AND step_key = $3",
        )
        .bind(run_id.0)
        .bind(text::step_key(step_key)?)
        .execute()
        .await?;
        Ok(())
    }

    async fn record_skipped_step(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
    ) -> Result<()> {
        self.record_skipped_step_with_trace(run_id, step_key, step_type, reason, None).await
    }

    async fn record_skipped_step_with_trace(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
        evaluation_trace_json: Option<&str>,
    ) -> Result<()> {
        self.add_attempt(Attempt {
            run_id,
            step_key,
            step_type,
            status: StepStatus::Skipped,
            input: None,
            job_id: None,
            error: reason,
            trace: evaluation_trace_json.filter(|text| !text.is_empty()),
        })
        .await
    }

    async fn get_run_status(&self, run_id: RunId) -> Result<Option<RunStatus>> {
        let call = self.call()?;
        let found: Option<(String,)> = call
            .statement("SELECT status FROM flow_runs WHERE namespace = $1 AND id = $2")
            .bind(run_id.0)
            .read_optional()
            .await?;
        Ok(found.map(|(status,)| run_status(&status)).transpose()?)
    }
}
