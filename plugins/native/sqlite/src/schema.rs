//! Whose database it is, and its tables.

use plimsoll_contract::{Answer, Error};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, SqliteConnection};

use crate::error::answer;

/// Marks a file as ours, in the header that SQLite has for it: `PLIM`.
const APPLICATION_ID: i64 = 0x504c_494d;

/// Writes the mark, also where it is already.
pub(crate) const SET_APPLICATION_ID: &str = "PRAGMA application_id = 0x504c494d";

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Refuses a database of somebody else, before anything in it is changed.
///
/// # Errors
///
/// `other`, for one that is not empty and not marked as ours.
pub(crate) async fn is_ours_or_new(connection: &mut SqliteConnection) -> Answer<()> {
    let (id, tables): (i64, i64) = sqlx::query_as(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
    )
    .fetch_one(connection)
    .await
    .map_err(answer)?;
    match (id, tables) {
        (APPLICATION_ID, _) | (0, 0) => Ok(()),
        _ => Err(Error::Other(
            "the database belongs to another application; name a file of its own".to_owned(),
        )),
    }
}

/// Creates or upgrades the tables.
///
/// # Errors
///
/// `other`, for tables of a newer version, or changed by somebody else.
pub(crate) async fn prepare(connection: &mut SqliteConnection) -> Answer<()> {
    if is_up_to_date(connection).await? {
        return Ok(());
    }
    // One after the other: the migrator takes no lock of its own on SQLite.
    let mut alone = connection.begin_with("BEGIN IMMEDIATE").await.map_err(answer)?;
    is_ours_or_new(&mut alone).await?;
    sqlx::query(SET_APPLICATION_ID).execute(&mut *alone).await.map_err(answer)?;
    // `run` is this with a type that no future which goes to another thread can hold.
    MIGRATIONS.run_direct(None, &mut *alone, false).await.map_err(refusal)?;
    alone.commit().await.map_err(answer)
}

/// Whether exactly our migrations were applied, so that opening takes no lock.
async fn is_up_to_date(connection: &mut SqliteConnection) -> Answer<bool> {
    let exists = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let exists: i64 =
        sqlx::query_scalar(exists).fetch_one(&mut *connection).await.map_err(answer)?;
    if exists == 0 {
        return Ok(false);
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY 1")
            .fetch_all(connection)
            .await
            .map_err(answer)?;
    let ours = MIGRATIONS.iter().map(|ours| (ours.version, ours.checksum.to_vec()));
    Ok(ours.eq(applied))
}

fn refusal(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => Error::Other(
            "the schema of this database is newer than this version knows; upgrade plimsoll"
                .to_owned(),
        ),
        MigrateError::VersionMismatch(version) => Error::Other(format!(
            "migration {version} of this database is not the one of this version; \
             somebody else changed its tables"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => answer(error),
        other => Error::Other(other.to_string()),
    }
}
