use plimsoll_timeseries as timeseries;

use crate::Memory;
use crate::clock::now;
use crate::exports::flow::storage::run_store::{
    DashboardStatistics, Error, FlowRun, FlowRunDetail, FlowRunPage, Guest, Instant, Page,
    RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity, StepStatus, Uuid,
};
use crate::flow::storage::types::{FlowStep, FlowStepAttempt};
use crate::state::{Namespace, cut, of_run, with_namespace};
use crate::text::{contains, is_blank};

const DEFAULT_RUNS: u32 = 50;

/// The error of a step that is skipped because of its predecessors, in the contract's words.
const PREREQUISITE: &str = "Prerequisite status did not satisfy runAfter conditions.";

impl Guest for Memory {
    fn start_run(
        flow_id: Uuid,
        flow_name: String,
        run_id: Uuid,
        trigger_key: String,
        trigger_data_json: Option<String>,
        job_id: Option<String>,
        source_run_id: Option<Uuid>,
    ) -> Result<FlowRun, Error> {
        with_namespace(|space| {
            if space.runs.contains_key(&run_id) {
                return Err(Error::AlreadyExists);
            }
            let run = FlowRun {
                id: run_id,
                flow_id,
                flow_name,
                status: RunStatus::Running,
                trigger_key,
                trigger_data_json,
                background_job_id: job_id,
                started_at: now(),
                completed_at: None,
                source_run_id,
            };
            space.runs.insert(run_id, run.clone());
            Ok(run)
        })
    }

    fn get_derived_runs(source_run_id: Uuid) -> Result<Vec<FlowRun>, Error> {
        with_namespace(|space| {
            Ok(copied(space.latest_first(|run| run.source_run_id == Some(source_run_id))))
        })
    }

    fn record_step_start(
        run_id: Uuid,
        step_key: String,
        step_type: String,
        input_json: Option<String>,
        job_id: Option<String>,
    ) -> Result<(), Error> {
        with_namespace(|space| {
            let attempt = FlowStepAttempt {
                attempt: 0,
                step_type,
                status: StepStatus::Running,
                input_json,
                output_json: None,
                error_message: None,
                job_id,
                started_at: now(),
                completed_at: None,
                evaluation_trace_json: None,
            };
            space.add_attempt(run_id, step_key, attempt);
            Ok(())
        })
    }

    fn record_step_complete(
        run_id: Uuid,
        step_key: String,
        status: StepStatus,
        output_json: Option<String>,
        error_message: Option<String>,
    ) -> Result<(), Error> {
        if status == StepStatus::Running {
            return with_namespace(|_| Err(Error::InvalidArgument("still running".to_owned())));
        }
        with_namespace(|space| {
            let (id, now) = ((run_id, step_key), now());
            // A step that was reset is unknown; its attempts stay as they are.
            let Some(step) = space.steps.get_mut(&id) else { return Ok(()) };
            step.status = status;
            step.output_json = output_json.clone();
            step.error_message = error_message.clone();
            step.completed_at = Some(now);
            if let Some(attempt) = space.attempts.get_mut(&id).and_then(|all| all.last_mut()) {
                attempt.status = status;
                attempt.output_json = output_json;
                attempt.error_message = error_message;
                attempt.completed_at = Some(now);
            }
            Ok(())
        })
    }

    fn complete_run(run_id: Uuid, status: RunStatus) -> Result<(), Error> {
        if status == RunStatus::Running {
            return with_namespace(|_| Err(Error::InvalidArgument("still running".to_owned())));
        }
        with_namespace(|space| {
            if let Some(run) = space.runs.get_mut(&run_id) {
                run.status = status;
                run.completed_at = Some(now());
            }
            Ok(())
        })
    }

    fn get_runs(flow_id: Option<Uuid>, page: Page) -> Result<Vec<FlowRun>, Error> {
        with_namespace(|space| {
            let runs = space.latest_first(|run| flow_id.is_none_or(|id| id == run.flow_id));
            Ok(copied(cut(runs, page, DEFAULT_RUNS)))
        })
    }

    fn get_runs_page(
        flow_id: Option<Uuid>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<String>,
    ) -> Result<FlowRunPage, Error> {
        let search = search.filter(|text| !text.chars().all(is_blank));
        with_namespace(|space| {
            let runs = space.latest_first(|run| {
                flow_id.is_none_or(|id| id == run.flow_id)
                    && status.is_none_or(|status| status == run.status)
                    && search.as_deref().is_none_or(|text| space.is_found(run, text))
            });
            let total_count = runs.len() as u64;
            Ok(FlowRunPage { items: copied(cut(runs, page, DEFAULT_RUNS)), total_count })
        })
    }

