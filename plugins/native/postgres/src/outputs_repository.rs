use async_trait::async_trait;
use plimsoll_contract::{FlowEvent, OutputsRepository, Result, RunId};
use plimsoll_sql::{decode_headers, encode_headers, keep};

use crate::{PostgresBackend, text};

/// A slot of a run. The kind is a part of the key, so that no step key shadows another slot
/// (OUTPUT-2).
#[derive(Clone, Copy)]
struct Slot<'a> {
    kind: &'static str,
    step_key: &'a str,
}

impl<'a> Slot<'a> {
    const TRIGGER_DATA: Slot<'static> = Slot { kind: "trigger-data", step_key: "" };
    const TRIGGER_HEADERS: Slot<'static> = Slot { kind: "trigger-headers", step_key: "" };

    fn output(step_key: &'a str) -> Self {
        Self { kind: "output", step_key }
    }

    fn input(step_key: &'a str) -> Self {
        Self { kind: "input", step_key }
    }
}

#[async_trait]
impl OutputsRepository for PostgresBackend {
    async fn save_step_output(&self, run_id: RunId, step_key: &str, value: &str) -> Result<()> {
        self.save_slot(run_id, Slot::output(step_key), value).await
    }

    async fn save_step_input(&self, run_id: RunId, step_key: &str, value: &str) -> Result<()> {
        self.save_slot(run_id, Slot::input(step_key), value).await
    }

    async fn get_step_output(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        self.slot(run_id, Slot::output(step_key)).await
    }

    async fn get_step_input(&self, run_id: RunId, step_key: &str) -> Result<Option<String>> {
        self.slot(run_id, Slot::input(step_key)).await
    }

    async fn save_trigger_data(&self, run_id: RunId, data: &str) -> Result<()> {
        self.save_slot(run_id, Slot::TRIGGER_DATA, data).await
    }

    async fn get_trigger_data(&self, run_id: RunId) -> Result<Option<String>> {
        self.slot(run_id, Slot::TRIGGER_DATA).await
    }

    async fn save_trigger_headers(
        &self,
        run_id: RunId,
        headers: &[(String, String)],
    ) -> Result<()> {
        self.save_slot(run_id, Slot::TRIGGER_HEADERS, &encode_headers(headers)?).await
    }

    async fn get_trigger_headers(&self, run_id: RunId) -> Result<Option<Vec<(String, String)>>> {
        let saved = self.slot(run_id, Slot::TRIGGER_HEADERS).await?;
        Ok(saved.map(|text| decode_headers(&text)).transpose()?)
    }

    async fn end_scope(&self, _run_id: RunId, step_key: &str) -> Result<()> {
        self.call()?;
        text::step_key(step_key)?;
        Ok(())
    }

    async fn record_event(&self, run_id: RunId, event: &FlowEvent) -> Result<()> {
        let call = self.call()?;
        call.statement(
            "WITH next AS ( \
                 INSERT INTO flow_event_sequences AS s (namespace, run_id, last) \
                 VALUES ($1, $2, 1) \
                 ON CONFLICT (namespace, run_id) DO UPDATE SET last = s.last + 1 \
                 RETURNING s.last \
             ) \
             INSERT INTO flow_events \
                 (namespace, run_id, sequence, recorded_at, event_type, step_key, message) \
             SELECT $1, $2, next.last, $3, $4, $5, $6 FROM next",
        )
        .bind(run_id.0)
        .bind(keep(event.timestamp)?)
        .bind(text::plain("the type", &event.event_type)?)
        .bind(text::optional("the step key", event.step_key.as_deref())?)
        .bind(text::optional("the message", event.message.as_deref())?)
        .execute()
        .await?;
        Ok(())
    }
}

impl PostgresBackend {
    async fn save_slot(&self, run_id: RunId, slot: Slot<'_>, value: &str) -> Result<()> {
        let call = self.call()?;
        call.statement(
            "INSERT INTO flow_outputs (namespace, run_id, kind, step_key, value_json) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (namespace, run_id, kind, step_key) DO UPDATE SET value_json = $5",
        )
        .bind(run_id.0)
        .bind(slot.kind)
        .bind(text::step_key(slot.step_key)?)
        .bind(text::plain("the value", value)?)
        .execute()
        .await?;
        Ok(())
    }

    async fn slot(&self, run_id: RunId, slot: Slot<'_>) -> Result<Option<String>> {
        let call = self.call()?;
        let found: Option<(String,)> = call
            .statement(
                "SELECT value_json FROM flow_outputs \
                 WHERE namespace = $1 AND run_id = $2 AND kind = $3 AND step_key = $4",
            )
            .bind(run_id.0)
            .bind(slot.kind)
            .bind(text::step_key(slot.step_key)?)
            .read_optional()
            .await?;
        Ok(found.map(|(value,)| value))
    }
}
