//! What a long history costs: which indexes calls use, and whom a cleanup holds up.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{Database, Server, open};
use plimsoll_contract::{
    FlowId, Instant, Page, RetentionStore, RunId, RunRuntimeStore, RunStatus, RunStore,
    RunTimeseriesGranularity, StepStatus,
};
use plimsoll_postgres::{PostgresBackend, PostgresOptions};
use sqlx::{Connection, Executor};
use uuid::Uuid;

/// Writes a run an hour, of three steps each, into two namespaces.
const HISTORY: &str = "
INSERT INTO flow_runs (namespace, id, flow_id, flow_name, status, trigger_key, background_job_id,
    started_at, completed_at)
SELECT n, md5(n || i)::uuid, ('00000000-0000-0000-0000-' || lpad((i % 20)::text, 12, '0'))::uuid,
    'Flow ' || i % 20, CASE WHEN i % 10 = 0 THEN 'failed' ELSE 'succeeded' END, 'manual',
    'job-' || i, timestamptz '2026-01-01Z' + i * interval '1 hour',
    timestamptz '2026-01-01Z' + i * interval '1 hour' + i % 300 * interval '1 second'
FROM generate_series(1, 10000) i, unnest(ARRAY['one', 'other']) n;
INSERT INTO flow_steps (namespace, run_id, step_key, attempt_count, step_type, status, output_json,
    started_at, completed_at)
SELECT n, md5(n || i)::uuid, 'step_' || k, 1, 'http', 'succeeded',
    '{\"Invoice\":\"INV-' || i || '\"}', timestamptz '2026-01-01Z' + i * interval '1 hour',
    timestamptz '2026-01-01Z' + i * interval '1 hour'
FROM generate_series(1, 10000) i, generate_series(1, 3) k, unnest(ARRAY['one', 'other']) n;
INSERT INTO flow_step_attempts (namespace, run_id, step_key, attempt, step_type, status,
    output_json, started_at, completed_at)
SELECT namespace, run_id, step_key, 1, step_type, status, output_json, started_at, completed_at
FROM flow_steps";

/// The run of that number, in the namespace `one`.
async fn run_of(database: &Database, number: u32) -> RunId {
    let id = sqlx::query_scalar("SELECT md5('one' || $1::text)::uuid").bind(number.to_string());
    RunId(id.fetch_one(&mut database.connect().await).await.unwrap())
}

/// A database with a history, which the server has looked through.
async fn filled(server: &Server) -> Database {
    let database = server.database().await;
    open(&database.backend(), "one").await.unwrap();
    database.run(&format!("SET search_path = plimsoll; {HISTORY}")).await;
    database.run("VACUUM ANALYZE").await;
    database
}

/// How often each table was read from end to end, and each index used.
async fn scans(database: &Database) -> BTreeMap<String, i64> {
    let mut connection = database.connect().await;
    // A connection tells what it did when it ends.
    let others = "SELECT count(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND application_name = 'plimsoll'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    sqlx::query_as(
        "SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE schemaname = 'plimsoll' \
         UNION ALL SELECT indexrelname::text, idx_scan FROM pg_stat_user_indexes \
         WHERE schemaname = 'plimsoll'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
    .into_iter()
    .collect()
}

/// What a call reads by; tables are there only if they are read from end to end.
async fn used(database: &Database, call: impl AsyncFn(&PostgresBackend)) -> Vec<String> {
    let before = scans(database).await;
    let backend = PostgresBackend::new(database.options());
    open(&backend, "one").await.unwrap();
    call(&backend).await;
    drop(backend);
    let after = scans(database).await;
    let is_new = |(name, count): &(String, i64)| before.get(name) != Some(count);
    after.into_iter().filter(is_new).map(|(name, _)| name).collect()
}

const LARGE: [&str; 3] = ["flow_runs", "flow_steps", "flow_step_attempts"];

