use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, ScheduleState, ScheduleStateStore};
use uuid::Uuid;

use crate::{PostgresBackend, text};

#[derive(sqlx::FromRow)]
struct ScheduleRow {
    job_id: String,
    flow_id: Uuid,
    flow_name: String,
    trigger_key: String,
    is_paused: bool,
    cron_override: Option<String>,
    updated_at: Instant,
}

impl From<ScheduleRow> for ScheduleState {
    fn from(row: ScheduleRow) -> Self {
        Self {
            job_id: row.job_id,
            flow_id: FlowId(row.flow_id),
            flow_name: row.flow_name,
            trigger_key: row.trigger_key,
            is_paused: row.is_paused,
            cron_override: row.cron_override,
            updated_at: row.updated_at,
        }
    }
}

#[async_trait]
impl ScheduleStateStore for PostgresBackend {
    async fn get(&self, job_id: &str) -> Result<Option<ScheduleState>> {
        let call = self.call()?;
        let row: Option<ScheduleRow> = call
            .statement("SELECT * FROM flow_schedule_states WHERE namespace = $1 AND job_id = $2")
            .bind(text::key("the job id", job_id)?)
            .read_optional()
            .await?;
        Ok(row.map(Into::into))
    }

    async fn get_all(&self) -> Result<Vec<ScheduleState>> {
        let call = self.call()?;
        let rows: Vec<ScheduleRow> = call
            .statement("SELECT * FROM flow_schedule_states WHERE namespace = $1 ORDER BY job_id")
            .read_all()
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn save(&self, state: &ScheduleState) -> Result<()> {
        let call = self.call()?;
        call.statement(
            "INSERT INTO flow_schedule_states (namespace, job_id, flow_id, flow_name, \
                 trigger_key, is_paused, cron_override, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (namespace, job_id) DO UPDATE \
             SET flow_id = $3, flow_name = $4, trigger_key = $5, is_paused = $6, \
                 cron_override = $7, updated_at = $8",
        )
        .bind(text::key("the job id", &state.job_id)?)
        .bind(state.flow_id.0)
        .bind(text::plain("the flow name", &state.flow_name)?)
        .bind(text::key("the trigger key", &state.trigger_key)?)
        .bind(state.is_paused)
        .bind(text::optional("the cron override", state.cron_override.as_deref())?)
        .bind(call.now())
        .execute()
        .await?;
        Ok(())
    }

    async fn delete(&self, job_id: &str) -> Result<()> {
        let call = self.call()?;
        call.statement("DELETE FROM flow_schedule_states WHERE namespace = $1 AND job_id = $2")
            .bind(text::key("the job id", job_id)?)
            .execute()
            .await?;
        Ok(())
    }
}