    fn get_run_detail(run_id: Uuid) -> Result<Option<FlowRunDetail>, Error> {
        with_namespace(|space| {
            let Some(run) = space.runs.get(&run_id).cloned() else { return Ok(None) };
            let mut steps: Vec<FlowStep> = Vec::new();
            for (key, step) in of_run(&space.steps, run_id) {
                let attempts = space.attempts.get(&(run_id, key.clone())).cloned();
                steps.push(FlowStep { attempts: attempts.unwrap_or_default(), ..step.clone() });
            }
            steps.sort_by_key(|step| step.started_at);
            Ok(Some(FlowRunDetail { run, steps }))
        })
    }

    fn get_statistics() -> Result<DashboardStatistics, Error> {
        with_namespace(|space| {
            let day = |instant: Instant| instant.seconds.div_euclid(86_400);
            let today = day(now());
            let count = |wanted: &dyn Fn(&FlowRun) -> bool| {
                space.runs.values().filter(|run| wanted(run)).count() as u64
            };
            let ended_today = |run: &FlowRun| run.completed_at.map(day) == Some(today);
            Ok(DashboardStatistics {
                total_flows: space.definitions.values().filter(|d| d.is_enabled).count() as u64,
                active_runs: count(&|run| run.status == RunStatus::Running),
                completed_today: count(&|run| {
                    run.status == RunStatus::Succeeded && ended_today(run)
                }),
                failed_today: count(&|run| run.status == RunStatus::Failed && ended_today(run)),
            })
        })
    }

    fn get_run_timeseries(
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<Uuid>,
    ) -> Result<Vec<RunTimeseriesBucket>, Error> {
        let granularity = match granularity {
            RunTimeseriesGranularity::Hour => timeseries::Granularity::Hour,
            RunTimeseriesGranularity::Day => timeseries::Granularity::Day,
        };
        with_namespace(|space| {
            let runs = space.runs.values();
            let of_flow = runs.filter(|run| flow_id.is_none_or(|id| id == run.flow_id));
            let rows = of_flow.map(to_row);
            timeseries::aggregate(rows, granularity, to_library(since), to_library(until))
                .map(|buckets| buckets.into_iter().map(to_bucket).collect())
                .map_err(|error| Error::InvalidArgument(error.to_string()))
        })
    }

    fn get_active_runs() -> Result<Vec<FlowRun>, Error> {
        with_namespace(|space| {
            Ok(copied(space.latest_first(|run| run.status == RunStatus::Running)))
        })
    }

    fn retry_step(run_id: Uuid, step_key: String) -> Result<(), Error> {
        with_namespace(|space| {
            let id = (run_id, step_key);
            if let Some(step) = space.steps.get_mut(&id) {
                step.status = StepStatus::Running;
                step.output_json = None;
                step.error_message = None;
                step.completed_at = None;
                step.evaluation_trace_json = None;
            }
            if let Some(run) = space.runs.get_mut(&run_id) {
                run.status = RunStatus::Running;
                run.completed_at = None;
            }
            space.claims.remove(&id);
            space.dispatches.remove(&id);
            Ok(())
        })
    }

    fn reset_cascade_skipped_dependents(run_id: Uuid, step_keys: Vec<String>) -> Result<(), Error> {
        with_namespace(|space| {
            for step_key in step_keys {
                let id = (run_id, step_key);
                let is_skipped_by_cascade = space.steps.get(&id).is_some_and(|step| {
                    step.status == StepStatus::Skipped
                        && step.error_message.as_deref() == Some(PREREQUISITE)
                });
                if is_skipped_by_cascade {
                    space.steps.remove(&id);
                    space.claims.remove(&id);
                    space.dispatches.remove(&id);
                }
            }
            Ok(())
        })
    }

    fn try_record_dispatch(run_id: Uuid, step_key: String) -> Result<bool, Error> {
        with_namespace(|space| {
            let id = (run_id, step_key);
            let is_first = !space.dispatches.contains_key(&id);
            space.dispatches.entry(id).or_default();
            Ok(is_first)
        })
    }

