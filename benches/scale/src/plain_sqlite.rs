//! The statements of `plimsoll-sqlite` by sqlx alone.

use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use plimsoll_contract::RunId;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::plain::{OUTPUT, Op};
use crate::subject::NAMESPACE;

/// One connection that writes, and those that read.
pub(crate) struct PlainSqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

const START_STEP: &str = "
INSERT INTO flow_steps
    (namespace, run_id, step_key, status, attempt_count, started_at, completed_at,
     evaluation_trace_json)
VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7)
ON CONFLICT (namespace, run_id, step_key) DO UPDATE SET
    status = excluded.status, attempt_count = attempt_count + 1,
    completed_at = excluded.completed_at,
    evaluation_trace_json = excluded.evaluation_trace_json;
INSERT INTO flow_step_attempts
    (namespace, run_id, step_key, attempt, step_type, status, input_json, error_message, job_id,
     started_at, completed_at, evaluation_trace_json)
SELECT ?1, ?2, ?3, attempt_count, ?8, ?4, ?9, ?10, ?11, ?5, ?6, ?7
FROM flow_steps WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3";

const COMPLETE_STEP: &str = "
UPDATE flow_step_attempts SET status = ?4, completed_at = ?5, output_json = ?6, error_message = ?7
WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3 AND attempt =
    (SELECT attempt_count FROM flow_steps
     WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3 AND status IS NOT NULL);
UPDATE flow_steps SET status = ?4, completed_at = ?5
WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3 AND status IS NOT NULL";

impl PlainSqlite {
    /// With the options of the backend's connections.
    pub(crate) fn connect(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false)
        };
        let writing = options.clone().synchronous(SqliteSynchronous::Full);
        Self {
            writer: pool(1).connect_lazy_with(writing),
            readers: pool(4).connect_lazy_with(options),
        }
    }

    pub(crate) async fn call(&self, op: Op, id: RunId) -> sqlx::Result<()> {
        match op {
            Op::StartRun => return self.start_run(id).await,
            Op::StepStart | Op::StepComplete => return self.change_step(op, id).await,
            Op::Page => return self.page().await,
            _ => {}
        }
        let query = sqlx::query(match op {
            Op::Dispatch => {
                "INSERT INTO flow_step_dispatches (namespace, run_id, step_key)
                 VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
            }
            Op::Claim => {
                "INSERT INTO flow_step_claims (namespace, run_id, step_key)
                 VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
            }
            Op::SaveOutput => {
                "INSERT INTO flow_outputs (namespace, run_id, kind, step_key, value_json)
                 VALUES (?1, ?2, 'output', ?3, ?4)
                 ON CONFLICT (namespace, run_id, kind, step_key)
                 DO UPDATE SET value_json = excluded.value_json"
            }
            Op::ReleaseClaim => {
                "DELETE FROM flow_step_claims
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3"
            }
            _ => {
                "DELETE FROM flow_step_dispatches
                 WHERE namespace = ?1 AND run_id = ?2 AND step_key = ?3"
            }
        });
        let query = query.bind(NAMESPACE).bind(id.0).bind("step");
        let query = if op == Op::SaveOutput { query.bind(OUTPUT) } else { query };
        query.execute(&self.writer).await.map(|_| ())
    }

    async fn change_step(&self, op: Op, id: RunId) -> sqlx::Result<()> {
        let now = Utc::now().timestamp_micros();
        let mut connection = self.writer.acquire().await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let sql = if op == Op::StepStart { START_STEP } else { COMPLETE_STEP };
        let query = sqlx::query(sql).bind(NAMESPACE).bind(id.0).bind("step");
        let query = match op {
            Op::StepStart => query
                .bind("running")
                .bind(now)
                .bind(None::<i64>)
                .bind(None::<&str>)
                .bind("http")
                .bind(Some("{}"))
                .bind(None::<&str>)
                .bind(None::<&str>),
            _ => query.bind("succeeded").bind(now).bind(Some(OUTPUT)).bind(None::<&str>),
        };
        transaction.execute(query).await?;
        transaction.commit().await
    }

    async fn start_run(&self, id: RunId) -> sqlx::Result<()> {
        let start = crate::measure::a_run(id);
        sqlx::query(
            "INSERT INTO flow_runs
                 (namespace, id, flow_id, flow_name, status, trigger_key, trigger_data_json,
                  background_job_id, started_at, source_run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
        )
        .bind(NAMESPACE)
        .bind(start.run_id.0)
        .bind(start.flow_id.0)
        .bind(start.flow_name)
        .bind("running")
        .bind(start.trigger_key)
        .bind(start.trigger_data_json)
        .bind(start.job_id)
        .bind(Utc::now().timestamp_micros())
        .bind(None::<uuid::Uuid>)
        .execute(&self.writer)
        .await
        .map(|_| ())
    }

    async fn page(&self) -> sqlx::Result<()> {
        sqlx::query_as::<_, PlainRun>(
            "SELECT * FROM flow_runs WHERE namespace = ?1
             ORDER BY started_at DESC, id LIMIT ?2 OFFSET ?3",
        )
        .bind(NAMESPACE)
        .bind(50_i64)
        .bind(0_i64)
        .fetch_all(&self.readers)
        .await
        .map(|_| ())
    }
}

#[derive(sqlx::FromRow)]
#[allow(dead_code, reason = "to read a row is what is measured")]
struct PlainRun {
    id: uuid::Uuid,
    flow_id: uuid::Uuid,
    flow_name: String,
    status: String,
    trigger_key: String,
    trigger_data_json: Option<String>,
    background_job_id: Option<String>,
    started_at: i64,
    completed_at: Option<i64>,
    source_run_id: Option<uuid::Uuid>,
}
