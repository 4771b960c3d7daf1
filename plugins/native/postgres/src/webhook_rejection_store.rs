use std::fmt::Write;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use plimsoll_contract::{
    Answer, Error, FlowId, Instant, Page, Result, WebhookRejection, WebhookRejectionPage,
    WebhookRejectionQuery, WebhookRejectionStore,
};
use plimsoll_sql::{Limits, keep, unreadable, webhook_filter};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{PostgresBackend, text};

/// A row of a page: the total is there on all of them, and alone on a page without items.
#[derive(sqlx::FromRow)]
struct PageRow {
    total_count: i64,
    id: Option<i64>,
    flow_id: Option<Uuid>,
    trigger_key: Option<String>,
    received_at: Option<Instant>,
    remote_ip: Option<String>,
    reason: Option<String>,
    status_code: Option<i32>,
    body_bytes: Option<i64>,
    body_truncated: Option<String>,
    headers_json: Option<String>,
    scheme: Option<String>,
    processing_ms: Option<f64>,
    is_accepted: Option<bool>,
}

impl PageRow {
    fn into_rejection(self) -> Answer<Option<WebhookRejection>> {
        let Some(id) = self.id else { return Ok(None) };
        let broken = || unreadable(&format!("a webhook row {id} that is not whole"));
        Ok(Some(WebhookRejection {
            id,
            flow_id: self.flow_id.map(FlowId),
            trigger_key: self.trigger_key,
            received_at: self.received_at.ok_or_else(broken)?,
            remote_ip: self.remote_ip,
            reason: self.reason.ok_or_else(broken)?,
            status_code: self.status_code.and_then(|n| n.try_into().ok()).ok_or_else(broken)?,
            body_bytes: self.body_bytes.ok_or_else(broken)?.cast_unsigned(),
            body_truncated: self.body_truncated,
            headers_json: self.headers_json,
            scheme: self.scheme,
            processing_ms: self.processing_ms,
            is_accepted: self.is_accepted.ok_or_else(broken)?,
        }))
    }
}

#[async_trait]
impl WebhookRejectionStore for PostgresBackend {
    async fn write(&self, rejection: &WebhookRejection) -> Result<()> {
        let call = self.call()?;
        let row = rejection;
        call.statement(
            "INSERT INTO webhook_rejections (namespace, flow_id, trigger_key, received_at, \
                 remote_ip, reason, status_code, body_bytes, body_truncated, headers_json, \
                 scheme, processing_ms, is_accepted) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(row.flow_id.map(|id| id.0))
        .bind(text::optional("the trigger key", row.trigger_key.as_deref())?)
        .bind(keep(row.received_at)?)
        .bind(text::optional("the remote ip", row.remote_ip.as_deref())?)
        .bind(text::plain("the reason", &row.reason)?)
        .bind(i32::from(row.status_code))
        // As many bits; nothing computes with it.
        .bind(row.body_bytes.cast_signed())
        .bind(text::optional("the body", row.body_truncated.as_deref())?)
        .bind(text::optional("the headers", row.headers_json.as_deref())?)
        .bind(text::optional("the scheme", row.scheme.as_deref())?)
        .bind(row.processing_ms)
        .bind(row.is_accepted)
        .execute()
        .await?;
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
        let call = self.call()?;
        let limits = Limits::of_webhook_rows(filter.page);
        let reason = webhook_filter(text::optional("the reason", filter.reason.as_deref())?);
        let search = webhook_filter(text::optional("the search", filter.search.as_deref())?);
        let sql = page_statement(filter, reason.is_some(), search.is_some());
        let mut statement = call.statement(AssertSqlSafe(sql)).bind(limits.take).bind(limits.skip);
        if let Some(id) = filter.flow_id {
            statement = statement.bind(id.0);
        }
        for text in [reason, search].into_iter().flatten() {
            statement = statement.bind(text);
        }
        let rows: Vec<PageRow> = statement.read_all().await?;
        let total_count = rows.first().map_or(0, |row| row.total_count.cast_unsigned());
        let items = rows.into_iter().filter_map(|row| row.into_rejection().transpose());
        Ok(WebhookRejectionPage { items: items.collect::<Answer<_>>()?, total_count })
    }

    async fn counts_by_reason(&self, window: Duration) -> Result<Vec<(String, u64)>> {
        let call = self.call()?;
        let rows: Vec<(String, i64)> = call
            .statement(
                "SELECT min(reason), count(*) FROM webhook_rejections \
                 WHERE namespace = $1 AND received_at >= $2 AND NOT is_accepted AND reason <> '' \
                 GROUP BY lower(reason)",
            )
            .bind(start(call.now(), window)?)
            .read_all()
            .await?;
        Ok(rows.into_iter().map(|(reason, count)| (reason, count.cast_unsigned())).collect())
    }
}

/// The page and its total, in one statement and so of one moment (WEBHOOK-15). After namespace,
/// `LIMIT` and `OFFSET` come the values of the conditions, in this order.
fn page_statement(filter: &WebhookRejectionQuery, by_reason: bool, by_search: bool) -> String {
    let mut conditions = "namespace = $1".to_owned();
    match (filter.include_accepted, filter.include_rejected) {
        (true, true) => {}
        (true, false) => conditions.push_str(" AND is_accepted"),
        (false, true) => conditions.push_str(" AND NOT is_accepted"),
        (false, false) => conditions.push_str(" AND false"),
    }
    let mut parameter = 3;
    let mut and = |condition: &str| {
        parameter += 1;
        // Writing to a String cannot fail.
        let _ = write!(conditions, " AND {}", condition.replace('?', &format!("${parameter}")));
    };
    if filter.flow_id.is_some() {
        and("flow_id = ?");
    }
    if by_reason {
        and("lower(reason) = ?");
    }
    if by_search {
        and("(position(? in lower(reason)) > 0 OR position(? in lower(trigger_key)) > 0 \
             OR position(? in lower(remote_ip)) > 0)");
    }
    format!(
        "SELECT total.total_count, page.* \
         FROM (SELECT count(*) AS total_count FROM webhook_rejections WHERE {conditions}) total \
         LEFT JOIN ( \
             SELECT * FROM webhook_rejections WHERE {conditions} \
             ORDER BY id DESC LIMIT $2 OFFSET $3 \
         ) page ON true \
         ORDER BY page.id DESC"
    )
}

/// Where the window begins; one that reaches before the year 1 counts every row (WEBHOOK-21).
fn start(now: Instant, window: Duration) -> Answer<Instant> {
    let first = plimsoll_sql::from_micros(-62_135_596_800_000_000)?;
    let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
    let start = now.checked_sub_signed(window).unwrap_or(first).max(first);
    // Rows are kept to the microsecond, so a fraction of one may be cut off.
    Instant::from_timestamp_micros(start.timestamp_micros())
        .ok_or_else(|| Error::Other("the window has no beginning".to_owned()))
}
