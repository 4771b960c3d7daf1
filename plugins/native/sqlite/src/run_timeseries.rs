//! `get-run-timeseries`: SQLite counts through the buckets and hands over one text each, for a row a
//! run would take ten times as long.

use chrono::TimeDelta;
use plimsoll_contract::{Answer, FlowId, Instant, RunStatus, RunTimeseriesBucket};
use plimsoll_sql::{Window, from_micros, run_status, unreadable};

use crate::database::Open;

/// The bounds are ?2 and ?3, the start of the first bucket is ?4, and the width of each is ?5.
macro_rules! series {
    ($condition:literal) => {
        concat!(
            "WITH RECURSIVE bucket (start) AS (
                 SELECT ?4 WHERE ?2 < ?3
                 UNION ALL
                 SELECT start + ?5 FROM bucket WHERE start + ?5 < ?3
             )
             SELECT max(start, ?2),
                 (SELECT group_concat(
                      status || ' ' || coalesce(completed_at - started_at, ''), ',')
                  FROM flow_runs
                  WHERE namespace = ?1 ",
            $condition,
            " AND started_at >= max(start, ?2) AND started_at < min(start + ?5, ?3))
             FROM bucket"
        )
    };
}

/// A run: when its bucket begins, how much later it would have ended, and its status.
type Span = (Instant, Option<Instant>, RunStatus);

/// The buckets of the window, of one flow or of all.
pub(crate) async fn series(
    open: &Open,
    window: &Window,
    flow_id: Option<FlowId>,
) -> Answer<Vec<RunTimeseriesBucket>> {
    let (first, last) = window.exact_bounds()?;
    let (start, width) = window.first_bucket();
    let select = open
        .select::<(i64, Option<String>)>(match flow_id {
            None => series!(""),
            Some(_) => series!("AND flow_id = ?6"),
        })
        .bind(first.timestamp_micros())
        .bind(last.timestamp_micros())
        .bind(start)
        .bind(width)
        .bind(flow_id.map(|id| id.0));
    let mut spans = Vec::new();
    for (start, runs) in open.database.all(select).await? {
        let start = from_micros(start)?;
        for run in runs.iter().flat_map(|runs| runs.split(',')) {
            spans.push(span(start, run)?);
        }
    }
    window.buckets(spans)
}

/// Reads a run, of `status duration` or `status `.
fn span(start: Instant, run: &str) -> Answer<Span> {
    let wrong = || unreadable(&format!("the span `{run}`"));
    let (status, duration) = run.split_once(' ').ok_or_else(wrong)?;
    let end = match duration {
        "" => None,
        micros => {
            let duration = TimeDelta::microseconds(micros.parse().map_err(|_| wrong())?);
            Some(start.checked_add_signed(duration).ok_or_else(wrong)?)
        }
    };
    Ok((start, end, run_status(status)?))
}
