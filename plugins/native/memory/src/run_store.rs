use async_trait::async_trait;
use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{
    DashboardStatistics, Error, FlowId, FlowRun, FlowRunDetail, FlowRunPage, FlowStepAttempt,
    Instant, Page, Result, RunId, RunStatus, RunStore, RunTimeseriesBucket,
    RunTimeseriesGranularity, StartRun, StepStatus, timeseries,
};

use crate::MemoryBackend;
use crate::store::{Dispatch, RunData, StepData};

#[async_trait]
impl RunStore for MemoryBackend {
    async fn start_run(&self, start: &StartRun) -> Result<FlowRun> {
        self.with(|store, now| {
            let data = store.runs.entry(start.run_id).or_default();
            if data.record.is_some() {
                return Err(Error::AlreadyExists);
            }
            let record = data.record.insert(start.to_run(now));
            store.by_start.insert((now, start.run_id));
            Ok(record.clone())
        })
    }

    async fn get_derived_runs(&self, source_run_id: RunId) -> Result<Vec<FlowRun>> {
        self.list(|run| run.source_run_id == Some(source_run_id))
    }

    async fn record_step_start(
        &self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        input_json: Option<&str>,
        job_id: Option<&str>,
    ) -> Result<()> {
        self.with(|store, now| {
            store.step_mut(run_id, step_key).add_attempt(FlowStepAttempt {
                attempt: 0,
                step_type: step_type.to_owned(),
                status: StepStatus::Running,
                input_json: input_json.map(str::to_owned),
                output_json: None,
                error_message: None,
                job_id: job_id.map(str::to_owned),
                started_at: now,
                completed_at: None,
                evaluation_trace_json: None,
            });
            Ok(())
        })
    }

    async fn record_step_complete(
        &self,
        run_id: RunId,
        step_key: &str,
        status: StepStatus,
        output_json: Option<&str>,
        error_message: Option<&str>,
    ) -> Result<()> {
        self.with(|store, now| {
            if status == StepStatus::Running {
                let message = "`running` does not complete a step".to_owned();
                return Err(Error::InvalidArgument(message));
            }
            let Some(step) = store.existing_step(run_id, step_key) else { return Ok(()) };
            // A step that was reset is unknown; its attempts stay as they are.
            let Some(row) = &mut step.row else { return Ok(()) };
            row.status = status;
            row.output_json = output_json.map(str::to_owned);
            row.error_message = error_message.map(str::to_owned);
            row.completed_at = Some(now);
            if let Some(attempt) = step.attempts.last_mut() {
                attempt.status = status;
                attempt.output_json = output_json.map(str::to_owned);
                attempt.error_message = error_message.map(str::to_owned);
                attempt.completed_at = Some(now);
            }
            Ok(())
        })
    }

    async fn complete_run(&self, run_id: RunId, status: RunStatus) -> Result<()> {
        self.with(|store, now| {
            if status == RunStatus::Running {
                let message = "`running` does not complete a run".to_owned();
                return Err(Error::InvalidArgument(message));
            }
            let record = store.runs.get_mut(&run_id).and_then(|run| run.record.as_mut());
            if let Some(record) = record {
                record.status = status;
                record.completed_at = Some(now);
            }
            Ok(())
        })
    }

    async fn get_runs(&self, flow_id: Option<FlowId>, page: Page) -> Result<Vec<FlowRun>> {
        self.with(|store, _| {
            let runs = store.latest_first().map(|(run, _)| run);
            let of_flow = runs.filter(|run| flow_id.is_none_or(|id| run.flow_id == id));
            Ok(page.cut(of_flow.cloned(), Page::DEFAULT_RUNS))
        })
    }

    async fn get_runs_page(
        &self,
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<&str>,
    ) -> Result<FlowRunPage> {
        let search = search.filter(|text| text.chars().any(|c| !is_ascii_blank(c)));
        let search = search.map(str::to_ascii_lowercase);
        self.with(|store, _| {
            let matching = store.latest_first().filter(|(run, data)| {
                flow_id.is_none_or(|id| run.flow_id == id)
                    && status.is_none_or(|status| run.status == status)
                    && search.as_ref().is_none_or(|text| found(text, run, data))
            });
            let matching: Vec<_> = matching.map(|(run, _)| run).collect();
            Ok(FlowRunPage {
                total_count: matching.len() as u64,
                items: page.cut(matching.into_iter().cloned(), Page::DEFAULT_RUNS),
            })
        })
    }

    async fn get_run_detail(&self, run_id: RunId) -> Result<Option<FlowRunDetail>> {
        self.with(|store, _| {
            let Some(data) = store.run(run_id) else { return Ok(None) };
            let Some(run) = data.record.clone() else { return Ok(None) };
            let steps = data.steps.iter();
            let mut steps: Vec<_> =
                steps.filter_map(|(key, step)| step.to_step(run_id, key)).collect();
            steps.sort_unstable_by(|a, b| {
                (a.started_at, &a.step_key).cmp(&(b.started_at, &b.step_key))
            });
            Ok(Some(FlowRunDetail { run, steps }))
        })
    }

