use async_trait::async_trait;
use plimsoll_contract::{Answer, FlowEvent, OutputsRepository, Result, RunId};
use plimsoll_sql::{decode_headers, encode_headers, micros};

use crate::SqliteBackend;

/// What a slot holds. The step key of a trigger slot is empty.
#[derive(Clone, Copy)]
enum Kind {
    Output,
    Input,
    TriggerData,
    TriggerHeaders,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Input => "input",
            Self::TriggerData => "trigger-data",
            Self::TriggerHeaders => "trigger-headers",
        }
    }
}

#[async_trait]
impl OutputsRepository for SqliteBackend {
    async fn save_step_output(&self, run_id: RunId, step_key: &str, value: &str) -> Result<()> {
        Ok(self.save_slot(run_id, Kind::Output, step_key, value).await?)
    }

    async fn save_step_input(&self, run_id: RunId, step_key: &str, value: &str) -> Result<()> {
        Ok(self.save_slot(run_id, Kind::Input, step_key, value).await?)
    }

    async fn get_step_output(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        Ok(self.slot(run_id, Kind::Output, step_key).await?)
    }

    async fn get_step_input(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        Ok(self.slot(run_id, Kind::Input, step_key).await?)
    }

    async fn save_trigger_data(&self, run_id: RunId, data: &str) -> Result<()> {
        Ok(self.save_slot(run_id, Kind::TriggerData, "", data).await?)
    }

    async fn get_trigger_data(&self, run_id: RunId) -> Result<Option<String>> {
        Ok(self.slot(run_id, Kind::TriggerData, "").await?)
    }

    async fn save_trigger_headers(
        &self,
        run_id: RunId,
        headers: &[(String, String)],
    ) -> Result<()> {
        let headers = encode_headers(headers)?;
        Ok(self.save_slot(run_id, Kind::TriggerHeaders, "", &headers).await?)
    }

    async fn get_trigger_headers(&self, run_id: RunId) -> Result<Option<Vec<(String, String)>>> {
        let headers = self.slot(run_id, Kind::TriggerHeaders, "").await?;
        Ok(headers.as_deref().map(decode_headers).transpose()?)
    }

    async fn end_scope(&self, _run_id: RunId, _step_key: &str) -> Result<()> {
        self.open_namespace()?;
        Ok(())
    }

    async fn record_event(&self, run_id: RunId, event: &FlowEvent) -> Result<()> {
        let open = self.open_namespace()?;
        // One statement on the one connection that writes: whoever counts on, counts alone.
        let append = open
            .statement(
                "INSERT INTO flow_events
                     (namespace, run_id, sequence, timestamp, event_type, step_key, message)
                 SELECT ?1, ?2, coalesce(max(sequence), 0) + 1, ?3, ?4, ?5, ?6
                 FROM flow_events WHERE namespace = ?1 AND run_id = ?2",
            )
            .bind(run_id.0)
            .bind(micros(event.timestamp)?)
            .bind(&event.event_type)
            .bind(&event.step_key)
            .bind(&event.message);
        open.database.execute(append).await?;
        Ok(())
    }
}

impl SqliteBackend {
    async fn save_slot(
        &self,
        run_id: RunId,
        kind: Kind,
        step_key: &str,
        value: &str,
    ) -> Answer<()> {
        let open = self.open_namespace()?;
        let save = open
            .statement(
                "INSERT INTO flow_outputs (namespace, run_id, kind, step_key, value_json)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (namespace, run_id, kind, step_key)
                 DO UPDATE SET value_json = excluded.value_json",
            )
            .bind(run_id.0)
            .bind(kind.name())
            .bind(step_key)
            .bind(value);
        open.database.execute(save).await?;
        Ok(())
    }

    async fn slot(&self, run_id: RunId, kind: Kind, step_key: &str) -> Answer<Option<String>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<(String,)>(
                "SELECT value_json FROM flow_outputs
                 WHERE namespace = ?1 AND run_id = ?2 AND kind = ?3 AND step_key = ?4",
            )
            .bind(run_id.0)
            .bind(kind.name())
            .bind(step_key);
        Ok(open.database.optional(select).await?.map(|(value,)| value))
    }
}