    fn annotate_dispatch(run_id: Uuid, step_key: String, job_id: String) -> Result<(), Error> {
        with_namespace(|space| {
            if let Some(job) = space.dispatches.get_mut(&(run_id, step_key)) {
                *job = Some(job_id);
            }
            Ok(())
        })
    }

    fn release_dispatch(run_id: Uuid, step_key: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.dispatches.remove(&(run_id, step_key));
            Ok(())
        })
    }

    fn get_dispatched_step_keys(run_id: Uuid) -> Result<Vec<String>, Error> {
        with_namespace(|space| {
            Ok(of_run(&space.dispatches, run_id).map(|(key, _)| key.clone()).collect())
        })
    }
}

/// Runs are large: only those that are answered are copied.
fn copied(runs: Vec<&FlowRun>) -> Vec<FlowRun> {
    runs.into_iter().cloned().collect()
}

impl Namespace {
    fn latest_first(&self, keep: impl Fn(&FlowRun) -> bool) -> Vec<&FlowRun> {
        let mut runs: Vec<_> = self.runs.values().filter(|run| keep(run)).collect();
        runs.sort_by(|a, b| b.started_at.cmp(&a.started_at));
        runs
    }

    /// Adds an attempt and makes the step what the attempt is; the step keeps its first start.
    pub fn add_attempt(&mut self, run_id: Uuid, step_key: String, attempt: FlowStepAttempt) {
        let id = (run_id, step_key.clone());
        let attempts = self.attempts.entry(id.clone()).or_default();
        let number = attempts.len() as u32 + 1;
        attempts.push(FlowStepAttempt { attempt: number, ..attempt.clone() });
        let started_at = attempts[0].started_at;
        let step = FlowStep {
            run_id,
            step_key,
            step_type: attempt.step_type,
            status: attempt.status,
            input_json: attempt.input_json,
            output_json: attempt.output_json,
            error_message: attempt.error_message,
            job_id: attempt.job_id,
            started_at,
            completed_at: attempt.completed_at,
            evaluation_trace_json: attempt.evaluation_trace_json,
            attempts: Vec::new(),
        };
        self.steps.insert(id, step);
    }

    /// Whether a run, one of its steps or one of their attempts holds the text.
    fn is_found(&self, run: &FlowRun, text: &str) -> bool {
        let in_option = |field: &Option<String>| field.as_ref().is_some_and(|f| contains(f, text));
        contains(&hyphenated(run.id), text)
            || contains(&run.flow_name, text)
            || contains(&run.trigger_key, text)
            || contains(status_name(run.status), text)
            || in_option(&run.background_job_id)
            || of_run(&self.attempts, run.id).any(|(key, attempts)| {
                contains(key, text)
                    || attempts
                        .iter()
                        .any(|a| in_option(&a.error_message) || in_option(&a.output_json))
            })
    }
}

fn hyphenated(id: Uuid) -> String {
    let Uuid { high, low } = id;
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}

fn status_name(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::TimedOut => "timed-out",
        RunStatus::Skipped => "skipped",
    }
}

fn to_library(instant: Instant) -> timeseries::Instant {
    timeseries::Instant::new(instant.seconds, instant.nanoseconds)
}

fn to_row(run: &FlowRun) -> timeseries::Run {
    timeseries::Run {
        started_at: to_library(run.started_at),
        completed_at: run.completed_at.map(to_library),
        status: match run.status {
            RunStatus::Running => timeseries::Status::Running,
            RunStatus::Succeeded => timeseries::Status::Succeeded,
            RunStatus::Failed => timeseries::Status::Failed,
            RunStatus::Cancelled => timeseries::Status::Cancelled,
            RunStatus::TimedOut => timeseries::Status::TimedOut,
            RunStatus::Skipped => timeseries::Status::Skipped,
        },
    }
}

fn to_bucket(bucket: timeseries::Bucket) -> RunTimeseriesBucket {
    let timeseries::Instant { seconds, nanoseconds } = bucket.timestamp;
    RunTimeseriesBucket {
        timestamp: Instant { seconds, nanoseconds },
        total: bucket.total,
        succeeded: bucket.succeeded,
        failed: bucket.failed,
        cancelled: bucket.cancelled,
        running: bucket.running,
        p50_duration_ms: bucket.p50_duration_ms,
        p95_duration_ms: bucket.p95_duration_ms,
    }
}
