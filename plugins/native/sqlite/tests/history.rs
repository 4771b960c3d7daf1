//! What a long history costs: which indexes statements use, and whom a cleanup holds up.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use plimsoll_contract::{
    Backend, FlowId, Instant, OpenConfig, Page, RetentionStore, RunId, RunRuntimeStore, RunStatus,
    RunStore, RunTimeseriesGranularity, StartRun, StepStatus, SystemClock,
};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// Writes a run an hour, of three steps each, into two namespaces.
const HISTORY: &str = "
BEGIN;
CREATE TEMP TABLE number AS
    WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 5000)
    SELECT i, n, 1767225600000000 + i * 3600000000 AS at,
        unhex(printf('%08x%023x%d', i * 2654435761 % 4294967296, i, n)) AS id
    FROM number, (SELECT 1 AS n UNION ALL SELECT 2);
INSERT INTO flow_runs (namespace, id, flow_id, flow_name, status, trigger_key, background_job_id,
    started_at, completed_at)
SELECT n, id, unhex(printf('%032x', i % 20)), 'Flow ' || (i % 20),
    iif(i % 10 = 0, 'failed', 'succeeded'), 'manual', 'job-' || i, at, at + i % 300 * 1000000
FROM number;
INSERT INTO flow_steps (namespace, run_id, step_key, status, attempt_count, started_at,
    completed_at)
SELECT n, id, 'step_' || k, 'succeeded', 1, at, at
FROM number, (SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3);
INSERT INTO flow_step_attempts (namespace, run_id, step_key, attempt, step_type, status,
    output_json, started_at, completed_at)
SELECT n, id, 'step_' || k, 1, 'http', 'succeeded', '{\"Invoice\":\"INV-' || i || '\"}', at, at
FROM number, (SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3);
COMMIT";

/// A file with a history, and what the backend asks of it.
struct History {
    _folder: TempDir,
    path: PathBuf,
    backend: Arc<SqliteBackend>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl History {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flow.db");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let options = SqliteOptions::file(&path)
            .on_statement(move |sql| listener.lock().unwrap().push(sql.to_owned()));
        let backend = Arc::new(SqliteBackend::new(options));
        backend.open(&OpenConfig::namespace("1"), Arc::new(SystemClock)).await.unwrap();
        let history = Self { _folder: folder, path, backend, heard };
        sqlx::raw_sql(HISTORY).execute(&mut history.connect().await).await.unwrap();
        history
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.path).connect().await.unwrap()
    }

    /// How SQLite answers what was asked since the last time.
    async fn plans(&self) -> Vec<String> {
        let mut connection = self.connect().await;
        let mut plans = Vec::new();
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        for statement in heard.iter().flat_map(|text| text.split(';')) {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            for row in sqlx::query(explain).fetch_all(&mut connection).await.unwrap() {
                plans.push(row.get("detail"));
            }
        }
        plans
    }

    /// Expects the calls since the last time to use the indexes, and no large table from end to
    /// end.
    async fn used(&self, indexes: &[&str]) {
        let plans = self.plans().await;
        assert!(!plans.is_empty(), "nothing was asked");
        let large = ["flow_runs", "run", "flow_steps", "step", "flow_step_attempts", "attempt"];
        for plan in &plans {
            let scanned = plan.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let is_large = scanned.is_some_and(|name| large.contains(&name));
            assert!(!is_large, "{plan}: {plans:#?}");
        }
        for index in indexes {
            let is_used = plans.iter().any(|plan| plan.contains(index));
            assert!(is_used, "{index} is not used: {plans:#?}");
        }
    }

    /// How many runs a page counts.
    async fn count(
        &self,
        flow: Option<FlowId>,
        status: Option<RunStatus>,
        search: Option<&str>,
    ) -> u64 {
        let page = Page { skip: 0, take: Some(5) };
        self.backend.get_runs_page(flow, status, page, search).await.unwrap().total_count
    }

    /// Has the backend read the runs that are over, which it does between other writes.
    async fn read(&self) {
        let unread = "SELECT count(*) FROM flow_runs_unread WHERE is_over";
        let mut connection = self.connect().await;
        while sqlx::query_scalar::<_, i64>(unread).fetch_one(&mut connection).await.unwrap() > 0 {
            self.backend.release_step_claim(RunId::default(), "none").await.unwrap();
        }
        self.heard.lock().unwrap().clear();
    }
}

