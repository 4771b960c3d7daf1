//! A server for the tests, and a database of its own for each.
#![allow(dead_code, reason = "each test file uses its part of it")]

pub(crate) mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use plimsoll_contract::{Backend, Clock, OpenConfig, SystemClock};
use plimsoll_postgres::{PostgresBackend, PostgresOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use server::OwnServer;

/// A server that the tests may make databases on.
pub(crate) enum Server {
    /// One that was there: that of PLIMSOLL_POSTGRES_URL, or the one on this machine.
    Found(String),
    /// One that was started for the test.
    Own(OwnServer),
}

impl Server {
    /// The server to test with; none if there is none and none can be started, unless
    /// PLIMSOLL_REQUIRE_POSTGRES=1 forbids that.
    #[allow(clippy::print_stderr, reason = "a test that is left out has to say so")]
    pub(crate) async fn find() -> Option<Self> {
        if let Ok(url) = std::env::var("PLIMSOLL_POSTGRES_URL") {
            return Some(Self::Found(url));
        }
        let local = "postgres://postgres@127.0.0.1:5432/postgres".to_owned();
        let options: PgConnectOptions = local.parse().unwrap();
        if options.connect().await.is_ok() {
            return Some(Self::Found(local));
        }
        match OwnServer::start("trust") {
            Ok(server) => Some(Self::Own(server)),
            Err(trouble) => {
                let required = std::env::var("PLIMSOLL_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
                assert!(!required, "there is no PostgreSQL to test with: {trouble}");
                eprintln!("skipped: there is no PostgreSQL to test with: {trouble}");
                None
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Found(url) => url.clone(),
            Self::Own(server) => server.url(),
        }
    }

    /// A new database, which is dropped with what this answers.
    pub(crate) async fn database(&self) -> Database {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("plimsoll_test_{}_{number}", std::process::id());
        let database = Database { url: self.url(), name };
        database.administrate("DROP DATABASE IF EXISTS {} WITH (FORCE)").await;
        database.administrate("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").await;
        database
    }
}

/// A database of one test.
pub(crate) struct Database {
    /// Of the server.
    pub(crate) url: String,
    pub(crate) name: String,
}

impl Database {
    /// How a backend gets there.
    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresOptions::from_url(&self.url).unwrap().database(&self.name)
    }

    pub(crate) fn backend(&self) -> Arc<PostgresBackend> {
        Arc::new(PostgresBackend::new(self.options()))
    }

    /// A connection past the backend.
    pub(crate) async fn connect(&self) -> PgConnection {
        let options: PgConnectOptions = self.url.parse().unwrap();
        options.database(&self.name).connect().await.unwrap()
    }

    /// Runs a statement past the backend.
    pub(crate) async fn run(&self, sql: &str) {
        self.connect().await.execute(AssertSqlSafe(sql)).await.unwrap();
    }

    /// Runs a statement about the database, whose name stands for `{}`.
    pub(crate) async fn administrate(&self, sql: &str) {
        administrate(&self.url, &sql.replace("{}", &self.name)).await.unwrap();
    }
}

async fn administrate(url: &str, sql: &str) -> sqlx::Result<()> {
    let options: PgConnectOptions = url.parse()?;
    let mut connection = options.connect().await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whatever runtime the test has may be gone, or wait for this thread.
        let (url, sql) =
            (self.url.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(administrate(&url, &sql)))
        });
        // A test that failed has more to say than that its database is left.
        let _ = dropping.join();
    }
}

/// Opens a namespace with the machine's clock.
pub(crate) async fn open(
    backend: &PostgresBackend,
    namespace: &str,
) -> plimsoll_contract::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    backend.open(&OpenConfig::namespace(namespace), clock).await
}
