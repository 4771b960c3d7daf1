//! What calls answer while the place of an engine is away, full or somebody else's, and after.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::future::IntoFuture;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use common::server::{OwnServer, PASSWORD, Program};
use common::{Kind, Place, own};
use plimsoll_keyvalue::{
    ConnectError, Engine, EngineError, EngineOptions, EngineUrl, MemoryEngine, SqliteEngine,
    connect,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::task::JoinSet;

/// Options that do not wait long.
fn impatient() -> EngineOptions {
    EngineOptions::default().timeout(Duration::from_millis(500))
}

async fn connected(url: &str) -> Result<Arc<dyn Engine>, ConnectError> {
    connect(&url.parse::<EngineUrl>().unwrap(), &impatient()).await
}

/// Why there is no connection; it shows no password.
async fn refusal(url: &str) -> ConnectError {
    let Err(error) = connected(url).await else { panic!("connected") };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    error
}

/// The text of an `Other` that came in time and names no place.
async fn other<T: std::fmt::Debug>(
    answer: impl IntoFuture<Output = Result<T, EngineError>>,
) -> String {
    let before = Instant::now();
    let answer = answer.await;
    assert!(before.elapsed() < Duration::from_secs(4), "{:?}", before.elapsed());
    let Err(EngineError::Other(message)) = answer else { panic!("{answer:?}") };
    assert!(!message.contains("127.0.0.1") && !message.contains(PASSWORD), "{message}");
    message
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // At first it accepts and says nothing, then nobody listens.
    for listening in [Some(listener), None] {
        for scheme in ["redis", "nats"] {
            let before = Instant::now();
            let error = refusal(&format!("{scheme}://bob:{PASSWORD}@127.0.0.1:{port}")).await;
            let place = format!("{scheme}://bob:***@127.0.0.1:{port}");
            assert!(error.to_string().starts_with(&place), "{error}");
            assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
            assert!(before.elapsed() < Duration::from_secs(4));
        }
        drop(listening);
    }
}

#[tokio::test]
async fn who_is_not_let_in_learns_what_to_check() {
    let nats = ["-js", "--user", "bob", "--pass", PASSWORD];
    let servers = [own(Program::Redis, &["--requirepass", PASSWORD]), own(Program::Nats, &nats)];
    for server in servers.into_iter().flatten() {
        let engine = connected(&server.url()).await.expect("the password is right");
        engine.set("b", "key", b"1").await.unwrap();
        let (scheme, address) = match server.url().split_once('@') {
            Some((login, address)) if login.starts_with("redis") => ("redis", address.to_owned()),
            Some((_, address)) => ("nats", address.to_owned()),
            None => panic!("it asks for no password"),
        };
        for login in ["", "bob:wrong@", "token@"] {
            let error = refusal(&format!("{scheme}://{login}{address}")).await;
            assert!(matches!(error, ConnectError::Login { .. }), "{login} {error:?}");
        }
    }
}

/// Calls while a server is away fail in time; when it is back, they work, on what was there.
async fn comes_back(server: &OwnServer) {
    let engine = connected(&server.url()).await.unwrap();
    engine.set("b", "key", b"1").await.unwrap();
    let before = engine.get("b", "key").await.unwrap().unwrap();
    server.kill();
    for _ in 0..3 {
        other(engine.get("b", "key")).await;
        other(engine.set("b", "lost", b"2")).await;
        other(engine.increment("b", "count", 1)).await;
        other(engine.keys("b", None)).await;
        other(engine.get_many("b", &["key".to_owned()])).await;
    }
    server.resume().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let after = loop {
        match engine.get("b", "key").await {
            Ok(entry) => break entry,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(after, Some(before.clone()));
    assert!(engine.swap("b", "key", Some(before.version), b"2").await.unwrap());
    assert!(!engine.swap("b", "key", Some(before.version), b"3").await.unwrap());
    assert_eq!(engine.get("b", "key").await.unwrap().unwrap().value, b"2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_comes_back() {
    let Some(server) = own(Program::Redis, &["--requirepass", PASSWORD]) else { return };
    comes_back(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_comes_back() {
    let arguments = ["-js", "--user", "bob", "--pass", PASSWORD];
    let Some(server) = own(Program::Nats, &arguments) else { return };
    comes_back(&server).await;
}

/// Fills an engine; what was acknowledged stays, and what is removed makes room.
async fn fills(engine: &dyn Engine) {
    let value = vec![7; 64 << 10];
    let mut kept = 0;
    let full = loop {
        match engine.set("b", &kept.to_string(), &value).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "it is never full");
    };
    let words = "the store is full; remove something, or have its capacity raised";
    assert_eq!(full, EngineError::Other(words.to_owned()));
    assert!(kept > 2, "{kept}");
    let swapped = engine.swap("other", "key", None, &value).await;
    assert_eq!(swapped, Err(EngineError::Other(words.to_owned())));
    assert_eq!(engine.get("other", "key").await.unwrap(), None);
    for number in 0..kept {
        let entry = engine.get("b", &number.to_string()).await.unwrap();
        assert!(entry.is_some_and(|entry| entry.value == value), "{number}");
    }
    for number in 0..kept {
        engine.delete("b", &number.to_string()).await.unwrap();
    }
    for number in 0..kept - 1 {
        engine.set("c", &number.to_string(), &value).await.unwrap();
    }
}

#[tokio::test]
async fn what_has_a_capacity_is_full_at_it() {
    for kind in [Kind::Memory, Kind::Sqlite, Kind::Nats] {
        let Some(place) = Place::new(kind).await else { continue };
        fills(&*place.engine_with(EngineOptions::default().capacity(1 << 20)).await).await;
    }
}

#[tokio::test]
async fn small_entries_fill_a_memory_too() {
    let engine = MemoryEngine::with_capacity(1 << 20);
    for number in 0..100_000 {
        if let Err(error) = engine.set("b", &number.to_string(), b"").await {
            assert!(number < (1 << 20) / 128, "{number} entries");
            assert!(error.to_string().contains("full"), "{error}");
            return;
        }
    }
    panic!("it is never full");
}

#[tokio::test]
async fn redis_is_full_at_the_limit_of_its_server() {
    let arguments = ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"];
    let Some(server) = own(Program::Redis, &arguments) else { return };
    let engine = connected(&server.url()).await.unwrap();
    let value = vec![7; 64 << 10];
    let mut kept = 0;
    while engine.set("b", &kept.to_string(), &value).await.is_ok() {
        kept += 1;
        assert!(kept < 1_000, "it is never full");
    }
    let message = other(engine.set("b", "more", &value)).await;
    assert!(message.starts_with("the store is full"), "{message}");
    assert!(engine.get("b", "0").await.unwrap().is_some());
    for number in 0..kept {
        engine.delete("b", &number.to_string()).await.unwrap();
    }
    engine.set("b", "more", &value).await.unwrap();
}

#[tokio::test]
async fn a_server_that_lacks_something_says_what_to_do() {
    if let Some(server) = own(Program::Redis, &["--maxmemory-policy", "allkeys-lru"]) {
        let error = refusal(&server.url()).await.to_string();
        assert!(error.contains("set maxmemory-policy to noeviction"), "{error}");
    }
    if let Some(server) = own(Program::Redis, &[]) {
        let url = server.url().parse().unwrap();
        let Err(error) = connect(&url, &impatient().capacity(1)).await else { panic!("connected") };
        assert!(error.to_string().contains("set maxmemory"), "{error}");
    }
    if let Some(server) = own(Program::Nats, &[]) {
        let error = refusal(&server.url()).await.to_string();
        assert!(error.contains("switch JetStream on"), "{error}");
    }
}

/// A bucket of the test's own server, past the engine.
async fn store(server: &OwnServer) -> jetstream::kv::Store {
    let client = async_nats::connect(server.url()).await.unwrap();
    jetstream::new(client).get_key_value("plimsoll").await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_another_tool_deletes_is_absent() {
    let Some(server) = own(Program::Nats, &["-js"]) else { return };
    let engine = connected(&server.url()).await.unwrap();
    for tool_purges in [false, true] {
        engine.set("b", "key", b"1").await.unwrap();
        engine.set("b", "other", b"2").await.unwrap();
        let before = engine.get("b", "key").await.unwrap().unwrap().version;
        let (store, name) = (store(&server).await, "=Yg.=a2V5");
        match tool_purges {
            true => store.purge(name).await.unwrap(),
            false => store.delete(name).await.unwrap(),
        }
        assert_eq!(engine.get("b", "key").await.unwrap(), None);
        assert!(!engine.exists("b", "key").await.unwrap());
        assert_eq!(engine.keys("b", None).await.unwrap().keys, ["other"]);
        assert!(!engine.swap("b", "key", Some(before), b"lost").await.unwrap());
        let mut swaps = JoinSet::new();
        for _ in 0..16 {
            let engine = Arc::clone(&engine);
            swaps.spawn(async move { engine.swap("b", "key", None, b"won").await.unwrap() });
        }
        let won = swaps.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
        store.delete(name).await.unwrap();
        assert_eq!(engine.increment("b", "key", 3).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn a_deleted_key_leaves_no_message_behind() {
    let Some(server) = own(Program::Nats, &["-js"]) else { return };
    let engine = connected(&server.url()).await.unwrap();
    engine.set("b", "key", b"1").await.unwrap();
    engine.delete("b", "key").await.unwrap();
    let mut stream = store(&server).await.stream;
    assert_eq!(stream.info().await.unwrap().state.messages, 0);
}

#[tokio::test]
async fn a_bucket_that_forgets_is_refused_and_one_that_is_gone_is_no_store() {
    let Some(server) = own(Program::Nats, &["-js"]) else { return };
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = jetstream::new(client);
    let config = jetstream::stream::Config {
        name: "KV_short".to_owned(),
        subjects: vec!["$KV.short.>".to_owned()],
        max_age: Duration::from_secs(60),
        ..jetstream::stream::Config::default()
    };
    context.create_stream(config).await.unwrap();
    let error = refusal(&format!("{}/short", server.url())).await.to_string();
    assert!(error.contains("set its TTL to 0"), "{error}");
    let engine = connected(&format!("{}/flows", server.url())).await.unwrap();
    engine.set("b", "key", b"1").await.unwrap();
    context.delete_key_value("flows").await.unwrap();
    assert_eq!(engine.get("b", "key").await, Err(EngineError::NoSuchStore));
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let open = SqliteEngine::open(missing.join("kv.db"), &impatient()).await;
    assert_eq!(open.err(), Some(ConnectError::NoFolder(missing.clone())));
    assert!(!missing.exists());

    let letter = folder.path().join("letter");
    let text = "Dear all, this is no database. ".repeat(100);
    std::fs::write(&letter, &text).unwrap();
    let open = SqliteEngine::open(&letter, &impatient()).await;
    assert_eq!(open.err(), Some(ConnectError::Foreign));
    assert_eq!(std::fs::read_to_string(&letter).unwrap(), text);

    let theirs = folder.path().join("theirs.db");
    let options = SqliteConnectOptions::new().filename(&theirs).create_if_missing(true);
    let mut other = options.connect().await.unwrap();
    other.execute("CREATE TABLE notes (text)").await.unwrap();
    let open = SqliteEngine::open(&theirs, &impatient()).await;
    assert_eq!(open.err(), Some(ConnectError::Foreign));
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_read_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kv.db");
    let options = EngineOptions::default().timeout(Duration::from_millis(50));
    let engine = SqliteEngine::open(&path, &options).await.unwrap();
    engine.set("b", "key", b"1").await.unwrap();
    let mut raw = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    raw.execute("BEGIN IMMEDIATE").await.unwrap();
    other(engine.set("b", "key", b"2")).await;
    other(engine.delete("b", "key")).await;
    assert_eq!(engine.get("b", "key").await.unwrap().unwrap().value, b"1");
    raw.execute("ROLLBACK").await.unwrap();
    engine.set("b", "key", b"3").await.unwrap();
    let durable = sqlx::query_as::<_, (i64, String)>(
        "SELECT application_id, journal_mode FROM pragma_application_id, pragma_journal_mode",
    );
    let durable = durable.fetch_one(&mut raw).await.unwrap();
    assert_eq!(durable, (0x504c_4b56, "wal".to_owned()));
    raw.close().await.unwrap();
}

#[tokio::test]
async fn a_file_keeps_values_and_versions_when_it_is_opened_again() {
    let Some(place) = Place::new(Kind::Sqlite).await else { return };
    let engine = place.engine().await;
    engine.set("b", "key", b"1").await.unwrap();
    let first = engine.get("b", "key").await.unwrap().unwrap();
    drop(engine);
    let engine = place.engine().await;
    assert_eq!(engine.get("b", "key").await.unwrap(), Some(first.clone()));
    engine.delete("b", "key").await.unwrap();
    drop(engine);
    let engine = place.engine().await;
    engine.set("b", "key", b"1").await.unwrap();
    assert!(engine.get("b", "key").await.unwrap().unwrap().version > first.version);
}
