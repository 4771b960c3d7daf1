//! Whose database it is, and what opening does to it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::path::Path;
use std::sync::Arc;

use plimsoll_contract::{
    Backend, CallError, Error, FlowStore, OpenConfig, RunId, RunRuntimeStore, SystemClock,
};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::task::JoinSet;

async fn open(path: &Path) -> Result<SqliteBackend, CallError> {
    let backend = SqliteBackend::new(SqliteOptions::file(path));
    backend.open(&OpenConfig::namespace("test"), Arc::new(SystemClock)).await?;
    Ok(backend)
}

/// What `open` says of the database at `path`.
async fn refusal(path: &Path) -> String {
    match open(path).await.map(|_| ()) {
        Err(CallError::Answered(Error::Other(message))) => message,
        other => panic!("{other:?}"),
    }
}

/// A connection that knows nothing of the backend.
async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

async fn text(connection: &mut SqliteConnection, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

const SCHEMA: &str = "SELECT coalesce(group_concat(sql, ';'), '') FROM sqlite_schema";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_a_new_file_at_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flow.db");
        let mut opening = JoinSet::new();
        for _ in 0..16 {
            let path = path.clone();
            opening.spawn(async move { open(&path).await });
        }
        let backends = opening.join_all().await;
        let mut winners = 0;
        for backend in backends {
            let claimed = backend.unwrap().try_claim_step(RunId::default(), "charge").await;
            winners += usize::from(claimed.unwrap());
        }
        assert_eq!(winners, 1, "all of them opened one database");
    }
}

#[tokio::test]
async fn the_file_is_in_write_ahead_mode_and_marked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.db");
    let _backend = open(&path).await.unwrap();
    let mut raw = raw(&path).await;
    assert_eq!(text(&mut raw, "PRAGMA journal_mode").await, "wal");
    let mark = "SELECT printf('%x', application_id) FROM pragma_application_id";
    assert_eq!(text(&mut raw, mark).await, "504c494d");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.db");
    drop(open(&path).await.unwrap());
    let mut raw = raw(&path).await;
    run(
        &mut raw,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of a later version', TRUE, x'00', 0)",
    )
    .await;
    let before = text(&mut raw, SCHEMA).await;
    assert!(refusal(&path).await.contains("newer than this version knows; upgrade plimsoll"));
    assert_eq!(text(&mut raw, SCHEMA).await, before);
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.db");
    drop(open(&path).await.unwrap());
    run(&mut raw(&path).await, "UPDATE _sqlx_migrations SET checksum = x'00'").await;
    assert!(refusal(&path).await.contains("somebody else changed its tables"));
}

#[tokio::test]
async fn tables_without_our_migrations_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.db");
    drop(open(&path).await.unwrap());
    let mut raw = raw(&path).await;
    run(&mut raw, "DROP TABLE _sqlx_migrations").await;
    let before = text(&mut raw, SCHEMA).await;
    assert!(refusal(&path).await.contains("already exists"));
    assert_eq!(text(&mut raw, SCHEMA).await, before, "what the refused open began is undone");
}

#[tokio::test]
async fn the_database_of_somebody_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.db");
    let mut raw = raw(&path).await;
    run(&mut raw, "CREATE TABLE theirs (id INTEGER)").await;
    let before = std::fs::read(&path).unwrap();
    assert!(refusal(&path).await.contains("belongs to another application"));
    assert_eq!(std::fs::read(&path).unwrap(), before);

    run(&mut raw, "DROP TABLE theirs; PRAGMA application_id = 7").await;
    assert!(refusal(&path).await.contains("belongs to another application"));
}

#[tokio::test]
async fn a_refused_open_leaves_the_one_before_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let backend = open(&folder.path().join("flow.db")).await.unwrap();
    let long = OpenConfig::namespace("n".repeat(256));
    let refused = backend.open(&long, Arc::new(SystemClock)).await;
    assert!(matches!(refused, Err(CallError::Answered(Error::InvalidArgument(_)))));
    assert_eq!(backend.get_all().await.unwrap(), []);
}
