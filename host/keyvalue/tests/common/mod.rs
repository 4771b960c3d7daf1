//! Engines for the tests, each on a space of its own.
#![allow(dead_code, reason = "each test file uses its part of it")]

pub(crate) mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use plimsoll_keyvalue::{Engine, EngineOptions, EngineUrl, connect};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use server::{OwnServer, Program};

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
    Redis,
    Nats,
}

/// Where a test keeps things: they are removed when it is dropped.
pub(crate) struct Place {
    pub(crate) kind: Kind,
    url: String,
    space: String,
    memory: OnceCell<Arc<dyn Engine>>,
    _own: Option<OwnServer>,
    _folder: Option<TempDir>,
}

impl Place {
    /// A new one; none where there is no server and none can be started.
    pub(crate) async fn new(kind: Kind) -> Option<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let space = format!("plimsoll-test-{}-{number}", std::process::id());
        let folder = (kind == Kind::Sqlite).then(|| tempfile::tempdir().unwrap());
        let (url, own) = match (kind, &folder) {
            (Kind::Memory | Kind::Sqlite, None) => ("memory".to_owned(), None),
            (Kind::Redis, _) => found("REDIS", Program::Redis, "redis://127.0.0.1:6379").await?,
            (Kind::Nats, _) => found("NATS", Program::Nats, "nats://127.0.0.1:4222").await?,
            (_, Some(folder)) => (format!("sqlite:{}/kv.db", folder.path().display()), None),
        };
        Some(Self { kind, url, space, memory: OnceCell::new(), _own: own, _folder: folder })
    }

    /// Another connection, or the same memory.
    pub(crate) async fn engine(&self) -> Arc<dyn Engine> {
        self.engine_with(EngineOptions::default()).await
    }

    pub(crate) async fn engine_with(&self, options: EngineOptions) -> Arc<dyn Engine> {
        let url: EngineUrl = self.url.parse().unwrap();
        let options = options.space(&self.space);
        let connecting = async { connect(&url, &options).await.unwrap() };
        match self.kind {
            Kind::Memory => Arc::clone(self.memory.get_or_init(|| connecting).await),
            _ => connecting.await,
        }
    }

    /// What it takes to remove everything.
    async fn remove(kind: Kind, url: String, space: String) -> Result<(), async_nats::Error> {
        match kind {
            Kind::Memory | Kind::Sqlite => {}
            Kind::Redis => {
                let client = redis::Client::open(url)?;
                let mut connection = client.get_multiplexed_async_connection().await?;
                let mut names = redis::cmd("KEYS");
                let names = names.arg(format!("{space}:*")).query_async(&mut connection).await;
                let names: Vec<Vec<u8>> = names?;
                if !names.is_empty() {
                    redis::cmd("DEL").arg(names).exec_async(&mut connection).await?;
                }
            }
            Kind::Nats => {
                let client = async_nats::connect(url).await?;
                async_nats::jetstream::new(client).delete_key_value(space).await?;
            }
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whatever runtime the test has may be gone, or wait for this thread.
        let removing = Self::remove(self.kind, self.url.clone(), self.space.clone());
        let removing = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(removing))
        });
        // A test that failed has more to say than that something is left.
        let _ = removing.join();
    }
}

/// The server of `PLIMSOLL_{name}_URL`, the one on this machine, or one that is started.
async fn found(name: &str, program: Program, local: &str) -> Option<(String, Option<OwnServer>)> {
    if let Ok(url) = std::env::var(format!("PLIMSOLL_{name}_URL")) {
        return Some((url, None));
    }
    let address = local.split_once("://").map_or(local, |(_, address)| address);
    if tokio::net::TcpStream::connect(address).await.is_ok() {
        return Some((local.to_owned(), None));
    }
    let own = own(program, if name == "NATS" { &["-js"] } else { &[] })?;
    Some((own.url(), Some(own)))
}

/// A server of the test's own; none where the program is not installed and need not be, which
/// PLIMSOLL_REQUIRE_REDIS=1 and PLIMSOLL_REQUIRE_NATS=1 say.
#[allow(clippy::print_stderr, reason = "a test that is left out has to say so")]
pub(crate) fn own(program: Program, more: &[&'static str]) -> Option<OwnServer> {
    match OwnServer::start(program, more) {
        Ok(server) => Some(server),
        Err(trouble) => {
            let name = match program {
                Program::Redis => "PLIMSOLL_REQUIRE_REDIS",
                Program::Nats => "PLIMSOLL_REQUIRE_NATS",
            };
            let required = std::env::var(name).is_ok_and(|it| it == "1");
            assert!(!required, "there is no {program:?} to test with: {trouble}");
            eprintln!("skipped: there is no {program:?} to test with: {trouble}");
            None
        }
    }
}
