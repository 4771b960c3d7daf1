//! What `open` makes of a database, what it refuses, and what `discard` leaves.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::sync::Arc;

use common::{Database, Server, open};
use plimsoll_contract::{
    Backend, CallError, ErrorKind, FlowDefinition, FlowEvent, FlowId, FlowStore, OutputsRepository,
    RunControlStore, RunId, RunRuntimeStore, RunStore, ScheduleState, ScheduleStateStore,
    SignalStore, StartRun, StepStatus, WebhookRejection, WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_postgres::PostgresBackend;
use sqlx::{AssertSqlSafe, Row};
use tokio::task::JoinSet;
use uuid::Uuid;

/// The tables of the schema, and how many rows of the namespace each has.
async fn rows(database: &Database, namespace: &str) -> Vec<(String, i64)> {
    let mut connection = database.connect().await;
    let tables = "SELECT table_name::text FROM information_schema.columns \
                  WHERE table_schema = 'plimsoll' AND column_name = 'namespace' ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    let mut counts = Vec::new();
    for table in tables {
        let sql = format!("SELECT count(*) FROM plimsoll.{table} WHERE namespace = $1");
        let count = sqlx::query(AssertSqlSafe(sql)).bind(namespace).fetch_one(&mut connection);
        counts.push((table, count.await.unwrap().get::<i64, _>(0)));
    }
    counts
}

fn message(error: &CallError) -> String {
    assert!(matches!(error, CallError::Answered(_)), "{error:?}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_instances_make_the_tables_once() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    let mut opening = JoinSet::new();
    for _ in 0..16 {
        let backend = database.backend();
        opening.spawn(async move { open(&backend, "first").await.map(|()| backend) });
    }
    let opened = opening.join_all().await;
    for backend in &opened {
        let backend = backend.as_ref().expect("every open succeeds");
        assert_eq!(backend.get_active_runs().await.unwrap(), []);
    }
    assert_eq!(rows(&database, "first").await.len(), 15);
    let mut connection = database.connect().await;
    let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM plimsoll._sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(applied, 3);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_changes_nothing() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    let early = database.backend();
    open(&early, "early").await.unwrap();
    database
        .run(
            "INSERT INTO plimsoll._sqlx_migrations (version, description, success, checksum, \
             execution_time) VALUES (9999, 'of the future', true, '\\x00', 1)",
        )
        .await;
    let late = database.backend();
    for backend in [&late, &early] {
        let error = open(backend, "late").await.unwrap_err();
        assert_eq!(error.kind(), Some(ErrorKind::Other));
        assert!(message(&error).contains("newer than this version knows; upgrade plimsoll"));
    }
    let error = late.discard("early").await.unwrap_err();
    assert!(message(&error).contains("newer"), "{error}");
    assert_eq!(message(&late.get_active_runs().await.unwrap_err()), "not open");
    assert!(early.try_claim_step(RunId::default(), "step").await.unwrap(), "it is open as before");
    assert_eq!(rows(&database, "early").await.iter().map(|(_, count)| count).sum::<i64>(), 1);
}

#[tokio::test]
async fn a_schema_of_somebody_else_is_refused() {
    let Some(server) = Server::find().await else { return };
    let theirs = [
        "CREATE TABLE plimsoll.flow_runs (id integer)",
        "CREATE TABLE plimsoll._sqlx_migrations (id integer)",
        "CREATE TABLE plimsoll._sqlx_migrations (version bigint, success boolean, checksum bytea); \
         INSERT INTO plimsoll._sqlx_migrations VALUES (1, true, '\\x00')",
    ];
    for sql in theirs {
        let database = server.database().await;
        database.run("CREATE SCHEMA plimsoll").await;
        for statement in sql.split("; ") {
            database.run(statement).await;
        }
        let backend = database.backend();
        for error in
            [open(&backend, "any").await.unwrap_err(), backend.discard("any").await.unwrap_err()]
        {
            assert_eq!(error.kind(), Some(ErrorKind::Other), "{error}");
            assert!(message(&error).contains("belongs to somebody else"), "{error}");
        }
        assert_eq!(rows(&database, "any").await, [], "no table was made");
        let elsewhere = database.options().schema("flows_of_ours").unwrap();
        open(&PostgresBackend::new(elsewhere), "any").await.expect("another schema is fine");
    }
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    database.administrate("DROP DATABASE {}").await;
    database
        .administrate(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
        )
        .await;
    let error = open(&database.backend(), "any").await.unwrap_err();
    assert!(message(&error).contains("create one with UTF8"), "{error}");
}

#[tokio::test]
async fn commits_wait_for_the_disk_whatever_the_database_says() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    database.administrate("ALTER DATABASE {} SET synchronous_commit = off").await;
    database
        .administrate("ALTER DATABASE {} SET default_transaction_isolation = serializable")
        .await;
    // It reads the setting back and refuses one that is off.
    open(&database.backend(), "any").await.unwrap();
}

/// Leaves something in every table.
async fn write_everything(backend: &PostgresBackend) {
    let (run, flow) = (RunId(Uuid::from_u128(1)), FlowId(Uuid::from_u128(2)));
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let (key, text) = ("step", || "text".to_owned());
    let definition = FlowDefinition {
        id: flow,
        name: text(),
        version: text(),
        manifest_json: None,
        is_enabled: true,
        created_at: now,
        updated_at: now,
    };
    FlowStore::save(backend, &definition).await.unwrap();
    let start = StartRun {
        flow_id: flow,
        flow_name: text(),
        run_id: run,
        trigger_key: text(),
        trigger_data_json: None,
        job_id: None,
        source_run_id: None,
    };
    backend.start_run(&start).await.unwrap();
    backend.record_step_start(run, key, "type", None, None).await.unwrap();
    backend.record_step_complete(run, key, StepStatus::Failed, None, None).await.unwrap();
    backend.try_record_dispatch(run, key).await.unwrap();
    backend.try_claim_step(run, key).await.unwrap();
    backend.configure_run(run, flow, "trigger", None, None).await.unwrap();
    backend.try_register_idempotency_key(flow, "trigger", "key", run).await.unwrap();
    backend.save_step_output(run, key, "1").await.unwrap();
    let event = FlowEvent { timestamp: now, event_type: text(), step_key: None, message: None };
    backend.record_event(run, &event).await.unwrap();
    backend.register_waiter(run, key, "signal", None).await.unwrap();
    let state = ScheduleState {
        job_id: text(),
        flow_id: flow,
        flow_name: text(),
        trigger_key: text(),
        is_paused: true,
        cron_override: None,
        updated_at: now,
    };
    ScheduleStateStore::save(backend, &state).await.unwrap();
    backend.try_register(flow, "trigger", "nonce", now).await.unwrap();
    backend.write(&rejection(now)).await.unwrap();
}

fn rejection(received_at: plimsoll_contract::Instant) -> WebhookRejection {
    WebhookRejection {
        id: 0,
        flow_id: None,
        trigger_key: None,
        received_at,
        remote_ip: None,
        reason: "late".to_owned(),
        status_code: 401,
        body_bytes: 0,
        body_truncated: None,
        headers_json: None,
        scheme: None,
        processing_ms: None,
        is_accepted: false,
    }
}

#[tokio::test]
async fn discard_leaves_nothing_of_the_namespace_and_all_of_another() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    let backend = database.backend();
    for namespace in ["kept", "discarded"] {
        open(&backend, namespace).await.unwrap();
        write_everything(&backend).await;
        for (table, count) in rows(&database, namespace).await {
            assert!(count > 0, "nothing was written to {table}, so nothing is shown of it");
        }
    }
    let kept = rows(&database, "kept").await;
    database.backend().discard("discarded").await.unwrap();
    for (table, count) in rows(&database, "discarded").await {
        assert_eq!(count, 0, "{table}");
    }
    assert_eq!(rows(&database, "kept").await, kept);
    write_everything(&backend).await;
}

