use async_trait::async_trait;
use plimsoll_contract::{Result, ScheduleState, ScheduleStateStore};

use crate::SqliteBackend;
use crate::rows::{Record, ScheduleRow, records};

#[async_trait]
impl ScheduleStateStore for SqliteBackend {
    async fn get(&self, job_id: &str) -> Result<Option<ScheduleState>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<ScheduleRow>(
                "SELECT * FROM flow_schedule_states WHERE namespace = ?1 AND job_id = ?2",
            )
            .bind(job_id);
        Ok(open.database.optional(select).await?.map(Record::record).transpose()?)
    }

    async fn get_all(&self) -> Result<Vec<ScheduleState>> {
        let open = self.open_namespace()?;
        let select = open.select::<ScheduleRow>(
            "SELECT * FROM flow_schedule_states WHERE namespace = ?1 ORDER BY job_id",
        );
        Ok(records(open.database.all(select).await?)?)
    }

    async fn save(&self, state: &ScheduleState) -> Result<()> {
        let open = self.open_namespace()?;
        let save = open
            .statement(
                "INSERT INTO flow_schedule_states
                     (namespace, job_id, flow_id, flow_name, trigger_key, is_paused, cron_override,
                      updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (namespace, job_id) DO UPDATE SET
                     flow_id = excluded.flow_id, flow_name = excluded.flow_name,
                     trigger_key = excluded.trigger_key, is_paused = excluded.is_paused,
                     cron_override = excluded.cron_override, updated_at = excluded.updated_at",
            )
            .bind(&state.job_id)
            .bind(state.flow_id.0)
            .bind(&state.flow_name)
            .bind(&state.trigger_key)
            .bind(state.is_paused)
            .bind(&state.cron_override)
            .bind(open.now());
        open.database.execute(save).await?;
        Ok(())
    }

    async fn delete(&self, job_id: &str) -> Result<()> {
        let open = self.open_namespace()?;
        let delete = open
            .statement("DELETE FROM flow_schedule_states WHERE namespace = ?1 AND job_id = ?2")
            .bind(job_id);
        open.database.execute(delete).await?;
        Ok(())
    }
}
