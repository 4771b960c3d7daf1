use crate::KeyValue;
use crate::exports::flow::storage::run_store::{
    DashboardStatistics, Error, FlowRun, FlowRunDetail, FlowRunPage, Guest, Instant, Page,
    RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity, StepStatus, Uuid,
};
use crate::run::Record;
use crate::session::{now, session};
use crate::step::Attempt;
use crate::text::is_blank;
use crate::texts::Found;

const DEFAULT_RUNS: u32 = 50;

/// Every run.
const ALL: Page = Page { skip: 0, take: Some(u32::MAX) };

impl Guest for KeyValue {
    fn start_run(
        flow_id: Uuid,
        flow_name: String,
        run_id: Uuid,
        trigger_key: String,
        trigger_data_json: Option<String>,
        job_id: Option<String>,
        source_run_id: Option<Uuid>,
    ) -> Result<FlowRun, Error> {
        let started = session()?.change(run_id, |run, texts| {
            if run.head.record.is_some() {
                return Err(Error::AlreadyExists);
            }
            let record = Record {
                flow_id,
                flow_name: flow_name.clone(),
                status: RunStatus::Running,
                trigger_key: trigger_key.clone(),
                trigger_data: texts.keep_some(trigger_data_json.as_deref()),
                job_id: job_id.clone(),
                started_at: now(),
                completed_at: None,
                source_run_id,
            };
            run.head.record = Some(record.clone());
            Ok(record)
        })?;
        Ok(FlowRun { trigger_data_json, ..started.show(run_id, &Found::default()) })
    }

    fn get_derived_runs(source_run_id: Uuid) -> Result<Vec<FlowRun>, Error> {
        let is_derived = |source: Option<Uuid>| source == Some(source_run_id);
        let listed =
            session()?.list(ALL, DEFAULT_RUNS, |run| Ok(is_derived(run.record.source_run_id)))?;
        Ok(listed.0)
    }

    fn record_step_start(
        run_id: Uuid,
        step_key: String,
        step_type: String,
        input_json: Option<String>,
        job_id: Option<String>,
    ) -> Result<(), Error> {
        session()?.change(run_id, |run, texts| {
            run.body.steps.entry(step_key.clone()).or_default().begin(Attempt {
                step_type: step_type.clone(),
                status: StepStatus::Running,
                input: texts.keep_some(input_json.as_deref()),
                output: None,
                error: None,
                job_id: job_id.clone(),
                started_at: now(),
                completed_at: None,
                trace: None,
            });
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
        let session = session()?;
        if status == StepStatus::Running {
            return Err(Error::InvalidArgument("still running".to_owned()));
        }
        session.change(run_id, |run, texts| {
            if let Some(step) = run.body.steps.get_mut(&step_key) {
                let mut keep = |text: &Option<String>| texts.keep_some(text.as_deref());
                let (output, error) = (keep(&output_json), keep(&error_message));
                step.complete(status, output, error, now());
            }
            Ok(())
        })
    }

    fn complete_run(run_id: Uuid, status: RunStatus) -> Result<(), Error> {
        let session = session()?;
        if status == RunStatus::Running {
            return Err(Error::InvalidArgument("still running".to_owned()));
        }
        session.change(run_id, |run, _| {
            if let Some(record) = &mut run.head.record {
                record.status = status;
                record.completed_at = Some(now());
            }
            Ok(())
        })
    }

    fn get_runs(flow_id: Option<Uuid>, page: Page) -> Result<Vec<FlowRun>, Error> {
        Ok(Self::get_runs_page(flow_id, None, page, None)?.items)
    }

    fn get_runs_page(
        flow_id: Option<Uuid>,
        status: Option<RunStatus>,
        page: Page,
        search: Option<String>,
    ) -> Result<FlowRunPage, Error> {
        let session = session()?;
        let search = search.filter(|text| !text.chars().all(is_blank));
        let (items, total_count) = session.list(page, DEFAULT_RUNS, |run| {
            let is_meant = flow_id.is_none_or(|id| id == run.record.flow_id)
                && status.is_none_or(|status| status == run.record.status);
            match &search {
                Some(text) if is_meant => session.is_found(run, text),
                _ => Ok(is_meant),
            }
        })?;
        Ok(FlowRunPage { items, total_count })
    }

    fn get_run_detail(run_id: Uuid) -> Result<Option<FlowRunDetail>, Error> {
        session()?.detail(run_id)
    }

    fn get_statistics() -> Result<DashboardStatistics, Error> {
        session()?.statistics()
    }

    fn get_run_timeseries(
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Option<Uuid>,
    ) -> Result<Vec<RunTimeseriesBucket>, Error> {
        session()?.timeseries(granularity, since, until, flow_id)
    }

    fn get_active_runs() -> Result<Vec<FlowRun>, Error> {
        let is_active = |record: &Record| record.status == RunStatus::Running;
        Ok(session()?.list(ALL, DEFAULT_RUNS, |run| Ok(is_active(&run.record)))?.0)
    }

    fn retry_step(run_id: Uuid, step_key: String) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            if let Some(step) = run.body.steps.get_mut(&step_key).filter(|step| step.is_there) {
                step.retry();
            }
            if let Some(record) = &mut run.head.record {
                record.status = RunStatus::Running;
                record.completed_at = None;
            }
            run.body.claims.remove(&step_key);
            run.body.dispatches.remove(&step_key);
            Ok(())
        })
    }

    fn reset_cascade_skipped_dependents(run_id: Uuid, step_keys: Vec<String>) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            for key in &step_keys {
                let step = run.body.steps.get_mut(key).filter(|step| step.is_cascade_skipped());
                if let Some(step) = step {
                    step.is_there = false;
                    run.body.claims.remove(key);
                    run.body.dispatches.remove(key);
                }
            }
            Ok(())
        })
    }

    fn try_record_dispatch(run_id: Uuid, step_key: String) -> Result<bool, Error> {
        session()?.change(run_id, |run, _| {
            let is_first = !run.body.dispatches.contains_key(&step_key);
            run.body.dispatches.entry(step_key.clone()).or_default();
            Ok(is_first)
        })
    }

    fn annotate_dispatch(run_id: Uuid, step_key: String, job_id: String) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            if let Some(job) = run.body.dispatches.get_mut(&step_key) {
                *job = Some(job_id.clone());
            }
            Ok(())
        })
    }

    fn release_dispatch(run_id: Uuid, step_key: String) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            run.body.dispatches.remove(&step_key);
            Ok(())
        })
    }

    fn get_dispatched_step_keys(run_id: Uuid) -> Result<Vec<String>, Error> {
        let Some((_, run)) = session()?.view(run_id)? else { return Ok(Vec::new()) };
        Ok(run.body.dispatches.into_keys().collect())
    }
}
