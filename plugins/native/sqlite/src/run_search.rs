//! The pages of runs, filtered and searched.

use std::sync::Arc;

use plimsoll_contract::{Answer, FlowId, FlowRunPage, RunStatus};
use plimsoll_sql::{Limits, run_search};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::database::{Open, Select, all};
use crate::rows::{RunRow, records};

/// The fields of a run, as text.
const RUN_FIELDS: [&str; 5] = [
    // The id in lower case, with its hyphens.
    "substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
     || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)",
    "flow_name",
    "trigger_key",
    "status",
    "background_job_id",
];

/// The fields of an attempt. Steps have nothing to find that their attempts lack.
const ATTEMPT_FIELDS: [&str; 3] = ["step_key", "error_message", "output_json"];

/// Which runs to answer; the conditions are ANDed.
pub(crate) struct Filter {
    flow_id: Option<FlowId>,
    status: Option<RunStatus>,
    /// In ASCII lower case.
    search: Option<String>,
}

impl Filter {
    pub(crate) fn new(
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        search: Option<&str>,
    ) -> Self {
        Self { flow_id, status, search: run_search(search) }
    }

    /// A page and its total, of one moment.
    pub(crate) async fn page(self, open: &Open, limits: Limits) -> Answer<FlowRunPage> {
        let (database, open) = (Arc::clone(&open.database), open.clone());
        let read = database.read(move |connection| {
            Box::pin(async move { self.read(connection, &open, limits).await })
        });
        read.await
    }

    async fn read(
        &self,
        connection: &mut SqliteConnection,
        open: &Open,
        limits: Limits,
    ) -> Answer<FlowRunPage> {
        let mut count = open.builder("SELECT count(*) FROM flow_runs WHERE namespace = ");
        self.restrict(&mut count);
        let total = all::<(i64,)>(connection, Select::of(count.build())).await?;
        let mut items = open.builder("SELECT * FROM flow_runs WHERE namespace = ");
        self.restrict(&mut items);
        items
            .push(" ORDER BY started_at DESC, id LIMIT ")
            .push_bind(limits.take)
            .push(" OFFSET ")
            .push_bind(limits.skip);
        let items = all::<RunRow>(connection, Select::of(items.build())).await?;
        Ok(FlowRunPage {
            items: records(items)?,
            total_count: total.first().map_or(0, |(total,)| total.cast_unsigned()),
        })
    }

    fn restrict(&self, builder: &mut QueryBuilder<Sqlite>) {
        if let Some(flow_id) = self.flow_id {
            builder.push(" AND flow_id = ").push_bind(flow_id.0);
        }
        if let Some(status) = self.status {
            builder.push(" AND status = ").push_bind(status.name());
        }
        if let Some(text) = &self.search {
            builder.push(" AND (");
            push_finds(builder, &RUN_FIELDS, text);
            builder.push(
                " OR EXISTS (SELECT 1 FROM flow_step_attempts AS attempt
                  WHERE attempt.namespace = flow_runs.namespace AND attempt.run_id = flow_runs.id
                      AND (",
            );
            push_finds(builder, &ATTEMPT_FIELDS, text);
            builder.push(")))");
        }
    }
}

/// Whether one of the fields holds the text, which is in ASCII lower case. SQLite's `lower` folds
/// ASCII alone, and `instr` takes every character as it is.
pub(crate) fn push_finds(builder: &mut QueryBuilder<Sqlite>, fields: &[&str], text: &str) {
    for (place, field) in fields.iter().enumerate() {
        builder
            .push(if place > 0 { " OR " } else { "" })
            .push(format_args!("instr(lower({field}), "))
            .push_bind(text)
            .push(") > 0");
    }
}