/// The run of that number, in the first namespace.
fn run_of(number: u64) -> RunId {
    let first = number * 2_654_435_761 % 4_294_967_296;
    RunId(format!("{first:08x}{number:023x}1").parse::<Uuid>().unwrap())
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

const A_FLOW: Option<FlowId> = Some(FlowId(Uuid::from_u128(3)));

#[tokio::test]
async fn pages_read_by_indexes() {
    let history = History::new().await;
    assert_eq!(history.backend.get_runs(None, Page::default()).await.unwrap().len(), 50);
    history.used(&["INDEX flow_runs_by_start (namespace=?)"]).await;
    assert_eq!(history.backend.get_runs(A_FLOW, Page::default()).await.unwrap().len(), 50);
    history.used(&["INDEX flow_runs_by_flow (namespace=? AND flow_id=?)"]).await;
    assert_eq!(history.count(None, None, None).await, 5_000);
    history.used(&["COVERING INDEX", "flow_runs_by_start"]).await;
    assert_eq!(history.count(A_FLOW, None, None).await, 250);
    history.used(&["COVERING INDEX flow_runs_by_flow"]).await;
    assert_eq!(history.count(None, Some(RunStatus::Failed), None).await, 500);
    history.used(&["COVERING INDEX flow_runs_by_status"]).await;
    assert_eq!(history.count(A_FLOW, Some(RunStatus::Failed), None).await, 0);
    history.used(&["flow_runs_by_"]).await;
}

#[tokio::test]
async fn searches_read_by_words() {
    let history = History::new().await;
    let (id, words) = (run_of(77).0.to_string(), "flow_run_words VIRTUAL TABLE");
    let searches = [
        ("inv-4999\"", 1),
        ("JOB-12", 111),
        ("a text that is nowhere", 0),
        ("INV-4_3", 0),
        ("manual\njob", 0),
        ("ucceed", 4_500),
        (id.as_str(), 1),
        (&id[..13], 1),
        (&id[4..], 1),
        ("{\"invoice\":\"inv-777\"}", 1),
        ("ow 7", 250),
        ("_1", 5_000),
    ];
    for _ in 0..2 {
        for (search, count) in searches {
            assert_eq!(history.count(None, None, Some(search)).await, count, "{search}");
            let by_words = [words, "PRIMARY KEY (rowid=?)"];
            history.used(if search.len() > 2 { &by_words } else { &[] }).await;
        }
        assert_eq!(history.count(A_FLOW, Some(RunStatus::Failed), Some("job-1")).await, 0);
        history.used(&[words, "PRIMARY KEY (rowid=?)"]).await;
        // The same again when the words were read.
        history.read().await;
    }
}

#[tokio::test]
async fn a_run_that_was_read_is_found_by_what_happens_next() {
    let history = History::new().await;
    history.read().await;
    let (run, key) = (run_of(9), "step_1");
    let found = async |text| history.count(None, None, Some(text)).await;
    history.backend.record_step_start(run, "late-step", "http", None, None).await.unwrap();
    assert_eq!(found("late-step").await, 1);
    let status = StepStatus::Failed;
    history.backend.record_step_complete(run, key, status, None, Some("burst")).await.unwrap();
    assert_eq!((found("burst").await, found("inv-9\"").await), (1, 1), "two steps keep theirs");
    history.read().await;
    assert_eq!(found("burst").await, 1);
    history.backend.record_step_complete(run, key, status, None, Some("bent")).await.unwrap();
    assert_eq!((found("burst").await, found("bent").await), (0, 1));
    history.backend.retry_step(run, key).await.unwrap();
    history.read().await;
    assert_eq!(found("bent").await, 1);
    history.backend.complete_run(run, RunStatus::Failed).await.unwrap();
    history.read().await;
    assert_eq!(found("bent").await, 1);
    history.backend.cleanup(at("2100-01-01T00:00:00Z")).await.unwrap();
    assert_eq!((found("bent").await, found("manual").await), (0, 0));
    // The number of a run that went may be given again.
    history.backend.start_run(&a_run(run)).await.unwrap();
    assert_eq!((found("bent").await, found("newcomer").await), (0, 1));
}

fn a_run(run_id: RunId) -> StartRun {
    StartRun {
        flow_id: FlowId::default(),
        flow_name: "Newcomer".to_owned(),
        run_id,
        trigger_key: "cron".to_owned(),
        trigger_data_json: None,
        job_id: None,
        source_run_id: None,
    }
}

#[tokio::test]
async fn charts_and_lists_read_by_indexes() {
    let history = History::new().await;
    let (since, until) = (at("2026-02-01T00:00:00Z"), at("2026-05-02T00:00:00Z"));
    for granularity in [RunTimeseriesGranularity::Hour, RunTimeseriesGranularity::Day] {
        for (flow, total, index) in [
            (None, 2_160, "COVERING INDEX flow_runs_by_start (namespace=? AND started_at>?"),
            (A_FLOW, 108, "COVERING INDEX flow_runs_by_flow (namespace=? AND flow_id=? AND"),
        ] {
            let series = history.backend.get_run_timeseries(granularity, since, until, flow).await;
            assert_eq!(series.unwrap().iter().map(|bucket| bucket.total).sum::<u64>(), total);
            history.used(&[index]).await;
        }
    }
    assert_eq!(history.backend.get_statistics().await.unwrap().active_runs, 0);
    let counts =
        ["INDEX flow_runs_by_status (namespace=? AND status=?)", "flow_runs_by_completion"];
    history.used(&counts).await;
    assert_eq!(history.backend.get_active_runs().await.unwrap(), []);
    history.used(&["flow_runs_by_status"]).await;
    assert_eq!(history.backend.get_derived_runs(RunId::default()).await.unwrap(), []);
    history.used(&["flow_runs_by_source"]).await;
}

#[tokio::test]
async fn steps_and_cleanup_read_by_indexes() {
    let history = History::new().await;
    let (run, key, backend) = (run_of(4_900), "step_1", &history.backend);
    assert_eq!(backend.get_run_detail(run).await.unwrap().unwrap().steps.len(), 3);
    backend.record_step_start(run, key, "http", None, None).await.unwrap();
    backend.record_step_complete(run, key, StepStatus::Succeeded, None, None).await.unwrap();
    assert!(backend.try_record_dispatch(run, key).await.unwrap());
    assert!(backend.try_claim_step(run, key).await.unwrap());
    assert_eq!(backend.get_step_statuses(run).await.unwrap().len(), 3);
    backend.complete_run(run, RunStatus::Succeeded).await.unwrap();
    backend.retry_step(run, key).await.unwrap();
    backend.reset_cascade_skipped_dependents(run, &[key.to_owned()]).await.unwrap();
    history.used(&[]).await;
    backend.cleanup(at("2026-02-11T00:00:00Z")).await.unwrap();
    history.used(&["flow_runs_by_completion (namespace=? AND completed_at<?)"]).await;
    assert_eq!(history.count(None, None, None).await, 5_000 - 983);
}

#[tokio::test]
async fn a_cleanup_removes_little_at_once_and_answers_when_it_lasts() {
    let history = History::new().await;
    history.heard.lock().unwrap().clear();
    history.backend.cleanup(at("2100-01-01T00:00:00Z")).await.unwrap();
    let heard = std::mem::take(&mut *history.heard.lock().unwrap());
    let is_removal = |sql: &String| sql.contains("DELETE FROM flow_runs");
    assert_eq!(heard.iter().filter(|sql| is_removal(sql)).count(), 5_000);
    let batches: Vec<_> = heard.split(|sql| !is_removal(sql)).collect();
    let largest = batches.iter().map(|batch| batch.len()).max();
    assert!(largest <= Some(64), "{largest:?} runs in one transaction");
    assert!(heard.last().unwrap().contains("PRAGMA application_id"), "nothing is synced");
    history.backend.cleanup(at("2100-01-01T00:00:00Z")).await.unwrap();
    assert_eq!(history.heard.lock().unwrap().len(), 1, "there was nothing to remove");
}

#[tokio::test]
async fn a_cleanup_holds_up_no_claim() {
    let history = History::new().await;
    let backend = Arc::clone(&history.backend);
    let cleaning = tokio::spawn(async move { backend.cleanup(at("2100-01-01T00:00:00Z")).await });
    let mut claims_between = 0;
    for number in 0_u64.. {
        let left = history.count(None, None, None).await;
        if cleaning.is_finished() {
            break;
        }
        let claim = history.backend.try_claim_step(RunId(Uuid::from_u64_pair(9, number)), "step");
        assert!(claim.await.unwrap());
        // Some runs went before the claim, and some were left after it.
        let is_between = left < 5_000 && history.count(None, None, None).await > 0;
        claims_between += u32::from(is_between);
    }
    cleaning.await.unwrap().unwrap();
    assert!(claims_between >= 3, "{claims_between} claims while the cleanup was under way");
    assert_eq!(history.count(None, None, None).await, 0);
}
