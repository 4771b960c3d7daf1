//! `get-runs-page`: the runs that match, and their number, of one moment (RUN-37).

use std::fmt::Write;

use plimsoll_contract::{Answer, FlowId, FlowRunPage, Page, Result, RunStatus};
use plimsoll_sql::{IdSearch, Limits, statuses_with};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, Row};
use uuid::Uuid;

use crate::call::Call;
use crate::run_row::RunRow;

/// Whether a run `r` or one of its attempts holds a text: `?` as it is, folded; `%` as a pattern of
/// `LIKE`; `#` the statuses that hold it. Steps have nothing to find that their attempts lack, and
/// the attempts of a step that was reset are kept (RUN-69).
///
/// The pattern is looked for where an index is on, in all fields of a row at once. Ids stand apart.
const FOUND: &str = "r.id IN (
    SELECT own.id FROM flow_runs own WHERE own.namespace = $1 AND own.status = ANY (#)
    UNION ALL
    SELECT own.id FROM flow_runs own WHERE own.namespace = $1
        AND lower(own.flow_name || chr(10) || own.trigger_key || chr(10)
            || COALESCE(own.background_job_id, '')) LIKE %{in one field of a run}
    UNION ALL
    SELECT a.run_id FROM flow_step_attempts a WHERE a.namespace = $1
        AND lower(a.step_key || chr(10) || COALESCE(a.error_message, '') || chr(10)
            || COALESCE(a.output_json, '')) LIKE %{in one field of an attempt}~)";

/// What a text with a line feed must hold to besides: else it could be found across two fields.
const IN_ONE_FIELD: [(&str, &str); 2] = [
    (
        "{in one field of a run}",
        "
        AND (position(? in lower(own.flow_name)) > 0
            OR position(? in lower(own.trigger_key)) > 0
            OR position(? in lower(own.background_job_id)) > 0)",
    ),
    (
        "{in one field of an attempt}",
        "
        AND (position(? in lower(a.step_key)) > 0
            OR position(? in lower(a.error_message)) > 0
            OR position(? in lower(a.output_json)) > 0)",
    ),
];

/// For `~`, if every id has to be looked at.
const ID_ANYWHERE: &str = "
    UNION ALL
    SELECT own.id FROM flow_runs own WHERE own.namespace = $1 AND position(? in own.id::text) > 0";

/// For `~`, if the text can only be the beginning of an id, from `[` to `]`.
const ID_WITHIN: &str = "
    UNION ALL
    SELECT own.id FROM flow_runs own
    WHERE own.namespace = $1 AND own.id BETWEEN [ AND ]";

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
    let ids = search.as_deref().map_or(IdSearch::Nowhere, IdSearch::of);
    let found = search.as_deref().map(found);
    let sql = page_statement(flow_id.is_some(), status.is_some(), found);
    let mut statement = call.statement(AssertSqlSafe(sql)).bind(limits.take).bind(limits.skip);
    if let Some(id) = flow_id {
        statement = statement.bind(id.0);
    }
    if let Some(status) = status {
        statement = statement.bind(status.name());
    }
    if let Some(search) = search {
        // How many rows hold the text decides on the plan, so that each search needs its own.
        statement = statement.planned_anew();
        statement =
            statement.bind(statuses_with(&search).collect::<Vec<_>>()).bind(pattern(&search));
        if marks_of(&search).contains('?') {
            statement = statement.bind(search);
        }
    }
    if let IdSearch::Within(first, last) = ids {
        statement = statement.bind(first).bind(last);
    }
    let rows: Vec<PageRow> = statement.read_all().await?;
    let total_count = rows.first().map_or(0, |row| row.total_count.cast_unsigned());
    let items = rows.into_iter().filter_map(|row| row.run).map(RunRow::into_run);
    Ok(FlowRunPage { items: items.collect::<Answer<_>>()?, total_count })
}

/// The text anywhere in another, for `LIKE`, each of its characters literal (RUN-34).
fn pattern(search: &str) -> String {
    let mut pattern = "%".to_owned();
    for character in search.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The condition for a text, and the marks in it.
fn found(search: &str) -> (String, &'static str) {
    let ids = match IdSearch::of(search) {
        IdSearch::Nowhere => "",
        IdSearch::Anywhere => ID_ANYWHERE,
        IdSearch::Within(..) => ID_WITHIN,
    };
    let mut found = FOUND.replace('~', ids);
    for (place, condition) in IN_ONE_FIELD {
        found = found.replace(place, if search.contains('\n') { condition } else { "" });
    }
    (found, marks_of(search))
}

/// The marks in the condition for a text, in the order of their values.
fn marks_of(search: &str) -> &'static str {
    match IdSearch::of(search) {
        IdSearch::Nowhere if search.contains('\n') => "#%?",
        IdSearch::Nowhere => "#%",
        IdSearch::Anywhere => "#%?",
        IdSearch::Within(..) => "#%[]",
    }
}

/// After namespace, `LIMIT` and `OFFSET` come the values of the conditions, in this order. A
/// condition that is not asked for is left out, so that each statement has the plan that suits it.
fn page_statement(by_flow: bool, by_status: bool, found: Option<(String, &'static str)>) -> String {
    let by_flow = by_flow.then(|| ("r.flow_id = ?".to_owned(), "?"));
    let by_status = by_status.then(|| ("r.status = ?".to_owned(), "?"));
    let is_search = found.is_some();
    let mut conditions = "r.namespace = $1".to_owned();
    let mut parameter = 3;
    for (mut condition, marks) in [by_flow, by_status, found].into_iter().flatten() {
        for mark in marks.chars() {
            parameter += 1;
            condition = condition.replace(mark, &format!("${parameter}"));
        }
        // Writing to a String cannot fail.
        let _ = write!(conditions, " AND {condition}");
    }
    // A search reads every run once, and not once more for the total; no more of it than decides
    // on its place, for there may be many.
    let materialised = if is_search { "MATERIALIZED" } else { "NOT MATERIALIZED" };
    format!(
        "WITH matching AS {materialised} ( \
             SELECT r.id, r.started_at FROM flow_runs r WHERE {conditions} \
         ) \
         SELECT total.total_count, page.* \
         FROM (SELECT count(*) AS total_count FROM matching) total \
         LEFT JOIN ( \
             SELECT run.* FROM ( \
                 SELECT * FROM matching ORDER BY started_at DESC, id LIMIT $2 OFFSET $3 \
             ) listed JOIN flow_runs run ON run.namespace = $1 AND run.id = listed.id \
         ) page ON true \
         ORDER BY page.started_at DESC, page.id"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_a_search_is_literal() {
        assert_eq!(pattern(r"100%_\["), r"%100\%\_\\[%");
    }
}
