use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{
    Answer, DashboardStatistics, Error, FlowId, FlowRun, FlowRunDetail, FlowRunPage, FlowStep,
    FlowStepAttempt, Instant, Page, RunId, RunStatus, RunTimeseriesBucket,
    RunTimeseriesGranularity, StartRun, StepStatus,
};

use crate::state::{Namespace, Step, step_id};
use crate::text::{contains_ignoring_case, is_blank};
use crate::{Attempt, Spec, timeseries};

/// The interface `run-store`.
pub trait RunStore: Spec {
    /// RUN-1 to 4.
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let now = self.now();
        let runs = &mut self.space()?.runs;
        if runs.contains_key(&start.run_id) {
            return Err(Error::AlreadyExists);
        }
        let run = FlowRun {
            id: start.run_id,
            flow_id: start.flow_id,
            flow_name: start.flow_name.clone(),
            status: RunStatus::Running,
            trigger_key: start.trigger_key.clone(),
            trigger_data_json: start.trigger_data_json.clone(),
            background_job_id: start.job_id.clone(),
            started_at: now,
            completed_at: None,
            source_run_id: start.source_run_id,
        };
        runs.insert(run.id, run.clone());
        Ok(run)
    }

    /// RUN-5 to 7.
    fn get_derived_runs(&mut self, source_run_id: RunId) -> Answer<Vec<FlowRun>> {
        Ok(latest_first(self.space()?, |run| run.source_run_id == Some(source_run_id)))
    }

    /// RUN-8 to 14.
    fn record_step_start(
        &mut self,
        run_id: RunId,
        step_key: &str,
        step_type: &str,
        input_json: Option<&str>,
        job_id: Option<&str>,
    ) -> Answer<()> {
        let attempt = Attempt {
            step_type: step_type.to_owned(),
            status: StepStatus::Running,
            input_json: input_json.map(str::to_owned),
            output_json: None,
            error_message: None,
            job_id: job_id.map(str::to_owned),
            started_at: self.now(),
            completed_at: None,
            evaluation_trace_json: None,
        };
        self.space()?.add_attempt(run_id, step_key, attempt);
        Ok(())
    }

    /// RUN-15 to 21.
    fn record_step_complete(
        &mut self,
        run_id: RunId,
        step_key: &str,
        status: StepStatus,
        output_json: Option<&str>,
        error_message: Option<&str>,
    ) -> Answer<()> {
        let now = self.now();
        let space = self.space()?;
        if status == StepStatus::Running {
            return Err(Error::InvalidArgument("a step cannot complete as running".to_owned()));
        }
        let id = step_id(run_id, step_key);
        // A step that was reset is unknown, and its attempts are kept as they are (RUN-20, 69).
        let Some(step) = space.steps.get_mut(&id) else { return Ok(()) };
        let attempt = space.attempts.get_mut(&id).and_then(|attempts| attempts.last_mut());
        for row in std::iter::once(step).chain(attempt) {
            row.status = status;
            row.output_json = output_json.map(str::to_owned);
            row.error_message = error_message.map(str::to_owned);
            row.completed_at = Some(now);
        }
        Ok(())
    }

    /// RUN-22 to 26.
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        let now = self.now();
        let space = self.space()?;
        if status == RunStatus::Running {
            return Err(Error::InvalidArgument("a run cannot complete as running".to_owned()));
        }
        if let Some(run) = space.runs.get_mut(&run_id) {
            run.status = status;
            run.completed_at = Some(now);
        }
        Ok(())
    }

    /// RUN-27 to 30.
    fn get_runs(&mut self, flow_id: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let runs = latest_first(self.space()?, |run| flow_id.is_none_or(|id| id == run.flow_id));
        Ok(page.cut(runs, Page::DEFAULT_RUNS))
    }

    /// RUN-31 to 38.
    fn get_runs_page(
        &mut self,
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<&str>,
    ) -> Answer<FlowRunPage> {
        let space = self.space()?;
        let search = search.filter(|text| !text.chars().all(is_blank));
        let matching = latest_first(space, |run| {
            flow_id.is_none_or(|id| id == run.flow_id)
                && status.is_none_or(|status| status == run.status)
                && search.is_none_or(|text| space.run_contains(run, text))
        });
        let total_count = matching.len() as u64;
        Ok(FlowRunPage { items: page.cut(matching, Page::DEFAULT_RUNS), total_count })
    }

    /// RUN-39 to 41.
    fn get_run_detail(&mut self, run_id: RunId) -> Answer<Option<FlowRunDetail>> {
        let space = self.space()?;
        let Some(run) = space.runs.get(&run_id) else { return Ok(None) };
        let mut steps: Vec<_> =
            space.steps_of(run_id).map(|(key, _)| space.step(run_id, key)).collect();
        steps.sort_by_key(|step| step.started_at);
        Ok(Some(FlowRunDetail { run: run.clone(), steps }))
    }

    /// RUN-42 to 45.
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let today = self.now().date_naive();
        let space = self.space()?;
        let ended_today = |status: RunStatus| {
            let is_today = |run: &&FlowRun| {
                run.completed_at.is_some_and(|completed_at| completed_at.date_naive() == today)
            };
            let of_status = space.runs.values().filter(|run| run.status == status);
            of_status.filter(is_today).count() as u64
        };
        Ok(DashboardStatistics {
            total_flows: space.definitions.values().filter(|flow| flow.is_enabled).count() as u64,
            active_runs: latest_first(space, is_running).len() as u64,
            completed_today: ended_today(RunStatus::Succeeded),
            failed_today: ended_today(RunStatus::Failed),
        })
    }

    /// RUN-46 to 56.
    fn get_run_timeseries(
        &mut self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<FlowId>,
    ) -> Answer<Vec<RunTimeseriesBucket>> {
        let runs = latest_first(self.space()?, |run| flow_id.is_none_or(|id| id == run.flow_id));
        timeseries::buckets(&runs, granularity, since, until)
    }

    /// RUN-57, 58.
    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        Ok(latest_first(self.space()?, is_running))
    }

    /// RUN-59 to 66.
    fn retry_step(&mut self, run_id: RunId, step_key: &str) -> Answer<()> {
        let space = self.space()?;
        let id = step_id(run_id, step_key);
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
    }

    /// RUN-67 to 73.
    fn reset_cascade_skipped_dependents(
        &mut self,
        run_id: RunId,
        step_keys: &[String],
    ) -> Answer<()> {
        let space = self.space()?;
        for key in step_keys {
            let id = step_id(run_id, key);
            if space.steps.get(&id).is_some_and(was_skipped_by_a_predecessor) {
                space.steps.remove(&id);
                space.claims.remove(&id);
                space.dispatches.remove(&id);
            }
        }
        Ok(())
    }

    /// RUN-74 to 78, 84.
    fn try_record_dispatch(&mut self, run_id: RunId, step_key: &str) -> Answer<bool> {
        Ok(self.space()?.dispatches.insert(step_id(run_id, step_key)))
    }

    /// RUN-79, 80. Nothing reads the job id back, so there is nothing to keep.
    fn annotate_dispatch(&mut self, _run_id: RunId, _step_key: &str, _job_id: &str) -> Answer<()> {
        self.space().map(|_| ())
    }

    /// RUN-81, 82.
    fn release_dispatch(&mut self, run_id: RunId, step_key: &str) -> Answer<()> {
        self.space()?.dispatches.remove(&step_id(run_id, step_key));
        Ok(())
    }

    /// RUN-83.
    fn get_dispatched_step_keys(&mut self, run_id: RunId) -> Answer<Vec<String>> {
        let dispatches = self.space()?.dispatches.iter();
        Ok(dispatches.filter(|(run, _)| *run == run_id).map(|(_, key)| key.clone()).collect())
    }
}

