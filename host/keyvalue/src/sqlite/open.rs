//! Making the file, or seeing that it is the engine's.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::connect::ConnectError;

/// How long to wait before asking for the journal mode again.
const PAUSE: Duration = Duration::from_millis(5);

/// Marks a file as the engine's, in the header that SQLite has for it: `PLKV`.
const APPLICATION_ID: i64 = 0x504c_4b56;

const TABLES: [&str; 4] = [
    "PRAGMA application_id = 0x504c4b56",
    // Bytes, so that texts compare by bytes and may have U+0000.
    "CREATE TABLE IF NOT EXISTS entries (bucket BLOB NOT NULL, key BLOB NOT NULL, \
     value BLOB NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID",
    // Of all writes to all buckets: a key that is removed and written again has another version.
    "CREATE TABLE IF NOT EXISTS latest (version INTEGER NOT NULL)",
    "INSERT INTO latest SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM latest)",
];

pub(super) const BUSY: u32 = 5;
pub(super) const LOCKED: u32 = 6;
pub(super) const FULL: u32 = 13;
const NO_DATABASE: u32 = 26;

/// The primary result code.
pub(super) fn code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Makes the file and its tables where they are missing.
pub(super) async fn prepare(
    path: &Path,
    options: &SqliteConnectOptions,
    patience: Duration,
) -> Result<(), ConnectError> {
    folder_is_there(path)?;
    let options = options.clone().create_if_missing(true).pragma("synchronous", "FULL");
    let mut connection = options.connect().await.map_err(refusal)?;
    is_ours_or_new(&mut connection).await?;
    write_ahead(&mut connection, patience).await?;
    // One after the other, where several open a new file.
    let mut alone = connection.begin_with("BEGIN IMMEDIATE").await.map_err(refusal)?;
    if !is_ours_or_new(&mut alone).await? {
        for statement in TABLES {
            sqlx::query(statement).execute(&mut *alone).await.map_err(refusal)?;
        }
    }
    alone.commit().await.map_err(refusal)?;
    connection.close().await.map_err(refusal)
}

/// SQLite says of a missing folder that it cannot open the file.
fn folder_is_there(path: &Path) -> Result<(), ConnectError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        Some(missing) => Err(ConnectError::NoFolder(missing.to_owned())),
        None => Ok(()),
    }
}

/// Whether it is the engine's; if not, it is empty.
async fn is_ours_or_new(connection: &mut SqliteConnection) -> Result<bool, ConnectError> {
    let (id, tables): (i64, i64) = sqlx::query_as(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
    )
    .fetch_one(connection)
    .await
    .map_err(refusal)?;
    match (id, tables) {
        (APPLICATION_ID, _) => Ok(true),
        (0, 0) => Ok(false),
        _ => Err(ConnectError::Foreign),
    }
}

/// Sets what durability rests on, and reads it back.
async fn write_ahead(
    connection: &mut SqliteConnection,
    patience: Duration,
) -> Result<(), ConnectError> {
    let mode = journal_mode(connection, patience).await?;
    if mode != "wal" {
        return Err(ConnectError::File(format!(
            "its journal mode stays `{mode}`, and `wal` is needed; is it on a network share?"
        )));
    }
    let level = sqlx::query_scalar("PRAGMA synchronous").fetch_one(connection).await;
    match level.map_err(refusal)? {
        2 => Ok(()),
        level => Err(ConnectError::File(format!("synchronous stays {level}, and FULL is needed"))),
    }
}

/// Changing the mode needs the file alone, and SQLite does not wait for that by itself: others may
/// be opening the new file too.
async fn journal_mode(
    connection: &mut SqliteConnection,
    patience: Duration,
) -> Result<String, ConnectError> {
    let deadline = Instant::now() + patience;
    loop {
        let mode = sqlx::query_scalar("PRAGMA journal_mode = wal");
        match mode.fetch_one(&mut *connection).await {
            Err(error) if code(&error) == Some(BUSY) && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            other => return other.map_err(refusal),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn refusal(error: sqlx::Error) -> ConnectError {
    match (code(&error), error.as_database_error()) {
        (Some(NO_DATABASE), _) => ConnectError::Foreign,
        (Some(BUSY | LOCKED), _) => {
            let message = "another connection holds it; try again, or raise the timeout";
            ConnectError::File(message.to_owned())
        }
        (_, Some(database)) => ConnectError::File(format!(
            "{}; see that this process may write the file and its folder, and that there is room",
            database.message()
        )),
        _ => ConnectError::File(error.to_string()),
    }
}
