//! One call of the contract: the namespace it works in, its instant, and its statements.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_contract::{Answer, Error, Instant, Result};
use plimsoll_sql::Opened;
use sqlx::postgres::{PgArguments, PgQueryResult, PgRow};

use sqlx::{Arguments, Encode, FromRow, PgPool, Postgres, SqlSafeStr, SqlStr, Type};

use crate::error;

/// How often a statement that lost a race for its locks is tried.
const TRIES: u32 = 8;

/// What the network and the client may add to the time of a statement.
pub(crate) const MARGIN: Duration = Duration::from_secs(5);

/// A call under way.
pub(crate) struct Call {
    pool: PgPool,
    opened: Arc<Opened>,
    now: Instant,
    /// No statement takes longer, even if the server never answers.
    timeout: Duration,
}

impl Call {
    /// Begins a call at the present instant.
    pub(crate) fn new(pool: PgPool, opened: Arc<Opened>, statement_timeout: Duration) -> Self {
        let now = opened.now();
        let timeout = statement_timeout + pool.options().get_acquire_timeout() + MARGIN;
        Self { pool, opened, now, timeout }
    }

    /// The present instant, to the microsecond.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// A statement whose first parameter is the namespace.
    pub(crate) fn statement(&self, sql: impl SqlSafeStr) -> Statement<'_> {
        let arguments = Ok(PgArguments::default());
        let sql = sql.into_sql_str();
        let statement = Statement { call: self, sql, arguments, is_kept: true };
        statement.bind(self.opened.namespace.as_str())
    }

    /// Runs `attempt` until it neither loses a race for locks nor, if it may, breaks off.
    async fn run<T, F>(&self, is_read: bool, attempt: impl Fn(PgPool) -> F) -> Result<T>
    where
        F: Future<Output = sqlx::Result<T>>,
    {
        let mut tries = 1;
        loop {
            let attempt = tokio::time::timeout(self.timeout, attempt(self.pool.clone()));
            let Ok(outcome) = attempt.await else {
                return Err(error::no_answer().into());
            };
            let error = match outcome {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            // A transaction that lost was undone; a write whose connection broke may have happened.
            let again = error::is_lost_race(&error) && tries < TRIES
                || is_read && error::is_broken_connection(&error) && tries == 1;
            if !again {
                return Err(error::answer(&error).into());
            }
            tries += 1;
        }
    }
}

/// A statement and its parameters. Each is one transaction.
pub(crate) struct Statement<'c> {
    call: &'c Call,
    sql: SqlStr,
    arguments: Answer<PgArguments>,
    is_kept: bool,
}

impl Statement<'_> {
    /// Has the server plan it for its parameters, each time; else it may keep one plan for all.
    pub(crate) fn planned_anew(mut self) -> Self {
        self.is_kept = false;
        self
    }

    /// Adds the next parameter.
    pub(crate) fn bind<'v, T>(mut self, value: T) -> Self
    where
        T: Encode<'v, Postgres> + Type<Postgres>,
    {
        if let Ok(arguments) = &mut self.arguments
            && let Err(error) = arguments.add(value)
        {
            self.arguments = Err(Error::InvalidArgument(error.to_string()));
        }
        self
    }

    /// Changes rows, and answers how many.
    pub(crate) async fn execute(self) -> Result<u64> {
        let (sql, arguments) = (self.sql, self.arguments?);
        let attempt = |pool: PgPool| {
            let statement = sqlx::query_with(sql.clone(), arguments.clone());
            async move { statement.execute(&pool).await }
        };
        self.call.run(false, attempt).await.map(|done: PgQueryResult| done.rows_affected())
    }

    /// Changes something, and answers the row that comes of it, if one does.
    pub(crate) async fn change<R>(self) -> Result<Option<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.fetch_optional(false).await
    }

    /// Reads a row, if there is one.
    pub(crate) async fn read_optional<R>(self) -> Result<Option<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.fetch_optional(true).await
    }

    /// Reads a row that is always there.
    pub(crate) async fn read_one<R>(self) -> Result<R>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let (sql, arguments) = (self.sql, self.arguments?);
        let attempt = |pool: PgPool| {
            let statement = sqlx::query_as_with(sql.clone(), arguments.clone());
            async move { statement.fetch_one(&pool).await }
        };
        self.call.run(true, attempt).await
    }

    /// Reads all rows.
    pub(crate) async fn read_all<R>(self) -> Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let (sql, arguments, is_kept) = (self.sql, self.arguments?, self.is_kept);
        let attempt = |pool: PgPool| {
            let statement = sqlx::query_as_with(sql.clone(), arguments.clone());
            async move { statement.persistent(is_kept).fetch_all(&pool).await }
        };
        self.call.run(true, attempt).await
    }

    async fn fetch_optional<R>(self, is_read: bool) -> Result<Option<R>>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let (sql, arguments) = (self.sql, self.arguments?);
        let attempt = |pool: PgPool| {
            let statement = sqlx::query_as_with(sql.clone(), arguments.clone());
            async move { statement.fetch_optional(&pool).await }
        };
        self.call.run(is_read, attempt).await
    }
}