#[tokio::test]
async fn discard_needs_no_schema_and_makes_none() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    database.backend().discard("any").await.unwrap();
    assert_eq!(rows(&database, "any").await, []);
}

/// Text of this length that does not compress, which an index would do before it measures.
fn noise(length: usize) -> String {
    let mut state = 7_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + (state >> 33).to_le_bytes()[0] % 94)
    };
    (0..length).map(|_| next()).collect()
}

#[tokio::test]
async fn the_longest_keys_fit_and_longer_ones_are_refused() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    let backend: Arc<PostgresBackend> = database.backend();
    open(&backend, &noise(255)).await.unwrap();
    let error = open(&backend, &noise(256)).await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
    let (run, flow, longest, longer) =
        (RunId::default(), FlowId::default(), noise(1_024), noise(1_025));
    assert!(backend.try_claim_step(run, &longest).await.unwrap());
    assert!(backend.try_register_idempotency_key(flow, &longest, &longest, run).await.unwrap());
    let found = backend.find_run_id_by_idempotency_key(flow, &longest, &longest).await.unwrap();
    assert_eq!(found, Some(run));
    let expires_at = "2026-01-02T03:04:05Z".parse().unwrap();
    assert!(backend.try_register(flow, &longest, &longest, expires_at).await.unwrap());
    backend.register_waiter(run, &longest, &longest, None).await.unwrap();
    for bad in [longer.as_str(), "with\0nul"] {
        let error = backend.try_claim_step(run, bad).await.unwrap_err();
        assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument), "{error}");
    }
}
