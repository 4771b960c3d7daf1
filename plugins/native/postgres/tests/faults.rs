//! What calls answer while the server is away, full, locked, or does not let the backend in.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::open;
use common::server::{OwnServer, PASSWORD};
use plimsoll_contract::{CallError, ErrorKind, RunId, RunRuntimeStore, RunStore, StartRun};
use plimsoll_postgres::{PostgresBackend, PostgresOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

/// A server of the test's own; none where PostgreSQL is not installed and need not be.
#[allow(clippy::print_stderr, reason = "a test that is left out has to say so")]
fn server(authentication: &'static str) -> Option<OwnServer> {
    match OwnServer::start(authentication) {
        Ok(server) => Some(server),
        Err(trouble) => {
            let required = std::env::var("PLIMSOLL_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
            assert!(!required, "{trouble}");
            eprintln!("skipped: {trouble}");
            None
        }
    }
}

/// Options that do not wait long for anything.
fn impatient(url: &str) -> PostgresOptions {
    let short = Duration::from_millis(300);
    PostgresOptions::from_url(url).unwrap().acquire_timeout(short).lock_timeout(short)
}

async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}

async fn run(connection: &mut PgConnection, sql: &str) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// The error must be of this kind, say this, and show no password.
#[track_caller]
fn expect_error<T>(answer: Result<T, CallError>, kind: ErrorKind, words: &str) {
    let Err(error) = answer else { panic!("a value instead of `{words}`") };
    assert_eq!(error.kind(), Some(kind), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains(words), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

fn run_of(number: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(number))
}

fn a_run(run_id: RunId) -> StartRun {
    StartRun {
        flow_id: plimsoll_contract::FlowId::default(),
        flow_name: "flow".to_owned(),
        run_id,
        trigger_key: "manual".to_owned(),
        trigger_data_json: None,
        job_id: None,
        source_run_id: None,
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("postgres://bob:{PASSWORD}@127.0.0.1:{port}/flows");
    let backend = PostgresBackend::new(impatient(&url));
    let before = Instant::now();
    expect_error(open(&backend, "any").await, ErrorKind::Unavailable, "refused");
    assert!(before.elapsed() < Duration::from_secs(5));
    expect_error(backend.get_active_runs().await, ErrorKind::Other, "not open");
}

#[tokio::test]
async fn who_is_not_let_in_learns_why() {
    let Some(server) = server("scram-sha-256") else { return };
    let url = server.url();
    // To check a password takes thousands of rounds of a hash.
    let patient = |url: &str| PostgresOptions::from_url(url).unwrap();
    open(&PostgresBackend::new(patient(&url)), "any").await.expect("the password is right");

    let wrong = url.replace(PASSWORD, "wrong-swordfish");
    let backend = PostgresBackend::new(patient(&wrong));
    expect_error(open(&backend, "any").await, ErrorKind::Other, "check user and password");

    let backend = PostgresBackend::new(patient(&url).database("nowhere"));
    expect_error(open(&backend, "any").await, ErrorKind::Other, "does not exist; create it");

    let mut admin = connect(&url).await;
    run(&mut admin, &format!("CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")).await;
    run(&mut admin, "CREATE DATABASE closed").await;
    let guest = patient(&url.replace("postgres:sw", "guest:sw")).database("closed");
    let backend = PostgresBackend::new(guest);
    expect_error(open(&backend, "any").await, ErrorKind::Other, "grant the role CREATE");
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_unavailable_and_can_be_read() {
    let Some(server) = server("trust") else { return };
    let backend = PostgresBackend::new(impatient(&server.url()));
    open(&backend, "any").await.unwrap();
    backend.start_run(&a_run(run_of(1))).await.unwrap();
    server.kill();
    server.resume("-c default_transaction_read_only=on").unwrap();
    assert_eq!(backend.get_active_runs().await.unwrap().len(), 1);
    let claim = backend.try_claim_step(run_of(1), "step").await;
    expect_error(claim, ErrorKind::Unavailable, "default_transaction_read_only");
    let fresh = PostgresBackend::new(impatient(&server.url()));
    expect_error(open(&fresh, "any").await, ErrorKind::Unavailable, "takes no writes");
}

/// Locks the claims through `other`, and claims a step; answers once the claim waits for the lock.
async fn claim_in_vain(
    backend: &Arc<PostgresBackend>,
    other: &mut PgConnection,
) -> JoinHandle<Result<bool, CallError>> {
    run(other, "BEGIN").await;
    run(other, "LOCK TABLE plimsoll.flow_step_claims").await;
    let backend = Arc::clone(backend);
    let claim = tokio::spawn(async move { backend.try_claim_step(run_of(1), "step").await });
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *other).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    claim
}

#[tokio::test]
async fn a_lock_that_is_not_given_and_a_pool_that_is_empty_are_unavailable() {
    let Some(server) = server("trust") else { return };
    let url = server.url();
    let backend = PostgresBackend::new(impatient(&url));
    open(&backend, "any").await.unwrap();
    let patient = impatient(&url).pool_size(1).lock_timeout(Duration::from_secs(20));
    let patient = Arc::new(PostgresBackend::new(patient));
    open(&patient, "any").await.unwrap();

    let mut other = connect(&url).await;
    let waiting = claim_in_vain(&patient, &mut other).await;
    let claim = backend.try_claim_step(run_of(1), "step").await;
    expect_error(claim, ErrorKind::Unavailable, "lock timeout");
    let status = patient.get_run_status(run_of(1)).await;
    expect_error(status, ErrorKind::Unavailable, "no connection became free");
    run(&mut other, "COMMIT").await;
    assert!(waiting.await.unwrap().unwrap(), "nobody else has claimed the step");
    assert!(!backend.try_claim_step(run_of(1), "step").await.unwrap());
}

#[tokio::test]
async fn a_server_with_too_many_connections_is_unavailable() {
    let Some(server) = server("trust") else { return };
    server.kill();
    server
        .resume("-c max_connections=4 -c superuser_reserved_connections=0 -c max_wal_senders=0")
        .unwrap();
    let mut all = Vec::new();
    while let Ok(connection) = server.url().parse::<PgConnectOptions>().unwrap().connect().await {
        all.push(connection);
    }
    let backend = PostgresBackend::new(impatient(&server.url()));
    expect_error(open(&backend, "any").await, ErrorKind::Unavailable, "too many clients");
    all.clear();
    while open(&backend, "any").await.is_err() {
        tokio::task::yield_now().await;
    }
}

/// Stands between the backend and a server, and answers its port. Once it is told to be silent it
/// keeps all connections and passes nothing on, as a network does that has been cut.
async fn go_between(server: u16, silent: Arc<Semaphore>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut inner, _)) = listener.accept().await {
            let silent = Arc::clone(&silent);
            tokio::spawn(async move {
                let mut outer = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut inner, &mut outer) => {}
                    _ = silent.acquire() => std::future::pending().await,
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_falls_silent_is_unavailable() {
    let Some(server) = server("trust") else { return };
    let silent = Arc::new(Semaphore::new(0));
    let port = go_between(server.port(), Arc::clone(&silent)).await;
    let url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres");
    let options = impatient(&url)
        .statement_timeout(Duration::from_secs(3))
        .lock_timeout(Duration::from_secs(60));
    let backend = Arc::new(PostgresBackend::new(options));
    open(&backend, "any").await.unwrap();
    let mut other = connect(&server.url()).await;
    let claim = claim_in_vain(&backend, &mut other).await;
    silent.add_permits(Semaphore::MAX_PERMITS);
    expect_error(claim.await.unwrap(), ErrorKind::Unavailable, "does not answer");
    expect_error(open(&backend, "other").await, ErrorKind::Unavailable, "");
}

/// Starts one step again and again until told to stop; answers how often that was acknowledged
/// and how often it may have happened. Any other error fails the test.
async fn start_steps(backend: Arc<PostgresBackend>, stop: Arc<AtomicBool>) -> (usize, usize) {
    let (mut sure, mut unsure) = (0, 0);
    while !stop.load(Ordering::SeqCst) {
        match backend.record_step_start(run_of(7), "step", "type", Some("1"), None).await {
            Ok(()) => sure += 1,
            Err(error) => {
                assert_eq!(error.kind(), Some(ErrorKind::Unavailable), "{error}");
                unsure += 1;
            }
        }
    }
    (sure, unsure)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_half_written_when_the_server_is_killed() {
    let Some(server) = server("trust") else { return };
    let backend = Arc::new(PostgresBackend::new(impatient(&server.url())));
    open(&backend, "any").await.unwrap();
    backend.start_run(&a_run(run_of(7))).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        workers.spawn(start_steps(Arc::clone(&backend), Arc::clone(&stop)));
    }
    let attempts = async || {
        let detail = backend.get_run_detail(run_of(7)).await;
        detail.map(|run| run.unwrap().steps.first().map_or(0, |step| step.attempts.len()))
    };
    for _ in 0..3 {
        let before = loop {
            // The server is there again, and so are the calls.
            if let Ok(count) = attempts().await {
                break count;
            }
        };
        while attempts().await.unwrap_or(0) < before + 20 {
            tokio::task::yield_now().await;
        }
        server.kill();
        server.resume("").unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    let outcomes = workers.join_all().await;
    let (sure, unsure) =
        outcomes.iter().fold((0, 0), |(sure, unsure), (s, u)| (sure + s, unsure + u));
    let detail = backend.get_run_detail(run_of(7)).await.unwrap().unwrap();
    let step = &detail.steps[0];
    let numbers: Vec<_> = step.attempts.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
    assert!(unsure > 0, "no call met the server's end");
    assert!(
        (sure..=sure + unsure).contains(&numbers.len()),
        "{sure} acknowledged, {unsure} perhaps, {} found",
        numbers.len()
    );
}
