//! The backend that is measured, and the database below it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_contract::{Backend, CallError, OpenConfig, SystemClock};
use plimsoll_postgres::{InvalidOption, PostgresBackend, PostgresOptions};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions, TargetError};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqliteConnection};
use thiserror::Error;

use crate::fill::{fill_postgres, fill_sqlite};
use crate::run::Run;

/// The namespace that is filled.
pub(crate) const NAMESPACE: &str = "scale";

/// The measure cannot go on.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each is what its source says")]
pub enum Unfit {
    #[error("name a database: sqlite:PATH or postgres://USER@HOST/DATABASE")]
    Target,
    #[error(transparent)]
    Postgres(#[from] InvalidOption),
    #[error(transparent)]
    Sqlite(#[from] TargetError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(
        "{call} by sqlx alone leaves other rows, so its time says nothing; make the statements of \
         plain_*.rs those of the backend\n  backend: {ours}\n  sqlx:    {plain}"
    )]
    Unequal { call: &'static str, ours: String, plain: String },
}

/// A database to be measured.
#[derive(Clone)]
pub enum Subject {
    /// On a server.
    Postgres(String),
    /// In a file.
    Sqlite(PathBuf),
}

impl Subject {
    /// The database of that name.
    ///
    /// # Errors
    ///
    /// [`Unfit::Target`] for a name of another kind.
    pub fn named(target: &str) -> Result<Self, Unfit> {
        match target.strip_prefix("sqlite:") {
            Some(path) => Ok(Self::Sqlite(path.into())),
            None if target.starts_with("postgres") => Ok(Self::Postgres(target.to_owned())),
            None => Err(Unfit::Target),
        }
    }

    /// A backend on it, open, and the tables there.
    ///
    /// # Errors
    ///
    /// What keeps it from opening.
    pub async fn open(&self) -> Result<Arc<dyn Backend>, Unfit> {
        self.open_heard(&Arc::default()).await
    }

    async fn open_heard(&self, heard: &Heard) -> Result<Arc<dyn Backend>, Unfit> {
        let backend: Arc<dyn Backend> = match self {
            Self::Postgres(url) => Arc::new(PostgresBackend::new(PostgresOptions::from_url(url)?)),
            Self::Sqlite(path) => {
                let heard = Arc::clone(heard);
                let options = SqliteOptions::file(path).on_statement(move |sql| {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned());
                });
                Arc::new(SqliteBackend::new(options))
            }
        };
        backend.open(&OpenConfig::namespace(NAMESPACE), Arc::new(SystemClock)).await?;
        Ok(backend)
    }

    /// Writes runs, past the backend.
    ///
    /// # Errors
    ///
    /// What the database refuses.
    pub async fn fill(&self, runs: &[Run]) -> Result<(), Unfit> {
        match self {
            Self::Postgres(url) => {
                fill_postgres(&mut postgres(url).await?, NAMESPACE, runs).await?;
            }
            Self::Sqlite(path) => fill_sqlite(&mut sqlite(path).await?, NAMESPACE, runs).await?,
        }
        Ok(())
    }

    /// What `call` reads by: indexes, and the tables that it reads from end to end.
    ///
    /// # Errors
    ///
    /// What the call or the database answers.
    pub async fn used<F>(&self, call: impl FnOnce(Arc<dyn Backend>) -> F) -> Result<String, Unfit>
    where
        F: Future<Output = Result<(), CallError>>,
    {
        let names = match self {
            Self::Postgres(url) => {
                let before = scans(url).await?;
                call(self.open().await?).await?;
                let after = scans(url).await?;
                let is_new = |(name, count): &(String, i64)| before.get(name) != Some(count);
                after.into_iter().filter(is_new).map(|(name, _)| name).collect()
            }
            Self::Sqlite(path) => {
                let heard = Heard::default();
                let backend = self.open_heard(&heard).await?;
                heard.lock().unwrap_or_else(PoisonError::into_inner).clear();
                call(backend).await?;
                let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
                plans(&mut sqlite(path).await?, &heard).await?
            }
        };
        Ok(names.into_iter().collect::<Vec<_>>().join(", "))
    }
}

type Heard = Arc<Mutex<BTreeSet<String>>>;

/// A connection to the server, past the backend.
pub(crate) async fn postgres(url: &str) -> sqlx::Result<PgConnection> {
    let options: PgConnectOptions = url.parse()?;
    options.options([("search_path", "plimsoll")]).connect().await
}

/// A connection to the file, past the backend.
pub(crate) async fn sqlite(path: &PathBuf) -> sqlx::Result<SqliteConnection> {
    SqliteConnectOptions::new().filename(path).disable_statement_logging().connect().await
}

/// How often each table was read from end to end, and each index used.
async fn scans(url: &str) -> sqlx::Result<BTreeMap<String, i64>> {
    let mut connection = postgres(url).await?;
    // A connection tells what it did when it ends.
    let others = "SELECT count(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND application_name = 'plimsoll'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await? > 0 {
        tokio::task::yield_now().await;
    }
    let counts = sqlx::query_as(
        "SELECT 'ALL OF ' || relname, seq_scan FROM pg_stat_user_tables \
         WHERE relname IN ('flow_runs', 'flow_steps', 'flow_step_attempts') \
         UNION ALL SELECT indexrelname::text, idx_scan FROM pg_stat_user_indexes",
    );
    let counts = counts.fetch_all(&mut connection).await?.into_iter().collect();
    connection.close().await?;
    Ok(counts)
}

/// The indexes in the plans of SQLite for the statements.
async fn plans(
    connection: &mut SqliteConnection,
    statements: &BTreeSet<String>,
) -> sqlx::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for statement in statements.iter().flat_map(|text| text.split(';')) {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        for row in sqlx::query(explain).fetch_all(&mut *connection).await? {
            names.extend(name_of(row.get("detail")));
        }
    }
    Ok(names)
}

/// The index of a line of a plan, or the table that is read from end to end.
fn name_of(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    if let Some(place) = words.iter().position(|word| *word == "INDEX") {
        return words.get(place + 1).map(|name| (*name).to_owned());
    }
    match words.as_slice() {
        ["SCAN", "flow_run_words", ..] => Some("flow_run_words".to_owned()),
        ["SCAN", table @ ("flow_runs" | "flow_steps" | "flow_step_attempts"), ..] => {
            Some(format!("ALL OF {table}"))
        }
        _ => None,
    }
}
