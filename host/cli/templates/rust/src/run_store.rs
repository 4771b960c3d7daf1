use crate::Component;
use crate::clock::now;
use crate::exports::flow::storage::run_store::{
    DashboardStatistics, Error, FlowRun, FlowRunDetail, FlowRunPage, Guest, Instant, Page,
    RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity, StepStatus, Uuid,
};
use crate::flow::storage::types::{FlowStep, FlowStepAttempt};
use crate::search::{is_blank, is_found};
use crate::state::{Namespace, cut, with_namespace};
use crate::timeseries::aggregate;

const DEFAULT_RUNS: u32 = 50;

/// The error of a step that is skipped because of its predecessors, in the contract's words.
const PREREQUISITE: &str = "Prerequisite status did not satisfy runAfter conditions.";

impl Guest for Component {
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
            Ok(latest_first(space, |run| {
                run.source_run_id == Some(source_run_id)
            }))
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
            let id = (run_id, step_key);
            let attempts = space.attempts.entry(id.clone()).or_default();
            let attempt = FlowStepAttempt {
                attempt: attempts.len() as u32 + 1,
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
            attempts.push(attempt.clone());
            let first_start = attempts[0].started_at;
            space
                .steps
                .insert(id.clone(), step_of(id, attempt, first_start));
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
        with_namespace(|space| {
            if status == StepStatus::Running {
                return Err(Error::InvalidArgument(
                    "a completed step is not running".to_owned(),
                ));
            }
            let (id, now) = ((run_id, step_key), Some(now()));
            // A step that was reset is unknown, and its attempts stay as they are.
            let Some(step) = space.steps.get_mut(&id) else {
                return Ok(());
            };
            step.status = status;
            step.output_json = output_json.clone();
            step.error_message = error_message.clone();
            step.completed_at = now;
            if let Some(attempt) = space.attempts.get_mut(&id).and_then(|all| all.last_mut()) {
                attempt.status = status;
                attempt.output_json = output_json;
                attempt.error_message = error_message;
                attempt.completed_at = now;
            }
            Ok(())
        })
    }

    fn complete_run(run_id: Uuid, status: RunStatus) -> Result<(), Error> {
        with_namespace(|space| {
            if status == RunStatus::Running {
                return Err(Error::InvalidArgument(
                    "a completed run is not running".to_owned(),
                ));
            }
            if let Some(run) = space.runs.get_mut(&run_id) {
                run.status = status;
                run.completed_at = Some(now());
            }
            Ok(())
        })
    }

    fn get_runs(flow_id: Option<Uuid>, page: Page) -> Result<Vec<FlowRun>, Error> {
        with_namespace(|space| {
            let runs = latest_first(space, |run| flow_id.is_none_or(|id| id == run.flow_id));
            Ok(cut(runs, page, DEFAULT_RUNS))
        })
    }

    fn get_runs_page(
        flow_id: Option<Uuid>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<String>,
    ) -> Result<FlowRunPage, Error> {
        let search = search.filter(|text| !is_blank(text));
        with_namespace(|space| {
            let runs = latest_first(space, |run| {
                flow_id.is_none_or(|id| id == run.flow_id)
                    && status.is_none_or(|status| status == run.status)
                    && search
                        .as_deref()
                        .is_none_or(|text| is_found(space, run, text))
            });
            let total_count = runs.len() as u64;
            Ok(FlowRunPage {
                items: cut(runs, page, DEFAULT_RUNS),
                total_count,
            })
        })
    }

    fn get_run_detail(run_id: Uuid) -> Result<Option<FlowRunDetail>, Error> {
        with_namespace(|space| {
            let Some(run) = space.runs.get(&run_id).cloned() else {
                return Ok(None);
            };
            let of_run = space.steps.iter().filter(|((id, _), _)| *id == run_id);
            let mut steps: Vec<_> = of_run
                .map(|(id, step)| FlowStep {
                    attempts: space.attempts.get(id).cloned().unwrap_or_default(),
                    ..step.clone()
                })
                .collect();
            steps.sort_by_key(|step| step.started_at);
            Ok(Some(FlowRunDetail { run, steps }))
        })
    }

    fn get_statistics() -> Result<DashboardStatistics, Error> {
        with_namespace(|space| {
            // `div_euclid` rounds down, also before 1970.
            let day = |instant: Instant| instant.seconds.div_euclid(86_400);
            let today = Some(day(now()));
            let runs = || space.runs.values();
            let ended_today = |status: RunStatus| {
                let ended = runs().filter(|run| run.status == status);
                ended
                    .filter(|run| run.completed_at.map(day) == today)
                    .count() as u64
            };
            Ok(DashboardStatistics {
                total_flows: space.definitions.values().filter(|d| d.is_enabled).count() as u64,
                active_runs: runs()
                    .filter(|run| run.status == RunStatus::Running)
                    .count() as u64,
                completed_today: ended_today(RunStatus::Succeeded),
                failed_today: ended_today(RunStatus::Failed),
            })
        })
    }

    fn get_run_timeseries(
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<Uuid>,
    ) -> Result<Vec<RunTimeseriesBucket>, Error> {
        with_namespace(|space| {
            let runs = space.runs.values();
            let of_flow = runs.filter(|run| flow_id.is_none_or(|id| id == run.flow_id));
            aggregate(of_flow, granularity, since, until)
        })
    }

    fn get_active_runs() -> Result<Vec<FlowRun>, Error> {
        with_namespace(|space| Ok(latest_first(space, |run| run.status == RunStatus::Running)))
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
            // With `run-runtime-store`, the step's claim is freed here too.
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
                    // The attempts stay: history is not undone.
                    space.steps.remove(&id);
                    space.dispatches.remove(&id);
                }
            }
            Ok(())
        })
    }

    fn try_record_dispatch(run_id: Uuid, step_key: String) -> Result<bool, Error> {
        // A lost race is `false`, not an error.
        with_namespace(|space| Ok(space.dispatches.insert((run_id, step_key))))
    }

    fn annotate_dispatch(_run_id: Uuid, _step_key: String, _job_id: String) -> Result<(), Error> {
        // Nothing reads the job's id back yet.
        with_namespace(|_| Ok(()))
    }

    fn release_dispatch(run_id: Uuid, step_key: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.dispatches.remove(&(run_id, step_key));
            Ok(())
        })
    }

    fn get_dispatched_step_keys(run_id: Uuid) -> Result<Vec<String>, Error> {
        with_namespace(|space| {
            let of_run = space.dispatches.iter().filter(|(id, _)| *id == run_id);
            Ok(of_run.map(|(_, key)| key.clone()).collect())
        })
    }
}

fn latest_first(space: &Namespace, keep: impl Fn(&FlowRun) -> bool) -> Vec<FlowRun> {
    let mut runs: Vec<_> = space
        .runs
        .values()
        .filter(|run| keep(run))
        .cloned()
        .collect();
    // Stable, so that the pages of runs with one start fit together.
    runs.sort_by(|a, b| b.started_at.cmp(&a.started_at));
    runs
}

/// A step is as its latest attempt is, and keeps its first start.
fn step_of(id: (Uuid, String), attempt: FlowStepAttempt, first_start: Instant) -> FlowStep {
    FlowStep {
        run_id: id.0,
        step_key: id.1,
        step_type: attempt.step_type,
        status: attempt.status,
        input_json: attempt.input_json,
        output_json: attempt.output_json,
        error_message: attempt.error_message,
        job_id: attempt.job_id,
        started_at: first_start,
        completed_at: attempt.completed_at,
        evaluation_trace_json: attempt.evaluation_trace_json,
        attempts: Vec::new(),
    }
}
