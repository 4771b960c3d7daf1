//! Creating, upgrading and recognising the tables, and emptying them of a namespace.

use plimsoll_contract::{Answer, Error};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, PgPool, Postgres};

use crate::call::MARGIN;
use crate::error::no_answer;
use crate::{PostgresOptions, error};

/// Every version of the tables, the oldest first.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// What a schema is to this version.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// As this version needs it.
    Ready,
    /// Empty, or of an earlier version.
    Behind,
    /// Of a later version.
    Newer,
    /// Somebody else's; the text says by what it shows.
    Foreign(String),
}

/// Makes the tables what this version needs, once, however many instances open at the same time.
///
/// # Errors
///
/// What keeps the database from being used, and what to do about it.
pub(crate) async fn prepare(pool: &PgPool, options: &PostgresOptions) -> Answer<()> {
    let limit = options.acquire_timeout + options.statement_timeout + MARGIN;
    let behind = match tokio::time::timeout(limit, look(pool)).await {
        Err(_) => return Err(no_answer()),
        Ok(Err(sqlx::Error::PoolTimedOut)) => return Err(why_not(options).await),
        Ok(Err(error)) => return Err(error::answer(&error)),
        Ok(Ok(looked)) => looked?,
    };
    match behind {
        None => Ok(()),
        Some(mut connection) => {
            let migrated = migrate(&mut connection, &options.schema).await;
            migrated.unwrap_or_else(|error| Err(error::answer(&error)))
        }
    }
}

/// The connection to make the tables with, unless they are what this version needs.
async fn look(pool: &PgPool) -> sqlx::Result<Answer<Option<PoolConnection<Postgres>>>> {
    let mut connection = pool.acquire().await?;
    if let Err(refusal) = check_server(&mut connection).await? {
        return Ok(Err(refusal));
    }
    Ok(Ok(match state(&mut connection).await? {
        State::Ready => None,
        _ => Some(connection),
    }))
}

/// The pool tries until its time is up and keeps the reason to itself, so ask once without it.
async fn why_not(options: &PostgresOptions) -> Error {
    let attempt = PgConnection::connect_with(&options.connect);
    match tokio::time::timeout(options.acquire_timeout, attempt).await {
        Ok(Err(error)) => error::answer(&error),
        Ok(Ok(_)) | Err(_) => error::answer(&sqlx::Error::PoolTimedOut),
    }
}

/// What the tables cannot do without.
async fn check_server(connection: &mut PgConnection) -> sqlx::Result<Answer<()>> {
    let (encoding, read_only, commit): (String, String, String) = sqlx::query_as(
        "SELECT current_setting('server_encoding'), current_setting('transaction_read_only'), \
                current_setting('synchronous_commit')",
    )
    .fetch_one(connection)
    .await?;
    if encoding != "UTF8" {
        let message = format!("the database has the encoding {encoding}; create one with UTF8");
        return Ok(Err(Error::Other(message)));
    }
    if read_only == "on" {
        let message = "the database takes no writes; connect to the primary, and leave \
                       default_transaction_read_only off";
        return Ok(Err(Error::Unavailable(message.to_owned())));
    }
    if commit == "off" {
        let message = "synchronous_commit is off and cannot be switched on, so that a crash could \
                       lose what was acknowledged";
        return Ok(Err(Error::Other(message.to_owned())));
    }
    Ok(Ok(()))
}

/// Creates what is missing, in one transaction, alone.
async fn migrate(connection: &mut PgConnection, schema: &str) -> sqlx::Result<Answer<()>> {
    let mut transaction = connection.begin().await?;
    // An index on a long history takes long; a lock that is never given still ends it.
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('plimsoll ' || $1, 1))")
        .bind(schema)
        .execute(&mut *transaction)
        .await?;
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
            .bind(schema)
            .fetch_one(&mut *transaction)
            .await?;
    if !exists {
        let create = AssertSqlSafe(format!("CREATE SCHEMA \"{schema}\""));
        sqlx::query(create).execute(&mut *transaction).await?;
    }
    match locked_state(&mut transaction).await? {
        State::Ready => return Ok(Ok(())),
        State::Behind => {}
        State::Newer => {
            let message = "the schema of this database is newer than this version knows; upgrade \
                           plimsoll";
            return Ok(Err(Error::Other(message.to_owned())));
        }
        State::Foreign(sign) => {
            return Ok(Err(Error::Other(format!(
                "the schema `{schema}` belongs to somebody else: {sign}; choose another schema"
            ))));
        }
    }
    if let Err(error) = migrator().run_direct(None, &mut *transaction, false).await {
        return match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Err(error),
            other => Ok(Err(Error::Other(format!("the tables cannot be made: {other}")))),
        };
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

/// The migrations, without the lock of sqlx: it would outlive a transaction that fails, and the
/// schema, which has to be created under a lock as well, needs one of its own.
fn migrator() -> Migrator {
    let mut migrator = Migrator { migrations: MIGRATIONS.migrations.clone(), ..Migrator::DEFAULT };
    migrator.set_locking(false);
    migrator
}

