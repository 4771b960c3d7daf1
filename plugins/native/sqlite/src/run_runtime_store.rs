use async_trait::async_trait;
use plimsoll_contract::{Result, RunId, RunRuntimeStore, RunStatus, StepStatus};
use plimsoll_sql::{run_status, step_status};

use crate::SqliteBackend;
use crate::steps::NewAttempt;

#[async_trait]
impl RunRuntimeStore for SqliteBackend {
    async fn get_step_statuses(&self, run_id: RunId) -> Result<Vec<(String, StepStatus)>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<(String, String)>(
                "SELECT step_key, status FROM flow_steps
                 WHERE namespace = ?1 AND run_id = ?2 AND status IS NOT NULL",
            )
            .bind(run_id.0);
        let rows = open.database.all(select).await?;
        let statuses = rows.into_iter().map(|(key, status)| Ok((key, step_status(&status)?)));
        statuses.collect()
    }

    async fn get_claimed_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<(String,)>(
                "SELECT step_key FROM flow_step_claims WHERE namespace = ?1 AND run_id = ?2",
            )
            .bind(run_id.0);
        let rows = open.database.all(select).await?;
        Ok(rows.into_iter().map(|(key,)| key).collect())
    }

    async fn try_claim_step(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        let open = self.open_namespace()?;
        let claim = open
            .statement(
                "INSERT INTO flow_step_claims (namespace, run_id, step_key) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )
            .bind(run_id.0)
            .bind(step_key);
        Ok(open.database.execute(claim).await? > 0)
    }

    async fn release_step_claim(&self, run_id: RunId, step_key: &str) -> Result<()> {
        let open = self.open_namespace()?;
        let release = open
            .statement(
                "DELETE FROM flow_step_claims
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
            )
            .bind(run_id.0)
            .bind(step_key);
        open.database.execute(release).await?;
        Ok(())
    }

    async fn record_skipped_step(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
    ) -> Result<()> {
        let skipped = NewAttempt::skipped(step_type, reason, None);
        Ok(self.add_attempt(run_id, step_key, &skipped).await?)
    }

    async fn record_skipped_step_with_trace(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        reason: Option<&str>,
        evaluation_trace_json: Option<&str>,
    ) -> Result<()> {
        let skipped = NewAttempt::skipped(step_type, reason, evaluation_trace_json);
        Ok(self.add_attempt(run_id, step_key, &skipped).await?)
    }

    async fn get_run_status(&self, run_id: RunId) -> Result<Option<RunStatus>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<(String,)>("SELECT status FROM flow_runs WHERE namespace = ?1 AND id = ?2")
            .bind(run_id.0);
        let row = open.database.optional(select).await?;
        Ok(row.map(|(status,)| run_status(&status)).transpose()?)
    }
}
