use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::connect::ConnectError;
use crate::fault::{foreign, full, lost, within};
use crate::limits::{Budget, check, sum};
use crate::{Engine, EngineError, EngineOptions, Entry, Keys, PAGE_KEYS, Result, Version};

mod open;
mod turns;

/// How many connections read at the same time, beside the one that writes.
const READERS: u32 = 4;

/// The size of a page of the file, in which SQLite counts how long it is.
const PAGE_BYTES: u64 = 4_096;

/// In a file, written before a call answers: the default for what must last on one machine. Other
/// engines and processes may use the file at the same time.
pub struct SqliteEngine {
    /// Of one connection.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Whoever writes to the file, through this engine or another of this process.
    turns: Arc<Mutex<()>>,
    timeout: Duration,
}

impl SqliteEngine {
    /// The one in the file at `path`, which is made if it is missing; its folder is not.
    ///
    /// # Errors
    ///
    /// If the folder is missing, the file is no database of this engine, or cannot be written.
    pub async fn open(
        path: impl AsRef<Path>,
        options: &EngineOptions,
    ) -> std::result::Result<Self, ConnectError> {
        let connect = SqliteConnectOptions::new()
            .filename(path.as_ref())
            .busy_timeout(options.timeout.min(Duration::from_millis(i32::MAX as u64)))
            .disable_statement_logging();
        open::prepare(path.as_ref(), &connect, options.timeout).await?;
        let writing = connect.clone().pragma("synchronous", "FULL");
        let writing = match options.capacity {
            Some(bytes) => writing.pragma("max_page_count", pages(bytes).to_string()),
            None => writing,
        };
        let reading = connect.pragma("query_only", "ON");
        Ok(Self {
            writer: pool(1, options.timeout).connect_lazy_with(writing),
            readers: pool(READERS, options.timeout).connect_lazy_with(reading),
            turns: turns::queue(path.as_ref()),
            timeout: options.timeout,
        })
    }

    /// The transaction of a write, alone in the file.
    async fn begin(&self) -> Result<Alone> {
        let turn = within(self.timeout, async { Ok(Arc::clone(&self.turns).lock_owned().await) });
        let turn = turn.await?;
        let connection = Some(self.writer.acquire().await.map_err(fault)?);
        let mut alone = Alone { connection, _turn: turn };
        alone.execute("BEGIN IMMEDIATE").await?;
        Ok(alone)
    }
}

/// A transaction. SQLite ends one by itself when there is no room: unless it is committed, the
/// connection is closed, which undoes whatever is left of it.
struct Alone {
    connection: Option<PoolConnection<Sqlite>>,
    /// Goes last.
    _turn: OwnedMutexGuard<()>,
}

impl Alone {
    fn connection(&mut self) -> Result<&mut SqliteConnection> {
        self.connection.as_deref_mut().ok_or_else(lost)
    }

    async fn execute(&mut self, statement: &'static str) -> Result<()> {
        sqlx::query(statement).execute(self.connection()?).await.map_err(fault)?;
        Ok(())
    }

    async fn commit(mut self) -> Result<()> {
        self.execute("COMMIT").await?;
        // Back to the pool.
        drop(self.connection.take());
        Ok(())
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.close_on_drop();
        }
    }
}

fn pages(bytes: u64) -> u64 {
    // SQLite counts so far, and takes 0 for a question.
    (bytes / PAGE_BYTES).clamp(1, 0xffff_fffe)
}

fn pool(connections: u32, timeout: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(timeout)
        // A connection to a file has no peer that could be gone.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// What a guest is told of an error; SQLite's own words name no file.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn fault(error: sqlx::Error) -> EngineError {
    match open::code(&error) {
        Some(open::FULL) => full(),
        Some(open::BUSY | open::LOCKED) => lost(),
        _ => match error.as_database_error() {
            Some(error) => EngineError::Other(format!("the store failed: {}", error.message())),
            None => lost(),
        },
    }
}

fn entry((value, version): (Vec<u8>, i64)) -> Entry {
    Entry { value, version: Version(version.cast_unsigned()) }
}

async fn read(connection: &mut SqliteConnection, bucket: &str, key: &str) -> Result<Option<Entry>> {
    let sql = "SELECT value, version FROM entries WHERE bucket = ? AND key = ?";
    let row = sqlx::query_as(sql).bind(bucket.as_bytes()).bind(key.as_bytes());
    Ok(row.fetch_optional(connection).await.map_err(fault)?.map(entry))
}

/// The version of the next write, one that no other write has.
async fn next(connection: &mut SqliteConnection) -> Result<i64> {
    let sql = "UPDATE latest SET version = version + 1 RETURNING version";
    sqlx::query_scalar(sql).fetch_one(connection).await.map_err(fault)
}

