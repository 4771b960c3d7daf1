//! What changes a step together with its attempts, its claim and its dispatch entry.

use std::sync::Arc;

use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{Answer, RunId, StepStatus};
use plimsoll_sql::step_status_name;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::SqliteBackend;
use crate::database::{Open, Select, all, execute};

/// How many step keys one statement names: SQLite allows 32,766 arguments.
const KEYS: usize = 500;

/// An attempt to be added to a step, which shows it from then on.
pub(crate) struct NewAttempt<'a> {
    status: StepStatus,
    step_type: &'a str,
    input_json: Option<&'a str>,
    error_message: Option<&'a str>,
    job_id: Option<&'a str>,
    evaluation_trace_json: Option<&'a str>,
}

impl<'a> NewAttempt<'a> {
    pub(crate) fn running(
        step_type: &'a str,
        input_json: Option<&'a str>,
        job_id: Option<&'a str>,
    ) -> Self {
        Self {
            status: StepStatus::Running,
            step_type,
            input_json,
            error_message: None,
            job_id,
            evaluation_trace_json: None,
        }
    }

    /// An empty trace equals none (RUNTIME-17).
    pub(crate) fn skipped(
        step_type: &'a str,
        reason: Option<&'a str>,
        trace: Option<&'a str>,
    ) -> Self {
        Self {
            status: StepStatus::Skipped,
            step_type,
            input_json: None,
            error_message: reason,
            job_id: None,
            evaluation_trace_json: trace.filter(|trace| !trace.is_empty()),
        }
    }
}

impl SqliteBackend {
    /// Adds an attempt, and makes the step what the attempt is; also one that was reset.
    pub(crate) async fn add_attempt(
        &self,
        run_id: RunId,
        step_key: &str,
        attempt: &NewAttempt<'_>,
    ) -> Answer<()> {
        let open = self.open_namespace()?;
        let now = open.now();
        let ended = (attempt.status != StepStatus::Running).then_some(now);
        let add = open
            .statement(
                "INSERT INTO flow_steps
                     (namespace, run_id, step_key, status, attempt_count, started_at,
                      completed_at, evaluation_trace_json)
                 VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7)
                 ON CONFLICT (namespace, run_id, step_key) DO UPDATE SET
                     status = excluded.status, attempt_count = attempt_count + 1,
                     completed_at = excluded.completed_at,
                     evaluation_trace_json = excluded.evaluation_trace_json;
                 INSERT INTO flow_step_attempts
                     (namespace, run_id, step_key, attempt, step_type, status, input_json,
                      error_message, job_id, started_at, completed_at, evaluation_trace_json)
                 SELECT ?1, ?2, ?3, attempt_count, ?8, ?4, ?9, ?10, ?11, ?5, ?6, ?7
                 FROM flow_steps WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
            )
            .bind(run_id.0)
            .bind(step_key)
            .bind(step_status_name(attempt.status))
            .bind(now)
            .bind(ended)
            .bind(attempt.evaluation_trace_json)
            .bind(attempt.step_type)
            .bind(attempt.input_json)
            .bind(attempt.error_message)
            .bind(attempt.job_id);
        open.database.execute_all(add).await
    }

    /// Ends the latest attempt of a step. One that was reset is unknown, and keeps its attempts.
    pub(crate) async fn complete_step(
        &self,
        run_id: RunId,
        step_key: &str,
        status: StepStatus,
        output_json: Option<&str>,
        error_message: Option<&str>,
    ) -> Answer<()> {
        let open = self.open_namespace()?;
        let complete = open
            .statement(
                "UPDATE flow_step_attempts
                 SET status = ?4, completed_at = ?5, output_json = ?6, error_message = ?7
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3 AND attempt =
                     (SELECT attempt_count FROM flow_steps
                      WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3
                          AND status IS NOT NULL);
                 UPDATE flow_steps SET status = ?4, completed_at = ?5
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3 AND status IS NOT NULL",
            )
            .bind(run_id.0)
            .bind(step_key)
            .bind(step_status_name(status))
            .bind(open.now())
            .bind(output_json)
            .bind(error_message);
        open.database.execute_all(complete).await
    }

    /// Reopens run and step, and frees the step's claim and dispatch entry.
    pub(crate) async fn reopen_step(&self, run_id: RunId, step_key: &str) -> Answer<()> {
        let open = self.open_namespace()?;
        let reopen = open
            .statement(
                "UPDATE flow_runs SET status = 'running', completed_at = NULL
                 WHERE namespace = ?1 AND id = ?2;
                 UPDATE flow_steps
                 SET status = 'running', completed_at = NULL, evaluation_trace_json = NULL
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3 AND status IS NOT NULL;
                 DELETE FROM flow_step_claims
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3;
                 DELETE FROM flow_step_dispatches
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3",
            )
            .bind(run_id.0)
            .bind(step_key);
        open.database.execute_all(reopen).await
    }

    /// Forgets those of the steps that a predecessor kept from running, with their claims and
    /// dispatch entries.
    pub(crate) async fn reset_steps(&self, run_id: RunId, step_keys: &[String]) -> Answer<()> {
        let open = self.open_namespace()?;
        let (database, step_keys) = (Arc::clone(&open.database), step_keys.to_vec());
        let reset = database.write(move |connection| {
            Box::pin(async move {
                for keys in step_keys.chunks(KEYS) {
                    reset_some(connection, &open, run_id, keys).await?;
                }
                Ok(())
            })
        });
        reset.await
    }
}

async fn reset_some(
    connection: &mut SqliteConnection,
    open: &Open,
    run_id: RunId,
    keys: &[String],
) -> Answer<()> {
    let mut reset = of_steps(
        open,
        "UPDATE flow_steps
         SET status = NULL, completed_at = NULL, evaluation_trace_json = NULL
         WHERE status = 'skipped' AND namespace = ",
        run_id,
        keys,
    );
    reset
        .push(
            " AND EXISTS (SELECT 1 FROM flow_step_attempts AS latest
              WHERE latest.namespace = flow_steps.namespace
                  AND latest.run_id = flow_steps.run_id
                  AND latest.step_key = flow_steps.step_key
                  AND latest.attempt = flow_steps.attempt_count
                  AND latest.error_message = ",
        )
        .push_bind(PREREQUISITE_NOT_SATISFIED)
        .push(") RETURNING step_key");
    let was_reset: Vec<(String,)> = all(connection, Select::of(open.built(&mut reset))).await?;
    if was_reset.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = was_reset.into_iter().map(|(key,)| key).collect();
    for freed in [
        "DELETE FROM flow_step_claims WHERE namespace = ",
        "DELETE FROM flow_step_dispatches WHERE namespace = ",
    ] {
        let mut free = of_steps(open, freed, run_id, &keys);
        execute(connection, open.built(&mut free)).await?;
    }
    Ok(())
}

/// `sql`, the namespace, and the conditions that name steps of a run.
fn of_steps(
    open: &Open,
    sql: &'static str,
    run_id: RunId,
    keys: &[String],
) -> QueryBuilder<Sqlite> {
    let mut builder = open.builder(sql);
    builder.push(" AND run_id = ").push_bind(run_id.0).push(" AND step_key IN (");
    let mut listed = builder.separated(", ");
    for key in keys {
        listed.push_bind(key);
    }
    builder.push(")");
    builder
}
