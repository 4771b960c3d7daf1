use async_trait::async_trait;
use plimsoll_contract::{Error, FlowDefinition, FlowId, FlowStore, Result};

use crate::SqliteBackend;
use crate::rows::{DefinitionRow, Record, records};

#[async_trait]
impl FlowStore for SqliteBackend {
    async fn get_all(&self) -> Result<Vec<FlowDefinition>> {
        let open = self.open_namespace()?;
        let select = open.select::<DefinitionRow>(
            "SELECT * FROM flow_definitions WHERE namespace = ?1 ORDER BY name, id",
        );
        Ok(records(open.database.all(select).await?)?)
    }

    async fn get_by_id(&self, id: FlowId) -> Result<Option<FlowDefinition>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<DefinitionRow>(
                "SELECT * FROM flow_definitions WHERE namespace = ?1 AND id = ?2",
            )
            .bind(id.0);
        Ok(open.database.optional(select).await?.map(Record::record).transpose()?)
    }

    async fn save(&self, definition: &FlowDefinition) -> Result<FlowDefinition> {
        let open = self.open_namespace()?;
        let save = open
            .select::<DefinitionRow>(
                "INSERT INTO flow_definitions
                     (namespace, id, name, version, manifest_json, is_enabled, created_at,
                      updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
                 ON CONFLICT (namespace, id) DO UPDATE SET
                     name = excluded.name, version = excluded.version,
                     manifest_json = excluded.manifest_json, is_enabled = excluded.is_enabled,
                     updated_at = excluded.updated_at
                 RETURNING *",
            )
            .bind(definition.id.0)
            .bind(&definition.name)
            .bind(&definition.version)
            .bind(&definition.manifest_json)
            .bind(definition.is_enabled)
            .bind(open.now());
        let saved = open.database.change(save).await?.ok_or_else(not_answered)?;
        Ok(saved.record()?)
    }

    async fn delete(&self, id: FlowId) -> Result<()> {
        let open = self.open_namespace()?;
        let delete = open
            .statement("DELETE FROM flow_definitions WHERE namespace = ?1 AND id = ?2")
            .bind(id.0);
        open.database.execute(delete).await?;
        Ok(())
    }

    async fn set_enabled(&self, id: FlowId, enabled: bool) -> Result<FlowDefinition> {
        let open = self.open_namespace()?;
        let update = open
            .select::<DefinitionRow>(
                "UPDATE flow_definitions SET is_enabled = ?3, updated_at = ?4
                 WHERE namespace = ?1 AND id = ?2 RETURNING *",
            )
            .bind(id.0)
            .bind(enabled)
            .bind(open.now());
        let changed = open.database.change(update).await?.ok_or(Error::NotFound)?;
        Ok(changed.record()?)
    }
}

fn not_answered() -> Error {
    Error::Other("the database did not answer the row that it stored".to_owned())
}