fn is_running(run: &FlowRun) -> bool {
    run.status == RunStatus::Running
}

fn was_skipped_by_a_predecessor(step: &Step) -> bool {
    step.status == StepStatus::Skipped
        && step.error_message.as_deref() == Some(PREREQUISITE_NOT_SATISFIED)
}

fn latest_first(space: &Namespace, keep: impl Fn(&FlowRun) -> bool) -> Vec<FlowRun> {
    let mut runs: Vec<_> = space.runs.values().filter(|run| keep(run)).cloned().collect();
    runs.sort_by(|a, b| b.started_at.cmp(&a.started_at).then(a.id.cmp(&b.id)));
    runs
}

impl Namespace {
    /// Adds an attempt, and makes the step what the attempt is. The step keeps the start of its
    /// first attempt (RUN-11).
    pub(crate) fn add_attempt(&mut self, run_id: RunId, step_key: &str, attempt: Attempt) {
        let id = step_id(run_id, step_key);
        let attempts = self.attempts.entry(id.clone()).or_default();
        attempts.push(attempt.clone());
        let started_at = attempts[0].started_at;
        self.steps.insert(id, Step { started_at, ..attempt });
    }

    pub(crate) fn steps_of(&self, run_id: RunId) -> impl Iterator<Item = (&String, &Step)> {
        let of_run = self.steps.iter().filter(move |((run, _), _)| *run == run_id);
        of_run.map(|((_, key), step)| (key, step))
    }

    fn step(&self, run_id: RunId, step_key: &str) -> FlowStep {
        let id = step_id(run_id, step_key);
        let step = self.steps[&id].clone();
        let attempts = self.attempts.get(&id).into_iter().flatten().zip(1..);
        FlowStep {
            run_id,
            step_key: id.1.clone(),
            step_type: step.step_type,
            status: step.status,
            input_json: step.input_json,
            output_json: step.output_json,
            error_message: step.error_message,
            job_id: step.job_id,
            started_at: step.started_at,
            completed_at: step.completed_at,
            evaluation_trace_json: step.evaluation_trace_json,
            attempts: attempts.map(|(attempt, number)| numbered(number, attempt)).collect(),
        }
    }

    /// RUN-33.
    fn run_contains(&self, run: &FlowRun, text: &str) -> bool {
        let mut texts = vec![
            run.id.to_string(),
            run.flow_name.clone(),
            run.trigger_key.clone(),
            run.status.name().to_owned(),
        ];
        texts.extend(run.background_job_id.clone());
        let steps = self.steps.iter().map(|(id, step)| (id, std::slice::from_ref(step)));
        let attempts = self.attempts.iter().map(|(id, attempts)| (id, attempts.as_slice()));
        for ((_, key), rows) in steps.chain(attempts).filter(|((id, _), _)| *id == run.id) {
            texts.push(key.clone());
            texts.extend(rows.iter().filter_map(|row| row.error_message.clone()));
            texts.extend(rows.iter().filter_map(|row| row.output_json.clone()));
        }
        texts.iter().any(|candidate| contains_ignoring_case(candidate, text))
    }
}

fn numbered(number: u32, attempt: &Attempt) -> FlowStepAttempt {
    let attempt = attempt.clone();
    FlowStepAttempt {
        attempt: number,
        step_type: attempt.step_type,
        status: attempt.status,
        input_json: attempt.input_json,
        output_json: attempt.output_json,
        error_message: attempt.error_message,
        job_id: attempt.job_id,
        started_at: attempt.started_at,
        completed_at: attempt.completed_at,
        evaluation_trace_json: attempt.evaluation_trace_json,
    }
}