    async fn get_statistics(&self) -> Result<DashboardStatistics> {
        self.with(|store, now| {
            let mut statistics = DashboardStatistics {
                total_flows: store.definitions.values().filter(|flow| flow.is_enabled).count()
                    as u64,
                ..DashboardStatistics::default()
            };
            let today = now.date_naive();
            for run in store.runs.values().filter_map(|data| data.record.as_ref()) {
                let ended_today = run.completed_at.is_some_and(|at| at.date_naive() == today);
                match run.status {
                    RunStatus::Running => statistics.active_runs += 1,
                    RunStatus::Succeeded if ended_today => statistics.completed_today += 1,
                    RunStatus::Failed if ended_today => statistics.failed_today += 1,
                    _ => {}
                }
            }
            Ok(statistics)
        })
    }

    async fn get_run_timeseries(
        &self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<FlowId>,
    ) -> Result<Vec<RunTimeseriesBucket>> {
        self.with(|store, _| {
            let runs = store.started_between(since, until);
            let of_flow = runs.filter(|run| flow_id.is_none_or(|id| run.flow_id == id));
            timeseries::aggregate(of_flow, granularity, since, until)
        })
    }

    async fn get_active_runs(&self) -> Result<Vec<FlowRun>> {
        self.list(|run| run.status == RunStatus::Running)
    }

    async fn retry_step(&self, run_id: RunId, step_key: &str) -> Result<()> {
        self.with(|store, _| {
            let Some(data) = store.runs.get_mut(&run_id) else { return Ok(()) };
            if let Some(record) = &mut data.record {
                record.status = RunStatus::Running;
                record.completed_at = None;
            }
            if let Some(step) = data.steps.get_mut(step_key) {
                step.is_claimed = false;
                step.dispatch = None;
                if let Some(row) = &mut step.row {
                    row.status = StepStatus::Running;
                    row.output_json = None;
                    row.error_message = None;
                    row.completed_at = None;
                    row.evaluation_trace_json = None;
                }
            }
            Ok(())
        })
    }

    async fn reset_cascade_skipped_dependents(
        &self,
        run_id: RunId,
        step_keys: &[String],
    ) -> Result<()> {
        self.with(|store, _| {
            for key in step_keys {
                if let Some(step) = store.existing_step(run_id, key)
                    && step.was_skipped_by_a_predecessor()
                {
                    step.row = None;
                    step.is_claimed = false;
                    step.dispatch = None;
                }
            }
            Ok(())
        })
    }

    async fn try_record_dispatch(&self, run_id: RunId, step_key: &str) -> Result<bool> {
        self.with(|store, _| {
            let dispatch = &mut store.step_mut(run_id, step_key).dispatch;
            let is_first = dispatch.is_none();
            dispatch.get_or_insert_default();
            Ok(is_first)
        })
    }

    async fn annotate_dispatch(&self, run_id: RunId, step_key: &str, job_id: &str) -> Result<()> {
        self.with(|store, _| {
            let step = store.existing_step(run_id, step_key);
            if let Some(dispatch) = step.and_then(|step| step.dispatch.as_mut()) {
                *dispatch = Dispatch { _job_id: Some(job_id.to_owned()) };
            }
            Ok(())
        })
    }

    async fn release_dispatch(&self, run_id: RunId, step_key: &str) -> Result<()> {
        self.with(|store, _| {
            if let Some(step) = store.existing_step(run_id, step_key) {
                step.dispatch = None;
            }
            Ok(())
        })
    }

    async fn get_dispatched_step_keys(&self, run_id: RunId) -> Result<Vec<String>> {
        self.with(|store, _| {
            let steps = store.run(run_id).into_iter().flat_map(|data| &data.steps);
            let dispatched = steps.filter(|(_, step)| step.dispatch.is_some());
            Ok(dispatched.map(|(key, _)| key.clone()).collect())
        })
    }
}

impl MemoryBackend {
    fn list(&self, keep: impl Fn(&FlowRun) -> bool) -> Result<Vec<FlowRun>> {
        self.with(|store, _| {
            let runs = store.latest_first().map(|(run, _)| run);
            Ok(runs.filter(|run| keep(run)).cloned().collect())
        })
    }
}

impl StepData {
    fn was_skipped_by_a_predecessor(&self) -> bool {
        self.row.as_ref().is_some_and(|row| {
            row.status == StepStatus::Skipped
                && row.error_message.as_deref() == Some(PREREQUISITE_NOT_SATISFIED)
        })
    }
}

fn is_ascii_blank(character: char) -> bool {
    character == ' ' || ('\t'..='\r').contains(&character)
}

/// Whether a run or one of its steps holds `text`, which is in lower case.
fn found(text: &str, run: &FlowRun, data: &RunData) -> bool {
    let holds = |field: &str| field.to_ascii_lowercase().contains(text);
    let holds_some = |field: &Option<String>| field.as_deref().is_some_and(holds);
    holds(&run.id.to_string())
        || holds(&run.flow_name)
        || holds(&run.trigger_key)
        || holds(run.status.name())
        || holds_some(&run.background_job_id)
        || data.steps.iter().any(|(key, step)| {
            let rows = step.row.iter().map(|row| (&row.error_message, &row.output_json));
            let attempts = step.attempts.iter().map(|a| (&a.error_message, &a.output_json));
            (!step.attempts.is_empty() && holds(key))
                || rows
                    .chain(attempts)
                    .any(|(error, output)| holds_some(error) || holds_some(output))
        })
}
