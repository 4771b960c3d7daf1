//! What is written past a backend is what its calls would have written. A comparison with sqlx
//! alone refuses to compare unequal work.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::Arc;

use plimsoll_contract::{
    Backend, ManualClock, OpenConfig, OutputsRepository, Page, RunRuntimeStore, RunStore,
};
use plimsoll_postgres::{PostgresBackend, PostgresOptions};
use plimsoll_scale::{Run, Subject, compare, fill_postgres, fill_sqlite};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

/// Some of each kind.
fn some_runs() -> Vec<Run> {
    let now = "2026-05-01T12:00:00Z".parse().unwrap();
    let finished = (0..40).map(|number| Run::finished(number, now));
    finished.chain((0..5).map(|number| Run::active(number, now))).collect()
}

/// All that can be read of the runs.
async fn everything<B>(backend: &B, namespace: &str) -> Vec<String>
where
    B: Backend + RunStore + RunRuntimeStore + OutputsRepository,
{
    let clock = ManualClock::at("2026-05-01T12:00:00Z".parse().unwrap());
    backend.open(&OpenConfig::namespace(namespace), Arc::new(clock)).await.unwrap();
    let mut read = vec![format!("{:?}", backend.get_active_runs().await.unwrap())];
    read.push(format!("{:?}", backend.get_statistics().await.unwrap()));
    for search in [None, Some("inv-7\""), Some("503"), Some("shipped")] {
        let page = backend.get_runs_page(None, None, Page::default(), search).await.unwrap();
        read.push(format!("{page:?}"));
    }
    for run in some_runs() {
        let id = run.id();
        let detail = backend.get_run_detail(id).await.unwrap().expect("it was written");
        for step in &detail.steps {
            let output = backend.get_step_output(id, &step.step_key).await.unwrap();
            read.push(format!("{output:?}"));
        }
        let mut dispatched = backend.get_dispatched_step_keys(id).await.unwrap();
        let mut claimed = backend.get_claimed_step_keys(id).await.unwrap();
        dispatched.sort();
        claimed.sort();
        read.push(format!("{detail:?} {dispatched:?} {claimed:?}"));
    }
    read
}

/// Writes the runs by calls into the namespace `called`.
async fn call<B>(backend: &B)
where
    B: Backend + RunStore + RunRuntimeStore + OutputsRepository,
{
    let clock = Arc::new(ManualClock::at("2026-05-01T12:00:00Z".parse().unwrap()));
    backend.open(&OpenConfig::namespace("called"), Arc::clone(&clock) as _).await.unwrap();
    for run in some_runs() {
        run.write(backend, &clock).await.unwrap();
    }
}

#[tokio::test]
async fn sqlite_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.db");
    let backend = SqliteBackend::new(SqliteOptions::file(&path));
    call(&backend).await;
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    fill_sqlite(&mut connection, "filled", &some_runs()).await.unwrap();
    let (called, filled) =
        (everything(&backend, "called").await, everything(&backend, "filled").await);
    assert!(called.len() > 100);
    assert_eq!(filled, called);
    let compared = compare(&Subject::Sqlite(path), 2).await.unwrap();
    assert_eq!(compared.len(), 9);
}

#[tokio::test]
#[allow(clippy::print_stderr, reason = "a test that is left out has to say so")]
async fn postgres_reads_the_same() {
    let url = std::env::var("PLIMSOLL_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let options: PgConnectOptions = url.parse().unwrap();
    let Ok(mut server) = options.connect().await else {
        eprintln!("skipped: there is no PostgreSQL to test with");
        return;
    };
    let name = format!("plimsoll_scale_test_{}", std::process::id());
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
    server.execute(AssertSqlSafe(create)).await.unwrap();
    let backend = PostgresBackend::new(PostgresOptions::from_url(&url).unwrap().database(&name));
    call(&backend).await;
    let own = options.clone().database(&name).to_url_lossy().into();
    let options = options.database(&name).options([("search_path", "plimsoll")]);
    let mut connection = options.connect().await.unwrap();
    fill_postgres(&mut connection, "filled", &some_runs()).await.unwrap();
    let (called, filled) =
        (everything(&backend, "called").await, everything(&backend, "filled").await);
    let compared = compare(&Subject::Postgres(own), 2).await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    server.execute(AssertSqlSafe(drop)).await.unwrap();
    assert!(called.len() > 100);
    assert_eq!(filled, called);
    assert_eq!(compared.unwrap().len(), 9);
}