/// What the schema of the search path is. Outside of the lock it may be half way between two
/// answers, but `Ready` is final.
async fn state(connection: &mut PgConnection) -> sqlx::Result<State> {
    let applied = sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version");
    match applied.fetch_all(connection).await {
        Ok(applied) => Ok(judge(&applied)),
        Err(error) if error::is_undefined(&error) => Ok(State::Behind),
        Err(error) => Err(error),
    }
}

/// As [`state`], for the transaction that holds the lock, which an error would end.
async fn locked_state(connection: &mut PgConnection) -> sqlx::Result<State> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class \
         WHERE relnamespace = to_regnamespace(current_schema()::text) \
             AND relkind IN ('r', 'p', 'v', 'm', 'f')",
    )
    .fetch_all(&mut *connection)
    .await?;
    if tables.iter().any(|table| table == "_sqlx_migrations") {
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT attname::text FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped \
             AND attrelid = '_sqlx_migrations'::regclass",
        )
        .fetch_all(&mut *connection)
        .await?;
        if !["version", "checksum", "success"].iter().all(|name| columns.iter().any(|c| c == name))
        {
            return Ok(State::Foreign("its table _sqlx_migrations is another one".to_owned()));
        }
        return state(connection).await;
    }
    let is_ours = |table: &&String| OUR_TABLES.contains(&table.as_str());
    Ok(match tables.iter().find(is_ours) {
        Some(table) => State::Foreign(format!("it has a table {table} that plimsoll did not make")),
        None => State::Behind,
    })
}

/// What the applied migrations, ascending, tell of their schema.
fn judge(applied: &[(i64, Vec<u8>)]) -> State {
    let known: Vec<_> = MIGRATIONS.iter().collect();
    for (place, (version, checksum)) in applied.iter().enumerate() {
        let Some(ours) = known.get(place) else { return State::Newer };
        if ours.version != *version || ours.checksum.as_ref() != checksum.as_slice() {
            let sign = format!("its migration {version} is none of plimsoll's");
            return State::Foreign(sign);
        }
    }
    if applied.len() < known.len() { State::Behind } else { State::Ready }
}

/// The names that the migrations take.
const OUR_TABLES: [&str; 15] = [
    "flow_definitions",
    "flow_event_sequences",
    "flow_events",
    "flow_idempotency_keys",
    "flow_outputs",
    "flow_run_controls",
    "flow_runs",
    "flow_schedule_states",
    "flow_signal_waiters",
    "flow_step_attempts",
    "flow_step_claims",
    "flow_step_dispatches",
    "flow_steps",
    "webhook_rejections",
    "webhook_replay_nonces",
];

/// Removes everything of a namespace. A schema that is not there yet holds nothing.
///
/// # Errors
///
/// As [`prepare`], and for a schema that this version does not know.
pub(crate) async fn discard(
    pool: &PgPool,
    options: &PostgresOptions,
    namespace: &str,
) -> Answer<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_discard(pool, options, namespace).await {
            Err(error) if error::is_lost_race(&error) && tries < 8 => {}
            Err(sqlx::Error::PoolTimedOut) => return Err(why_not(options).await),
            Err(error) => return Err(error::answer(&error)),
            Ok(answer) => return answer,
        }
    }
}

async fn try_discard(
    pool: &PgPool,
    options: &PostgresOptions,
    namespace: &str,
) -> sqlx::Result<Answer<()>> {
    let mut connection = pool.acquire().await?;
    if state(&mut connection).await? != State::Ready {
        // There is no schema, or it belongs to somebody who must be told apart; or it is behind.
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
                .bind(&options.schema)
                .fetch_one(&mut *connection)
                .await?;
        if !exists {
            return Ok(Ok(()));
        }
        if let Err(refusal) = migrate(&mut connection, &options.schema).await? {
            return Ok(Err(refusal));
        }
    }
    let mut transaction = connection.begin().await?;
    // Of a large namespace it takes long; a lock that is never given still ends it.
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
    sqlx::query("SELECT remove_namespace($1)").bind(namespace).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied() -> Vec<(i64, Vec<u8>)> {
        MIGRATIONS.iter().map(|step| (step.version, step.checksum.to_vec())).collect()
    }

    #[test]
    fn migrations_tell_whose_a_schema_is() {
        let mut all = applied();
        assert_eq!(judge(&all), State::Ready);
        assert_eq!(judge(&all[..1]), State::Behind);
        assert_eq!(judge(&[]), State::Behind);
        all.push((9_999, vec![1]));
        assert_eq!(judge(&all), State::Newer);
        all[0].1 = vec![2];
        assert!(matches!(judge(&all), State::Foreign(_)));
        assert!(matches!(judge(&[(7, vec![1])]), State::Foreign(_)));
    }

    #[test]
    fn every_table_of_the_migrations_is_known() {
        let tables = include_str!("../migrations/0001_tables.sql");
        assert_eq!(tables.matches("CREATE TABLE").count(), OUR_TABLES.len());
        for table in OUR_TABLES {
            assert!(tables.contains(&format!("CREATE TABLE {table} (")), "{table}");
        }
    }
}
