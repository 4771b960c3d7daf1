//! `get-runs-page`: the runs that match, and their number, of one moment (RUN-37).

use std::fmt::Write;

use plimsoll_contract::{Answer, FlowId, FlowRunPage, Page, Result, RunStatus};
use plimsoll_sql::Limits;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use crate::call::Call;
use crate::run_row::RunRow;

/// Whether a run `r` or one of its steps holds the text `?`, which is folded. Attempts of a step
/// that was reset count, as they are kept (RUN-69). Each table is read once: to look up the steps
/// of one run after another takes ten times as long.
const FOUND: &str = "r.id IN (
    SELECT own.id FROM flow_runs own WHERE own.namespace = $1 AND (
        position(? in own.id::text) > 0
        OR position(? in lower(own.flow_name)) > 0
        OR position(? in lower(own.trigger_key)) > 0
        OR position(? in own.status) > 0
        OR position(? in lower(own.background_job_id)) > 0)
    UNION ALL
    SELECT s.run_id FROM flow_steps s WHERE s.namespace = $1 AND (
        position(? in lower(s.step_key)) > 0
        OR position(? in lower(s.error_message)) > 0
        OR position(? in lower(s.output_json)) > 0)
    UNION ALL
    SELECT a.run_id FROM flow_step_attempts a WHERE a.namespace = $1 AND (
        position(? in lower(a.error_message)) > 0
        OR position(? in lower(a.output_json)) > 0))";

/// A row of a page: the total is there on all of them, and alone on a page without items.
struct PageRow {
    total_count: i64,
    run: Option<RunRow>,
}

impl FromRow<'_, PgRow> for PageRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let run = match row.try_get::<Option<Uuid>, _>("id")? {
            Some(_) => Some(RunRow::from_row(row)?),
            None => None,
        };
        Ok(Self { total_count: row.try_get("total_count")?, run })
    }
}

/// The page of the runs that match; `search` is folded.
pub(crate) async fn run_page(
    call: &Call,
    flow_id: Option<FlowId>,
    status: Option<RunStatus>,
    page: Page,
    search: Option<String>,
) -> Result<FlowRunPage> {
    let limits = Limits::of_runs(page);
    let sql = page_statement(flow_id.is_some(), status.is_some(), search.is_some());
    let mut statement = call.statement(AssertSqlSafe(sql)).bind(limits.take).bind(limits.skip);
    if let Some(id) = flow_id {
        statement = statement.bind(id.0);
    }
    if let Some(status) = status {
        statement = statement.bind(status.name());
    }
    if let Some(search) = search {
        statement = statement.bind(search);
    }
    let rows: Vec<PageRow> = statement.read_all().await?;
    let total_count = rows.first().map_or(0, |row| row.total_count.cast_unsigned());
    let items = rows.into_iter().filter_map(|row| row.run).map(RunRow::into_run);
    Ok(FlowRunPage { items: items.collect::<Answer<_>>()?, total_count })
}

/// After namespace, `LIMIT` and `OFFSET` come the values of the conditions, in this order. A
/// condition that is not asked for is left out, so that each of the eight statements has the plan
/// that suits it.
fn page_statement(by_flow: bool, by_status: bool, by_search: bool) -> String {
    let mut conditions = "r.namespace = $1".to_owned();
    let mut parameter = 3;
    for (is_asked, condition) in
        [(by_flow, "r.flow_id = ?"), (by_status, "r.status = ?"), (by_search, FOUND)]
    {
        if is_asked {
            parameter += 1;
            // Writing to a String cannot fail.
            let _ = write!(conditions, " AND {}", condition.replace('?', &format!("${parameter}")));
        }
    }
    // A search reads every run once, and not once more for the total.
    let materialised = if by_search { "MATERIALIZED" } else { "NOT MATERIALIZED" };
    format!(
        "WITH matching AS {materialised} (SELECT r.* FROM flow_runs r WHERE {conditions}) \
         SELECT total.total_count, page.* \
         FROM (SELECT count(*) AS total_count FROM matching) total \
         LEFT JOIN ( \
             SELECT * FROM matching ORDER BY started_at DESC, id LIMIT $2 OFFSET $3 \
         ) page ON true \
         ORDER BY page.started_at DESC, page.id"
    )
}
