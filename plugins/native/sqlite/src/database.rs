//! Reading and writing, on the right connection and in a transaction.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use plimsoll_contract::Answer;
use plimsoll_sql::Opened;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{Connection, Encode, Executor, FromRow, QueryBuilder, Sqlite, SqliteConnection, Type};

use crate::connect::Connector;
use crate::error::answer;
use crate::options::Listener;
use crate::schema;
use crate::writer::{Shape, Writer};

const MOVE_LOG: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// A statement with its arguments.
pub(crate) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// A statement that answers rows, with its arguments.
pub(crate) struct Select<'q, R> {
    statement: Statement<'q>,
    row: PhantomData<fn() -> R>,
}

/// A row type: what a statement answers in each of its rows.
pub(crate) trait Row: for<'r> FromRow<'r, SqliteRow> + Send + 'static {}

impl<R> Row for R where R: for<'r> FromRow<'r, SqliteRow> + Send + 'static {}

impl<'q, R: Row> Select<'q, R> {
    pub(crate) fn of(statement: Statement<'q>) -> Self {
        Self { statement, row: PhantomData }
    }

    pub(crate) fn bind<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(self, value: T) -> Self {
        Self::of(self.statement.bind(value))
    }

    async fn rows<'c>(self, executor: impl Executor<'c, Database = Sqlite>) -> Answer<Vec<R>> {
        let rows = self.statement.fetch_all(executor).await.map_err(answer)?;
        rows.iter().map(|row| R::from_row(row).map_err(answer)).collect()
    }
}

/// The database, connected to.
pub(crate) struct Database {
    writer: Writer,
    /// None in memory: reads go through the writer.
    readers: Option<SqlitePool>,
    /// None in memory, where there is no log to be moved.
    mover: Option<SqlitePool>,
    listener: Listener,
}

impl Database {
    /// Connects, and creates or upgrades the tables.
    pub(crate) async fn connect(connector: Connector) -> Answer<Self> {
        let connection = connector.writer().await?;
        let (readers, mover) = (connector.readers(), connector.mover());
        let listener = connector.listener();
        Ok(Self { writer: Writer::start(connection, connector), readers, mover, listener })
    }

    /// Whether it has to be connected to again.
    pub(crate) fn has_stopped(&self) -> bool {
        self.writer.has_stopped()
    }

    /// Several statements that change something, all or none of them. An error of the contract
    /// undoes them.
    pub(crate) async fn write<T, W>(&self, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        self.writer.run(Shape::Savepoint, work).await
    }

    /// [`write`](Self::write) that lets others go first, and lasts once [`sync`](Self::sync) was
    /// called.
    pub(crate) async fn write_behind<T, W>(&self, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        self.writer.run_behind(Shape::Savepoint, work).await
    }

    /// Makes all that was written last.
    pub(crate) async fn sync(&self) -> Answer<()> {
        // The first page is written again as it is: a commit without a change would sync nothing.
        self.listener.hear(schema::SET_APPLICATION_ID);
        self.execute(sqlx::query(schema::SET_APPLICATION_ID)).await.map(|_| ())
    }

    /// Moves what was written from the log into the file, while others go on writing. Where it
    /// fails, the next to find the log long does it.
    pub(crate) async fn move_log(&self) {
        let Some(mover) = &self.mover else { return };
        let moved = Select::<(i64, i64, i64)>::of(sqlx::query(MOVE_LOG)).rows(mover).await;
        if moved.is_ok() {
            // What came meanwhile is little. Without it the log would never begin anew.
            let rest = work(|connection| {
                Box::pin(all::<(i64, i64, i64)>(connection, Select::of(sqlx::query(MOVE_LOG))))
            });
            let _ = self.writer.run_behind(Shape::Statement, rest).await;
        }
    }

    /// One statement that changes something; how many rows it changed.
    pub(crate) async fn execute(&self, statement: Statement<'static>) -> Answer<u64> {
        let work = work(move |connection| Box::pin(execute(connection, statement)));
        self.writer.run(Shape::Statement, work).await
    }

    /// Statements in one text, with the same arguments, all or none of them.
    pub(crate) async fn execute_all(&self, statements: Statement<'static>) -> Answer<()> {
        let all = self.write(move |connection| Box::pin(execute(connection, statements)));
        all.await.map(|_| ())
    }

    /// One statement that changes something and answers the row that it changed.
    pub(crate) async fn change<R: Row>(&self, statement: Select<'static, R>) -> Answer<Option<R>> {
        let work = work(move |connection| Box::pin(change(connection, statement)));
        self.writer.run(Shape::Statement, work).await
    }

