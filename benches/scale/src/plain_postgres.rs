//! The statements of `plimsoll-postgres` by sqlx alone.

use std::time::Duration;

use chrono::Utc;
use plimsoll_contract::RunId;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};

use crate::plain::{OUTPUT, Op};
use crate::subject::NAMESPACE;

pub(crate) struct PlainPostgres(PgPool);

const START_STEP: &str = "
WITH step AS (
    INSERT INTO flow_steps AS s (namespace, run_id, step_key, attempt_count, step_type, status,
        input_json, job_id, error_message, evaluation_trace_json, started_at, completed_at)
    VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (namespace, run_id, step_key) DO UPDATE
    SET is_reset = false, attempt_count = s.attempt_count + 1, step_type = $4, status = $5,
        input_json = $6, job_id = $7, output_json = NULL, error_message = $8,
        evaluation_trace_json = $9, completed_at = $11
    RETURNING s.attempt_count
)
INSERT INTO flow_step_attempts (namespace, run_id, step_key, attempt, step_type, status,
    input_json, job_id, error_message, evaluation_trace_json, started_at, completed_at)
SELECT $1, $2, $3, step.attempt_count, $4, $5, $6, $7, $8, $9, $10, $11 FROM step";

impl PlainPostgres {
    /// With the options of the backend's pool.
    pub(crate) fn connect(url: &str) -> sqlx::Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.ssl_mode(PgSslMode::Disable).options([
            ("search_path", "plimsoll"),
            ("random_page_cost", "1.1"),
            ("jit", "off"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(5))
            .test_before_acquire(false);
        Ok(Self(pool.connect_lazy_with(options)))
    }

    pub(crate) async fn call(&self, op: Op, id: RunId) -> sqlx::Result<()> {
        match op {
            Op::StartRun => return self.start_run(id).await,
            Op::StepStart => return self.start_step(id).await,
            Op::Page => return self.page().await,
            _ => {}
        }
        let sql = match op {
            Op::Dispatch => {
                "INSERT INTO flow_step_dispatches (namespace, run_id, step_key, dispatched_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
            }
            Op::Claim => {
                "INSERT INTO flow_step_claims (namespace, run_id, step_key, claimed_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
            }
            Op::StepComplete => "SELECT complete_step($1, $2, $3, $5, $6, $7, $4)",
            Op::SaveOutput => {
                "INSERT INTO flow_outputs (namespace, run_id, kind, step_key, value_json) \
                 VALUES ($1, $2, $5, $3, $4) \
                 ON CONFLICT (namespace, run_id, kind, step_key) DO UPDATE SET value_json = $4"
            }
            Op::ReleaseClaim => {
                "DELETE FROM flow_step_claims WHERE namespace = $1 AND run_id = $2 AND step_key = $3"
            }
            _ => {
                "DELETE FROM flow_step_dispatches \
                 WHERE namespace = $1 AND run_id = $2 AND step_key = $3"
            }
        };
        let query = sqlx::query(sql).bind(NAMESPACE).bind(id.0).bind("step");
        let query = match op {
            Op::Dispatch | Op::Claim => query.bind(Utc::now()),
            Op::SaveOutput => query.bind(OUTPUT).bind("output"),
            Op::StepComplete => {
                query.bind(Utc::now()).bind("succeeded").bind(Some(OUTPUT)).bind(None::<&str>)
            }
            _ => query,
        };
        query.execute(&self.0).await.map(|_| ())
    }

    async fn start_run(&self, id: RunId) -> sqlx::Result<()> {
        let start = crate::measure::a_run(id);
        sqlx::query(
            "INSERT INTO flow_runs (namespace, id, flow_id, flow_name, status, trigger_key, \
                 trigger_data_json, background_job_id, started_at, source_run_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        )
        .bind(NAMESPACE)
        .bind(start.run_id.0)
        .bind(start.flow_id.0)
        .bind(start.flow_name)
        .bind("running")
        .bind(start.trigger_key)
        .bind(start.trigger_data_json)
        .bind(start.job_id)
        .bind(Utc::now())
        .bind(None::<uuid::Uuid>)
        .execute(&self.0)
        .await
        .map(|_| ())
    }

    async fn start_step(&self, id: RunId) -> sqlx::Result<()> {
        sqlx::query(START_STEP)
            .bind(NAMESPACE)
            .bind(id.0)
            .bind("step")
            .bind("http")
            .bind("running")
            .bind(Some("{}"))
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(Utc::now())
            .bind(None::<plimsoll_contract::Instant>)
            .execute(&self.0)
            .await
            .map(|_| ())
    }

    async fn page(&self) -> sqlx::Result<()> {
        sqlx::query_as::<_, PlainRun>(
            "SELECT * FROM flow_runs WHERE namespace = $1 \
             ORDER BY started_at DESC, id LIMIT $2 OFFSET $3",
        )
        .bind(NAMESPACE)
        .bind(50_i64)
        .bind(0_i64)
        .fetch_all(&self.0)
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
    started_at: plimsoll_contract::Instant,
    completed_at: Option<plimsoll_contract::Instant>,
    source_run_id: Option<uuid::Uuid>,
}