async fn write(
    connection: &mut SqliteConnection,
    bucket: &str,
    key: &str,
    value: &[u8],
) -> Result<()> {
    let version = next(connection).await?;
    let sql = "INSERT INTO entries (bucket, key, value, version) VALUES (?, ?, ?, ?) \
               ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version";
    let insert = sqlx::query(sql).bind(bucket.as_bytes()).bind(key.as_bytes());
    insert.bind(value).bind(version).execute(connection).await.map_err(fault)?;
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, bucket: &str, key: &str) -> Result<()> {
    let sql = "DELETE FROM entries WHERE bucket = ? AND key = ?";
    let delete = sqlx::query(sql).bind(bucket.as_bytes()).bind(key.as_bytes());
    delete.execute(connection).await.map_err(fault)?;
    Ok(())
}

#[async_trait]
impl Engine for SqliteEngine {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>> {
        check(bucket, key, &[])?;
        let mut connection = self.readers.acquire().await.map_err(fault)?;
        read(&mut connection, bucket, key).await
    }

    async fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        // Of one moment. Dropped, it is rolled back: it has changed nothing.
        let mut snapshot = self.readers.begin().await.map_err(fault)?;
        let mut budget = Budget::default();
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            check(bucket, key, &[])?;
            let value = read(&mut snapshot, bucket, key).await?.map(|entry| entry.value);
            budget.take(value.as_deref())?;
            values.push(value);
        }
        Ok(values)
    }

    async fn exists(&self, bucket: &str, key: &str) -> Result<bool> {
        check(bucket, key, &[])?;
        let sql = "SELECT EXISTS (SELECT 1 FROM entries WHERE bucket = ? AND key = ?)";
        let exists = sqlx::query_scalar(sql).bind(bucket.as_bytes()).bind(key.as_bytes());
        exists.fetch_one(&self.readers).await.map_err(fault)
    }

    async fn set(&self, bucket: &str, key: &str, value: &[u8]) -> Result<()> {
        check(bucket, key, value)?;
        let mut alone = self.begin().await?;
        write(alone.connection()?, bucket, key, value).await?;
        alone.commit().await
    }

    async fn set_many(&self, bucket: &str, entries: &[(String, Vec<u8>)]) -> Result<()> {
        for (key, value) in entries {
            check(bucket, key, value)?;
        }
        let mut alone = self.begin().await?;
        for (key, value) in entries {
            write(alone.connection()?, bucket, key, value).await?;
        }
        alone.commit().await
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<()> {
        check(bucket, key, &[])?;
        let mut alone = self.begin().await?;
        remove(alone.connection()?, bucket, key).await?;
        alone.commit().await
    }

    async fn delete_many(&self, bucket: &str, keys: &[String]) -> Result<()> {
        for key in keys {
            check(bucket, key, &[])?;
        }
        let mut alone = self.begin().await?;
        for key in keys {
            remove(alone.connection()?, bucket, key).await?;
        }
        alone.commit().await
    }

    async fn keys(&self, bucket: &str, cursor: Option<&str>) -> Result<Keys> {
        check(bucket, cursor.unwrap_or_default(), &[])?;
        let sql = "SELECT key FROM entries WHERE bucket = ?1 AND (?2 IS NULL OR key > ?2) \
                   ORDER BY key LIMIT ?3";
        let more = i64::try_from(PAGE_KEYS + 1).unwrap_or(i64::MAX);
        let rows = sqlx::query_scalar(sql).bind(bucket.as_bytes()).bind(cursor.map(str::as_bytes));
        let rows: Vec<Vec<u8>> = rows.bind(more).fetch_all(&self.readers).await.map_err(fault)?;
        let keys = rows.into_iter().map(|key| String::from_utf8(key).map_err(|_| foreign()));
        Ok(Keys::page(keys.collect::<Result<_>>()?))
    }

    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64> {
        check(bucket, key, &[])?;
        let mut alone = self.begin().await?;
        let before = read(alone.connection()?, bucket, key).await?;
        let sum = sum(before.as_ref().map(|entry| &*entry.value), delta)?;
        write(alone.connection()?, bucket, key, sum.to_string().as_bytes()).await?;
        alone.commit().await?;
        Ok(sum)
    }

    async fn swap(
        &self,
        bucket: &str,
        key: &str,
        expected: Option<Version>,
        value: &[u8],
    ) -> Result<bool> {
        check(bucket, key, value)?;
        let mut alone = self.begin().await?;
        let before = read(alone.connection()?, bucket, key).await?;
        if before.map(|entry| entry.version) != expected {
            alone.commit().await?;
            return Ok(false);
        }
        write(alone.connection()?, bucket, key, value).await?;
        alone.commit().await?;
        Ok(true)
    }
}