    /// Several statements that read, all of one moment.
    pub(crate) async fn read<T, W>(&self, work: W) -> Answer<T>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        let Some(readers) = &self.readers else {
            return self.writer.run(Shape::Statement, work).await;
        };
        let mut connection = readers.acquire().await.map_err(answer)?;
        // Dropped half way, it is rolled back: no connection returns to the pool with an old view.
        let mut snapshot = connection.begin().await.map_err(answer)?;
        let answered = work(&mut snapshot).await?;
        snapshot.commit().await.map_err(answer)?;
        Ok(answered)
    }

    /// One statement that reads.
    pub(crate) async fn all<R: Row>(&self, select: Select<'static, R>) -> Answer<Vec<R>> {
        if let Some(readers) = &self.readers {
            return select.rows(readers).await;
        }
        let work = work(move |connection| Box::pin(all(connection, select)));
        self.writer.run(Shape::Statement, work).await
    }

    /// One statement that reads at most one row.
    pub(crate) async fn optional<R: Row>(&self, select: Select<'static, R>) -> Answer<Option<R>> {
        Ok(self.all(select).await?.into_iter().next())
    }
}

/// Tells the compiler that a closure takes a connection however long it is lent.
fn work<T, W>(work: W) -> W
where
    W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
{
    work
}

/// [`Database::execute`], within a transaction.
pub(crate) async fn execute(
    connection: &mut SqliteConnection,
    statement: Statement<'_>,
) -> Answer<u64> {
    Ok(statement.execute(connection).await.map_err(answer)?.rows_affected())
}

/// [`Database::change`], within a transaction.
pub(crate) async fn change<R: Row>(
    connection: &mut SqliteConnection,
    statement: Select<'_, R>,
) -> Answer<Option<R>> {
    // To the last row: a statement that is left half way need not have changed anything.
    Ok(all(connection, statement).await?.into_iter().next())
}

/// [`Database::all`], within a transaction.
pub(crate) async fn all<R: Row>(
    connection: &mut SqliteConnection,
    select: Select<'_, R>,
) -> Answer<Vec<R>> {
    select.rows(connection).await
}

/// A namespace of the database, as it was opened.
#[derive(Clone)]
pub(crate) struct Open {
    pub(crate) opened: Arc<Opened>,
    pub(crate) database: Arc<Database>,
}

impl Open {
    /// A statement; the namespace is its first argument.
    pub(crate) fn statement(&self, sql: &'static str) -> Statement<'static> {
        self.database.listener.hear(sql);
        sqlx::query(sql).bind(&self.opened.namespace)
    }

    /// A statement that answers rows; the namespace is its first argument.
    pub(crate) fn select<R: Row>(&self, sql: &'static str) -> Select<'static, R> {
        Select::of(self.statement(sql))
    }

    /// A statement to be put together; it begins with `sql` and the namespace.
    pub(crate) fn builder(&self, sql: &'static str) -> QueryBuilder<Sqlite> {
        let mut builder = QueryBuilder::new(sql);
        builder.push_bind(&self.opened.namespace);
        builder
    }

    /// What was put together.
    pub(crate) fn built<'b>(&self, builder: &'b mut QueryBuilder<Sqlite>) -> Statement<'b> {
        self.database.listener.hear(builder.sql().as_str());
        builder.build()
    }

    /// The present instant, in microseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.opened.now_micros()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;
    use crate::SqliteOptions;

    /// How many pages the log has, and how many of them are in the file.
    async fn log(database: &Database, look: &'static str) -> (i64, i64) {
        let select = Select::<(i64, i64, i64)>::of(sqlx::query(look));
        let look = work(move |connection| Box::pin(all(connection, select)));
        let (_, written, moved) =
            database.writer.run(Shape::Statement, look).await.unwrap().remove(0);
        (written, moved)
    }

    #[tokio::test]
    async fn a_sync_has_something_to_commit_and_the_log_begins_anew_once_it_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let connector = Connector::new(SqliteOptions::file(folder.path().join("flow.db")));
        let database = Database::connect(connector).await.unwrap();
        let look = "PRAGMA wal_checkpoint(NOOP)";
        let (written, moved) = log(&database, look).await;
        database.sync().await.unwrap();
        assert_eq!(log(&database, look).await, (written + 1, moved));
        database.move_log().await;
        assert_eq!(log(&database, look).await, (written + 1, written + 1));
        database.sync().await.unwrap();
        assert_eq!(log(&database, look).await, (1, 0));
    }
}
