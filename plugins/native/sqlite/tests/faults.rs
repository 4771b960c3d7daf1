//! What becomes of calls while the database cannot be used, and after.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use plimsoll_contract::{
    Backend, CallError, Error, OpenConfig, OutputsRepository, Result, RunId, RunRuntimeStore,
    RunStore, SystemClock,
};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

const RUN: RunId = RunId(Uuid::from_u128(1));

fn new_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.db");
    (folder, path)
}

async fn open(backend: &SqliteBackend) -> Result<()> {
    backend.open(&OpenConfig::namespace("test"), Arc::new(SystemClock)).await
}

async fn opened(options: SqliteOptions) -> SqliteBackend {
    let backend = SqliteBackend::new(options);
    open(&backend).await.unwrap();
    backend
}

/// The text of an `unavailable`.
fn unavailable<T: std::fmt::Debug>(answer: Result<T>) -> String {
    match answer {
        Err(CallError::Answered(Error::Unavailable(message))) => message,
        other => panic!("{other:?}"),
    }
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_leaves_nothing_half_written() {
    let (_folder, path) = new_file();
    let backend = Arc::new(opened(SqliteOptions::file(&path).max_pages(150)).await);
    let text = "x".repeat(64 * 1024);
    backend.save_trigger_data(RUN, &text).await.unwrap();
    let mut saving = JoinSet::new();
    for number in 0..32 {
        let (backend, text) = (Arc::clone(&backend), text.clone());
        saving.spawn(async move {
            let key = number.to_string();
            (key.clone(), backend.save_step_output(RUN, &key, &text).await)
        });
    }
    let mut refused = 0;
    for (key, saved) in saving.join_all().await {
        let kept = backend.get_step_output(RUN, &key).await.unwrap();
        if saved.is_ok() {
            assert_eq!(kept.as_deref(), Some(text.as_str()), "what was acknowledged is there");
            continue;
        }
        refused += 1;
        assert!(unavailable(saved).contains("make room on the disk"));
        assert_eq!(kept, None, "what was refused is not");
    }
    assert!(refused > 0, "150 pages do not hold 33 texts");
    assert_eq!(backend.get_trigger_data(RUN).await.unwrap(), Some(text.clone()));

    let whole = "x".repeat(1024 * 1024);
    unavailable(backend.record_step_start(RUN, "charge", "http", Some(&whole), None).await);
    assert_eq!(backend.get_step_statuses(RUN).await.unwrap(), []);

    backend.discard("test").await.unwrap();
    backend.record_step_start(RUN, "charge", "http", Some(&text), None).await.unwrap();
    assert_eq!(backend.get_step_statuses(RUN).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_memory_keeps_what_it_holds() {
    let backend = opened(SqliteOptions::memory().max_pages(100)).await;
    backend.save_trigger_data(RUN, "1").await.unwrap();
    let whole = "x".repeat(1024 * 1024);
    unavailable(backend.record_step_start(RUN, "charge", "http", Some(&whole), None).await);
    assert_eq!(backend.get_step_statuses(RUN).await.unwrap(), []);
    assert_eq!(backend.get_trigger_data(RUN).await.unwrap().as_deref(), Some("1"));
    assert!(backend.try_claim_step(RUN, "charge").await.unwrap());
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_then_unavailable() {
    let (_folder, path) = new_file();
    let options = SqliteOptions::file(&path).busy_timeout(Duration::from_millis(50));
    let backend = opened(options).await;
    let mut other = raw(&path).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let claim = unavailable(backend.try_claim_step(RUN, "charge").await);
    assert!(claim.contains("another connection holds the database"), "{claim}");
    // Several statements, and several jobs at once, wait in another way.
    unavailable(backend.retry_step(RUN, "charge").await);
    let (one, two) = tokio::join!(
        backend.try_claim_step(RUN, "charge"),
        backend.record_step_start(RUN, "charge", "http", None, None),
    );
    unavailable(one);
    unavailable(two);
    assert_eq!(backend.get_claimed_step_keys(RUN).await.unwrap(), [""; 0], "reads go on");
    run(&mut other, "ROLLBACK").await;
    assert!(backend.try_claim_step(RUN, "charge").await.unwrap());
    assert_eq!(backend.get_step_statuses(RUN).await.unwrap(), []);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_still_read() {
    let (_folder, path) = new_file();
    let backend = opened(SqliteOptions::file(&path)).await;
    backend.save_trigger_data(RUN, "1").await.unwrap();
    let mut other = raw(&path).await;
    drop(backend);
    run(&mut other, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    other.close().await.unwrap();
    // The format version from which SQLite reads only: it binds root too, as no permission does.
    let write_version = 18;
    set_byte(&path, write_version, 3);
    let backend = opened(SqliteOptions::file(&path)).await;
    let saved = unavailable(backend.save_trigger_data(RUN, "2").await);
    assert!(saved.contains("make the file and its folder writable"), "{saved}");
    assert_eq!(backend.get_trigger_data(RUN).await.unwrap().as_deref(), Some("1"));
    drop(backend);
    set_byte(&path, write_version, 2);
    let backend = opened(SqliteOptions::file(&path)).await;
    backend.save_trigger_data(RUN, "2").await.unwrap();
}

fn set_byte(path: &Path, place: usize, byte: u8) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[place] = byte;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_missing_folder_is_named_and_never_made() {
    let (folder, _) = new_file();
    let missing = folder.path().join("missing");
    let backend = SqliteBackend::new(SqliteOptions::file(missing.join("flow.db")));
    let message = unavailable(open(&backend).await);
    assert!(message.contains(&missing.display().to_string()), "{message}");
    assert!(!missing.exists());
    let not_open = backend.get_trigger_data(RUN).await.unwrap_err();
    assert_eq!(not_open.to_string(), "not open");
    std::fs::create_dir(&missing).unwrap();
    open(&backend).await.unwrap();
    backend.save_trigger_data(RUN, "1").await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let (_folder, path) = new_file();
    let letter = "Dear all, this is no database. ".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    let backend = SqliteBackend::new(SqliteOptions::file(&path));
    assert!(unavailable(open(&backend).await).contains("no SQLite database"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
    std::fs::remove_file(&path).unwrap();
    open(&backend).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_write_to_be_finished() {
    let (_folder, path) = new_file();
    let backend = opened(SqliteOptions::file(&path)).await;
    let gone = backend.try_claim_step(RUN, "charge").now_or_never();
    assert!(gone.is_none(), "it was under way");
    assert!(!backend.try_claim_step(RUN, "charge").await.unwrap());
}

#[tokio::test]
async fn text_with_u0000_is_kept_found_and_told_apart() {
    let (_folder, path) = new_file();
    let backend = opened(SqliteOptions::file(&path)).await;
    let (key, prefix) = ("a\0Z", "a");
    assert!(backend.try_claim_step(RUN, key).await.unwrap());
    assert!(backend.try_claim_step(RUN, prefix).await.unwrap());
    let skip = backend.record_skipped_step(RUN, key, "http", Some("no\0Luck"));
    skip.await.unwrap();
    let statuses = backend.get_step_statuses(RUN).await.unwrap();
    assert_eq!(statuses.first().map(|(key, _)| key.as_str()), Some(key));
    let start = plimsoll_contract::StartRun {
        flow_id: Default::default(),
        flow_name: "Orders".to_owned(),
        run_id: RUN,
        trigger_key: "manual".to_owned(),
        trigger_data_json: None,
        job_id: None,
        source_run_id: None,
    };
    backend.start_run(&start).await.unwrap();
    for (text, found) in [("\0lUCK", 1), ("A\0z", 1), ("o\0x", 0)] {
        let page = backend.get_runs_page(None, None, Default::default(), Some(text)).await;
        assert_eq!(page.unwrap().total_count, found, "{text:?}");
    }
}
