//! Connections, each with the pragmas that its use takes.

use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_contract::{Answer, Error};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};

use crate::gate::Gate;
use crate::options::{Listener, Place, SqliteOptions};
use crate::{error, schema};

/// How long to wait before asking for the journal mode again.
const PAUSE: Duration = Duration::from_millis(5);

/// How much of the file the connection that writes remembers, in KiB below zero. Ids are spread over
/// all of a long history; with the 2 MiB of SQLite, a batch of a cleanup would not fit in.
const WRITER_CACHE: &str = "-65536";

/// The same for each connection that reads.
const READER_CACHE: &str = "-16384";

/// Makes connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    options: SqliteOptions,
}

impl Connector {
    pub(crate) fn new(options: SqliteOptions) -> Self {
        Self { options }
    }

    /// Whether a new connection would find the data of the one before.
    pub(crate) fn can_reconnect(&self) -> bool {
        matches!(self.options.place, Place::File(_))
    }

    /// Who hears of statements.
    pub(crate) fn listener(&self) -> Listener {
        self.options.listener.clone()
    }

    /// Where those that write to the file take turns.
    pub(crate) fn gate(&self) -> Option<Gate> {
        match &self.options.place {
            Place::File(path) => Some(Gate::of(path, self.options.busy_timeout)),
            Place::Memory => None,
        }
    }

    /// The connection that writes, to a database that is ours and up to date.
    pub(crate) async fn writer(&self) -> Answer<SqliteConnection> {
        self.folder_is_there()?;
        let options = self.connect_options().create_if_missing(true);
        let options = options.pragma("cache_size", WRITER_CACHE);
        let mut connection = options.connect().await.map_err(error::answer)?;
        schema::is_ours_or_new(&mut connection).await?;
        if let Place::File(_) = self.options.place {
            self.write_ahead(&mut connection).await?;
        }
        if let Some(pages) = self.options.max_pages {
            let pragma = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            sqlx::query(pragma).execute(&mut connection).await.map_err(error::answer)?;
        }
        schema::prepare(&mut connection).await?;
        Ok(connection)
    }

    /// The connections that read, made when they are needed; none in memory, where only the
    /// connection that writes sees the data.
    pub(crate) fn readers(&self) -> Option<SqlitePool> {
        let options = self.connect_options().pragma("query_only", "ON");
        self.pool(self.options.readers, options.pragma("cache_size", READER_CACHE))
    }

    /// The connection that moves the log into the file, made when it is needed; none in memory.
    pub(crate) fn mover(&self) -> Option<SqlitePool> {
        self.pool(1, self.connect_options())
    }

    fn pool(&self, connections: u32, options: SqliteConnectOptions) -> Option<SqlitePool> {
        if !self.can_reconnect() {
            return None;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(self.options.acquire_timeout)
            // A connection to a file has no peer that could be gone.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None);
        Some(pool.connect_lazy_with(options))
    }

    fn connect_options(&self) -> SqliteConnectOptions {
        let path = match &self.options.place {
            Place::File(path) => path.as_path(),
            Place::Memory => Path::new(":memory:"),
        };
        SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(self.options.busy_timeout)
            .disable_statement_logging()
    }

    /// SQLite says of a missing folder that it cannot open the file.
    fn folder_is_there(&self) -> Answer<()> {
        let Place::File(path) = &self.options.place else { return Ok(()) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder.filter(|folder| !folder.is_dir()) {
            Some(missing) => Err(Error::Unavailable(format!(
                "the folder {} of the database is missing; make it",
                missing.display()
            ))),
            None => Ok(()),
        }
    }

    /// Sets what durability rests on, and reads it back.
    async fn write_ahead(&self, connection: &mut SqliteConnection) -> Answer<()> {
        let mode = self.journal_mode(connection).await?;
        if mode != "wal" {
            return Err(Error::Other(format!(
                "the journal mode of the database stays `{mode}`, and `wal` is needed; is the \
                 file on a network share?"
            )));
        }
        let set = sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await;
        set.map_err(error::answer)?;
        let level: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(connection)
            .await
            .map_err(error::answer)?;
        match level {
            2 => Ok(()),
            _ => Err(Error::Other(format!("synchronous stays {level}, and FULL is needed"))),
        }
    }

    /// Changing the mode needs the file alone, and SQLite does not wait for that by itself: others
    /// may be opening the new file too.
    async fn journal_mode(&self, connection: &mut SqliteConnection) -> Answer<String> {
        let deadline = Instant::now() + self.options.busy_timeout;
        loop {
            let mode = sqlx::query_scalar("PRAGMA journal_mode = wal");
            match mode.fetch_one(&mut *connection).await {
                Err(error) if error::is_busy(&error) && Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other.map_err(error::answer),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_durability_rests_on_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let connector = Connector::new(SqliteOptions::file(folder.path().join("flow.db")));
        let mut connection = connector.writer().await.unwrap();
        let read = sqlx::query_as::<_, (i64, String)>(
            "SELECT synchronous, journal_mode FROM pragma_synchronous, pragma_journal_mode",
        );
        assert_eq!(read.fetch_one(&mut connection).await.unwrap(), (2, "wal".to_owned()));
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let connector = Connector::new(SqliteOptions::file(folder.path().join("flow.db")));
        let _writer = connector.writer().await.unwrap();
        let readers = connector.readers().unwrap();
        let write = sqlx::query("DELETE FROM flow_runs").execute(&readers).await;
        assert!(matches!(write.map_err(error::answer), Err(Error::Unavailable(_))));
    }
}