/// Expects a call to use the indexes, and no large table from end to end.
async fn uses(database: &Database, indexes: &[&str], call: impl AsyncFn(&PostgresBackend)) {
    let used = used(database, call).await;
    for table in LARGE {
        assert!(!used.iter().any(|name| name == table), "{table} is read whole: {used:?}");
    }
    for index in indexes {
        assert!(used.iter().any(|name| name == index), "{index} is not used: {used:?}");
    }
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

async fn page(
    backend: &PostgresBackend,
    flow: Option<FlowId>,
    status: Option<RunStatus>,
    search: Option<&str>,
) -> u64 {
    let page = Page { skip: 0, take: Some(5) };
    backend.get_runs_page(flow, status, page, search).await.unwrap().total_count
}

fn a_flow() -> Option<FlowId> {
    Some(FlowId(Uuid::from_u128(3)))
}

#[tokio::test]
async fn pages_and_searches_read_by_indexes() {
    let Some(server) = Server::find().await else { return };
    let database = filled(&server).await;
    let id = run_of(&database, 77).await.0.to_string();
    uses(&database, &["flow_runs_by_start"], async |backend| {
        assert_eq!(backend.get_runs(None, Page::default()).await.unwrap().len(), 50);
        assert_eq!(page(backend, None, None, None).await, 10_000);
    })
    .await;
    uses(&database, &["flow_runs_by_flow"], async |backend| {
        assert_eq!(backend.get_runs(a_flow(), Page::default()).await.unwrap().len(), 50);
        assert_eq!(page(backend, a_flow(), None, None).await, 500);
        assert_eq!(page(backend, a_flow(), Some(RunStatus::Succeeded), None).await, 500);
    })
    .await;
    uses(&database, &["flow_runs_by_status"], async |backend| {
        assert_eq!(page(backend, None, Some(RunStatus::Failed), None).await, 1_000);
    })
    .await;
    let texts = ["flow_runs_by_text", "flow_step_attempts_by_text"];
    uses(&database, &texts, async |backend| {
        assert_eq!(page(backend, None, None, Some("inv-9999\"")).await, 1);
        assert_eq!(page(backend, None, None, Some("JOB-1234")).await, 1);
        assert_eq!(page(backend, a_flow(), None, Some("inv-4_3")).await, 0);
        assert_eq!(page(backend, None, None, Some("a text that is nowhere")).await, 0);
    })
    .await;
    uses(&database, &["flow_runs_pkey"], async |backend| {
        assert_eq!(page(backend, None, None, Some(&id)).await, 1);
        assert_eq!(page(backend, None, None, Some(&id[..13])).await, 1);
        assert_eq!(page(backend, None, None, Some(&id[4..])).await, 1);
    })
    .await;
}

#[tokio::test]
async fn charts_and_lists_read_by_indexes() {
    let Some(server) = Server::find().await else { return };
    let database = filled(&server).await;
    let (since, until) = (at("2026-02-01T00:00:00Z"), at("2026-05-02T00:00:00Z"));
    for granularity in [RunTimeseriesGranularity::Hour, RunTimeseriesGranularity::Day] {
        uses(&database, &["flow_runs_by_start"], async |backend| {
            let series = backend.get_run_timeseries(granularity, since, until, None).await.unwrap();
            assert_eq!(series.iter().map(|bucket| bucket.total).sum::<u64>(), 2_160);
        })
        .await;
        uses(&database, &["flow_runs_by_flow"], async |backend| {
            let series = backend.get_run_timeseries(granularity, since, until, a_flow());
            assert_eq!(series.await.unwrap().iter().map(|bucket| bucket.total).sum::<u64>(), 108);
        })
        .await;
    }
    uses(&database, &["flow_runs_by_status", "flow_runs_by_completion"], async |backend| {
        assert_eq!(backend.get_statistics().await.unwrap().active_runs, 0);
    })
    .await;
    uses(&database, &["flow_runs_by_status"], async |backend| {
        assert_eq!(backend.get_active_runs().await.unwrap(), []);
    })
    .await;
    uses(&database, &["flow_runs_by_source"], async |backend| {
        assert_eq!(backend.get_derived_runs(RunId::default()).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn steps_and_cleanup_read_by_indexes() {
    let Some(server) = Server::find().await else { return };
    let database = filled(&server).await;
    let run = run_of(&database, 9_000).await;
    uses(&database, &["flow_steps_pkey", "flow_step_attempts_pkey"], async |backend| {
        assert_eq!(backend.get_run_detail(run).await.unwrap().unwrap().steps.len(), 3);
        backend.record_step_start(run, "step_1", "http", None, None).await.unwrap();
        let (key, status) = ("step_1", StepStatus::Succeeded);
        backend.record_step_complete(run, key, status, Some("1"), None).await.unwrap();
        assert!(backend.try_record_dispatch(run, key).await.unwrap());
        assert!(backend.try_claim_step(run, key).await.unwrap());
        assert_eq!(backend.get_step_statuses(run).await.unwrap().len(), 3);
        backend.complete_run(run, RunStatus::Succeeded).await.unwrap();
        backend.retry_step(run, key).await.unwrap();
    })
    .await;
    uses(&database, &["flow_runs_by_completion"], async |backend| {
        backend.cleanup(at("2026-02-11T00:00:00Z")).await.unwrap();
        assert_eq!(page(backend, None, None, None).await, 10_000 - 983);
    })
    .await;
}

/// A role that may make no extension, and a schema for it; how it logs in.
async fn modest_role(database: &Database) -> PostgresOptions {
    let role = format!("{}_modest", database.name);
    database.run(&format!("CREATE ROLE {role} LOGIN")).await;
    database.run(&format!("CREATE SCHEMA plimsoll AUTHORIZATION {role}")).await;
    let url = database.url.replace("postgres@", &format!("{role}@"));
    PostgresOptions::from_url(&url).unwrap().database(&database.name)
}

#[tokio::test]
async fn searches_find_the_same_without_an_index() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    let options = modest_role(&database).await;
    let modest = PostgresBackend::new(options);
    open(&modest, "one").await.expect("the extension is not needed");
    database.run(&format!("SET search_path = plimsoll; {HISTORY}")).await;
    database.run("ANALYZE").await;
    let searches = ["inv-9999\"", "JOB-12", "w 1", "_1", "%", "\\", "uc", "manual\njob", "manual"];
    let count = async || {
        let mut counts = Vec::new();
        for search in searches {
            counts.push(page(&modest, None, None, Some(search)).await);
        }
        counts
    };
    let found = count().await;
    assert_eq!(found, [1, 111, 5_500, 10_000, 0, 0, 9_000, 0, 10_000]);
    let mut connection = database.connect().await;
    connection.execute("CREATE EXTENSION pg_trgm").await.unwrap();
    let make = "SET search_path = plimsoll; SELECT index_searches()";
    connection.execute(make).await.unwrap();
    database.run("ANALYZE").await;
    assert_eq!(count().await, found);
    drop(modest);
    database.run(&format!("DROP OWNED BY {}_modest CASCADE", database.name)).await;
    database.run(&format!("DROP ROLE {}_modest", database.name)).await;
}

#[tokio::test]
async fn a_cleanup_holds_up_no_claim() {
    let Some(server) = Server::find().await else { return };
    let database = filled(&server).await;
    let backend = Arc::new(PostgresBackend::new(database.options()));
    open(&backend, "one").await.unwrap();
    let (first, later) = (run_of(&database, 1).await, run_of(&database, 5_000).await);
    // The cleanup stops in the middle, at a run that somebody else is changing.
    let mut other = database.connect().await;
    let mut holding = other.begin().await.unwrap();
    let hold = "SELECT FROM plimsoll.flow_runs WHERE namespace = 'one' AND id = $1 FOR UPDATE";
    sqlx::query(hold).bind(later.0).execute(&mut *holding).await.unwrap();
    let cleaning = tokio::spawn({
        let backend = Arc::clone(&backend);
        async move { backend.cleanup(at("2027-01-01T00:00:00Z")).await }
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *holding).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(backend.get_run_detail(first).await.unwrap(), None, "what is done is committed");
    for run in [first, later, run_of(&database, 5_001).await, run_of(&database, 9_999).await] {
        assert!(backend.try_claim_step(run, "step_1").await.unwrap());
        assert!(backend.try_record_dispatch(run, "step_1").await.unwrap());
    }
    backend.record_step_start(later, "step_4", "http", None, None).await.unwrap();
    assert!(!cleaning.is_finished(), "all of it happened during the cleanup");
    holding.rollback().await.unwrap();
    cleaning.await.unwrap().unwrap();
    assert_eq!(backend.get_run_detail(later).await.unwrap(), None);
}
