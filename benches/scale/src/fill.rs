//! Fills databases with runs, past the backends: a million calls would take an hour.

use std::fmt::Write;

use plimsoll_contract::Instant;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, QueryBuilder, Sqlite, SqliteConnection};

use crate::run::Run;
use crate::table::{
    ATTEMPTS, CLAIMS, DISPATCHES, OUTPUTS, RUNS, Row, SLIM_STEPS, TIMED_CLAIMS, TIMED_DISPATCHES,
    Table, Value, WHOLE_STEPS,
};

/// How many runs go in one transaction.
const BATCH: usize = 5_000;

/// Writes the runs into the tables of PostgreSQL that the search path leads to.
///
/// # Errors
///
/// What the database refuses.
pub async fn fill_postgres(
    connection: &mut PgConnection,
    namespace: &str,
    runs: &[Run],
) -> sqlx::Result<()> {
    let tables = [RUNS, WHOLE_STEPS, ATTEMPTS, OUTPUTS, TIMED_DISPATCHES, TIMED_CLAIMS];
    // Indexes of texts are made faster than they are kept.
    connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'").await?;
    connection
        .execute("DROP INDEX IF EXISTS flow_runs_by_text, flow_step_attempts_by_text")
        .await?;
    for batch in runs.chunks(BATCH) {
        for table in &tables {
            let mut lines = String::new();
            for row in batch.iter().flat_map(table.rows) {
                push_line(&mut lines, namespace, &row);
            }
            let columns = table.columns.join(", ");
            let copy = format!("COPY {} ({columns}) FROM STDIN", table.name);
            let mut copy = connection.copy_in_raw(&copy).await?;
            copy.send(lines.as_bytes()).await?;
            copy.finish().await?;
        }
    }
    connection.execute("SELECT index_searches()").await?;
    connection.execute("VACUUM ANALYZE").await?;
    Ok(())
}

/// A row as `COPY` reads it.
fn push_line(lines: &mut String, namespace: &str, row: &Row) {
    lines.push_str(namespace);
    for value in row {
        // Writing to a String cannot fail.
        let _ = match value {
            Value::Null => write!(lines, "\t\\N"),
            Value::Text(text) => write!(lines, "\t{text}"),
            Value::Id(id) => write!(lines, "\t{id}"),
            Value::At(instant) => write!(lines, "\t{}", instant.format("%F %T%.6f+00")),
            Value::Number(number) => write!(lines, "\t{number}"),
        };
    }
    lines.push('\n');
}

/// Writes the runs into the tables of SQLite, and has those that are over read, as the backend
/// does in time.
///
/// # Errors
///
/// What the database refuses.
pub async fn fill_sqlite(
    connection: &mut SqliteConnection,
    namespace: &str,
    runs: &[Run],
) -> sqlx::Result<()> {
    connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144").await?;
    for batch in runs.chunks(BATCH) {
        let mut transaction = connection.begin().await?;
        for table in [RUNS, SLIM_STEPS, ATTEMPTS, OUTPUTS, DISPATCHES, CLAIMS] {
            let rows: Vec<Row> = batch.iter().flat_map(table.rows).collect();
            for rows in rows.chunks(500) {
                insert(&mut transaction, namespace, &table, rows).await?;
            }
        }
        for statement in [
            "INSERT OR REPLACE INTO flow_run_words (rowid, words) SELECT number, words \
             FROM flow_run_texts WHERE number IN (SELECT number FROM flow_runs_unread WHERE is_over)",
            "DELETE FROM flow_runs_unread WHERE is_over",
        ] {
            transaction.execute(statement).await?;
        }
        transaction.commit().await?;
    }
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    namespace: &str,
    table: &Table,
    rows: &[Row],
) -> sqlx::Result<()> {
    let columns = table.columns.join(", ");
    let mut insert =
        QueryBuilder::<Sqlite>::new(format!("INSERT INTO {} ({columns}) ", table.name));
    insert.push_values(rows, |mut tuple, row| {
        tuple.push_bind(namespace);
        for value in row {
            match value {
                Value::Null => tuple.push_bind(None::<String>),
                Value::Text(text) => tuple.push_bind(text),
                Value::Id(id) => tuple.push_bind(*id),
                Value::At(instant) => tuple.push_bind(micros(*instant)),
                Value::Number(number) => tuple.push_bind(*number),
            };
        }
    });
    insert.build().execute(connection).await?;
    Ok(())
}

fn micros(instant: Instant) -> i64 {
    instant.timestamp_micros()
}
