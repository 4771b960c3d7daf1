use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use plimsoll_contract::{
    Answer, FlowId, Instant, Page, Result, WebhookRejection, WebhookRejectionPage,
    WebhookRejectionQuery, WebhookRejectionStore,
};
use plimsoll_sql::{Limits, micros, webhook_filter};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::SqliteBackend;
use crate::database::{Open, Select, all};
use crate::rows::{RejectionRow, records};
use crate::run_search::push_finds;

#[async_trait]
impl WebhookRejectionStore for SqliteBackend {
    async fn write(&self, rejection: &WebhookRejection) -> Result<()> {
        let open = self.open_namespace()?;
        let append = open
            .statement(
                "INSERT INTO webhook_rejections
                     (namespace, id, flow_id, trigger_key, received_at, remote_ip, reason,
                      status_code, body_bytes, body_truncated, headers_json, scheme,
                      processing_ms_bits, is_accepted)
                 SELECT ?1, coalesce(max(id), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                     ?12, ?13
                 FROM webhook_rejections WHERE namespace = ?1",
            )
            .bind(rejection.flow_id.map(|id| id.0))
            .bind(&rejection.trigger_key)
            .bind(micros(rejection.received_at)?)
            .bind(&rejection.remote_ip)
            .bind(&rejection.reason)
            .bind(i64::from(rejection.status_code))
            .bind(rejection.body_bytes.cast_signed())
            .bind(&rejection.body_truncated)
            .bind(&rejection.headers_json)
            .bind(&rejection.scheme)
            .bind(rejection.processing_ms.map(|ms| ms.to_bits().cast_signed()))
            .bind(rejection.is_accepted);
        open.database.execute(append).await?;
        Ok(())
    }

    async fn query_recent(
        &self,
        flow_id: Option<FlowId>,
        reason: Option<&str>,
        include_accepted: bool,
        page: Page,
    ) -> Result<Vec<WebhookRejection>> {
        let filter = WebhookRejectionQuery::recent(flow_id, reason, include_accepted, page);
        Ok(self.query(&filter).await?.items)
    }

    async fn query(&self, filter: &WebhookRejectionQuery) -> Result<WebhookRejectionPage> {
        let open = self.open_namespace()?;
        let (database, condition) = (Arc::clone(&open.database), Condition::new(filter));
        let read = database.read(move |connection| {
            Box::pin(async move { condition.read(connection, &open).await })
        });
        Ok(read.await?)
    }

    async fn counts_by_reason(&self, window: Duration) -> Result<Vec<(String, u64)>> {
        let open = self.open_namespace()?;
        let select = open
            .select::<(String, i64)>(
                "SELECT min(reason), count(*) FROM webhook_rejections
                 WHERE namespace = ?1 AND received_at >= ?2 AND NOT is_accepted AND reason <> ''
                 GROUP BY lower(reason)",
            )
            .bind(earliest(open.opened.now(), window));
        let rows = open.database.all(select).await?;
        Ok(rows.into_iter().map(|(reason, count)| (reason, count.cast_unsigned())).collect())
    }
}

/// The start of the window, in microseconds since 1970; the earliest instant if it reaches further
/// back.
fn earliest(now: Instant, window: Duration) -> i64 {
    let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
    let since = now.checked_sub_signed(window).unwrap_or(Instant::MIN_UTC);
    // A row at the whole microsecond before a fraction of one is not in the window.
    let fraction = i64::from(!since.timestamp_subsec_nanos().is_multiple_of(1_000));
    since.timestamp_micros() + fraction
}

/// A filter with its texts folded once. An empty reason or search is no condition.
struct Condition {
    flow_id: Option<FlowId>,
    reason: Option<String>,
    search: Option<String>,
    include_accepted: bool,
    include_rejected: bool,
    limits: Limits,
}

impl Condition {
    fn new(filter: &WebhookRejectionQuery) -> Self {
        Self {
            flow_id: filter.flow_id,
            reason: webhook_filter(filter.reason.as_deref()),
            search: webhook_filter(filter.search.as_deref()),
            include_accepted: filter.include_accepted,
            include_rejected: filter.include_rejected,
            limits: Limits::of_webhook_rows(filter.page),
        }
    }

    /// A page and its total.
    async fn read(
        &self,
        connection: &mut SqliteConnection,
        open: &Open,
    ) -> Answer<WebhookRejectionPage> {
        let mut count = open.builder("SELECT count(*) FROM webhook_rejections WHERE namespace = ");
        self.restrict(&mut count);
        let total = all::<(i64,)>(connection, Select::of(open.built(&mut count))).await?;
        let mut items = open.builder("SELECT * FROM webhook_rejections WHERE namespace = ");
        self.restrict(&mut items);
        items
            .push(" ORDER BY id DESC LIMIT ")
            .push_bind(self.limits.take)
            .push(" OFFSET ")
            .push_bind(self.limits.skip);
        let items = all::<RejectionRow>(connection, Select::of(open.built(&mut items))).await?;
        Ok(WebhookRejectionPage {
            items: records(items)?,
            total_count: total.first().map_or(0, |(total,)| total.cast_unsigned()),
        })
    }

    fn restrict(&self, builder: &mut QueryBuilder<Sqlite>) {
        if !self.include_accepted {
            builder.push(" AND NOT is_accepted");
        }
        if !self.include_rejected {
            builder.push(" AND is_accepted");
        }
        if let Some(flow_id) = self.flow_id {
            builder.push(" AND flow_id = ").push_bind(flow_id.0);
        }
        if let Some(reason) = &self.reason {
            builder.push(" AND lower(reason) = ").push_bind(reason);
        }
        if let Some(text) = &self.search {
            builder.push(" AND (");
            push_finds(builder, &["reason", "trigger_key", "remote_ip"], text);
            builder.push(")");
        }
    }
}
