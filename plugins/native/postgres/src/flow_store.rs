use async_trait::async_trait;
use plimsoll_contract::{Error, FlowDefinition, FlowId, FlowStore, Instant, Result};
use uuid::Uuid;

use crate::{PostgresBackend, text};

#[derive(sqlx::FromRow)]
struct DefinitionRow {
    id: Uuid,
    name: String,
    version: String,
    manifest_json: Option<String>,
    is_enabled: bool,
    created_at: Instant,
    updated_at: Instant,
}

impl From<DefinitionRow> for FlowDefinition {
    fn from(row: DefinitionRow) -> Self {
        Self {
            id: FlowId(row.id),
            name: row.name,
            version: row.version,
            manifest_json: row.manifest_json,
            is_enabled: row.is_enabled,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[async_trait]
impl FlowStore for PostgresBackend {
    async fn get_all(&self) -> Result<Vec<FlowDefinition>> {
        let call = self.call()?;
        let rows: Vec<DefinitionRow> = call
            .statement("SELECT * FROM flow_definitions WHERE namespace = $1 ORDER BY name, id")
            .read_all()
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn get_by_id(&self, id: FlowId) -> Result<Option<FlowDefinition>> {
        let call = self.call()?;
        let row: Option<DefinitionRow> = call
            .statement("SELECT * FROM flow_definitions WHERE namespace = $1 AND id = $2")
            .bind(id.0)
            .read_optional()
            .await?;
        Ok(row.map(Into::into))
    }

    async fn save(&self, definition: &FlowDefinition) -> Result<FlowDefinition> {
        let call = self.call()?;
        let saved: Option<DefinitionRow> = call
            .statement(
                "INSERT INTO flow_definitions AS f (namespace, id, name, version, manifest_json, \
                     is_enabled, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
                 ON CONFLICT (namespace, id) DO UPDATE \
                 SET name = $3, version = $4, manifest_json = $5, is_enabled = $6, updated_at = $7 \
                 RETURNING f.*",
            )
            .bind(definition.id.0)
            .bind(text::plain("the name", &definition.name)?)
            .bind(text::plain("the version", &definition.version)?)
            .bind(text::optional("the manifest", definition.manifest_json.as_deref())?)
            .bind(definition.is_enabled)
            .bind(call.now())
            .change()
            .await?;
        let saved = saved.map(FlowDefinition::from);
        saved.ok_or_else(|| Error::Other("the definition was not stored".to_owned()).into())
    }

    async fn delete(&self, id: FlowId) -> Result<()> {
        let call = self.call()?;
        call.statement("DELETE FROM flow_definitions WHERE namespace = $1 AND id = $2")
            .bind(id.0)
            .execute()
            .await?;
        Ok(())
    }

    async fn set_enabled(&self, id: FlowId, enabled: bool) -> Result<FlowDefinition> {
        let call = self.call()?;
        let changed: Option<DefinitionRow> = call
            .statement(
                "UPDATE flow_definitions SET is_enabled = $3, updated_at = $4 \
                 WHERE namespace = $1 AND id = $2 RETURNING *",
            )
            .bind(id.0)
            .bind(enabled)
            .bind(call.now())
            .change()
            .await?;
        Ok(changed.map(FlowDefinition::from).ok_or(Error::NotFound)?)
    }
}
