use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use plimsoll_contract::{
    FlowDefinition, FlowEventRecord, FlowId, FlowRun, FlowStep, FlowStepAttempt, Instant,
    RunControl, RunId, ScheduleState, SignalWaiter, StepStatus, WebhookRejection,
};

/// The data of one namespace.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) definitions: HashMap<FlowId, FlowDefinition>,
    pub(crate) runs: HashMap<RunId, RunData>,
    /// Every started run by its start, so that a page needs no sorting.
    pub(crate) by_start: BTreeSet<(Instant, RunId)>,
    pub(crate) idempotency_keys: HashMap<IdempotencyKey, RunId>,
    pub(crate) schedules: BTreeMap<String, ScheduleState>,
    /// Ascending by id.
    pub(crate) webhook_rows: VecDeque<WebhookRejection>,
    pub(crate) last_webhook_id: i64,
    pub(crate) nonces: HashMap<(FlowId, String, String), Instant>,
}

/// Flow, trigger key and key, both texts trimmed and in lower case.
pub(crate) type IdempotencyKey = (FlowId, String, String);

/// Everything that belongs to one run. It may exist before the run is started.
#[derive(Default)]
pub(crate) struct RunData {
    pub(crate) record: Option<FlowRun>,
    pub(crate) steps: HashMap<String, StepData>,
    pub(crate) control: Option<RunControl>,
    pub(crate) idempotency_keys: Vec<IdempotencyKey>,
    pub(crate) trigger_data: Option<String>,
    pub(crate) trigger_headers: Option<Vec<(String, String)>>,
    pub(crate) events: Vec<FlowEventRecord>,
}

/// Everything that belongs to one step key of a run.
#[derive(Default)]
pub(crate) struct StepData {
    /// The current state, without the attempts.
    pub(crate) row: Option<StepRow>,
    pub(crate) attempts: Vec<FlowStepAttempt>,
    pub(crate) is_claimed: bool,
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) output: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) waiter: Option<SignalWaiter>,
}

/// An entry in the dispatch ledger.
#[derive(Default)]
pub(crate) struct Dispatch {
    /// Kept for whoever looks into the ledger; the contract has no function that reads it.
    pub(crate) _job_id: Option<String>,
}

/// What a step row adds to its latest attempt: only these can differ from it.
pub(crate) struct StepRow {
    pub(crate) status: StepStatus,
    pub(crate) output_json: Option<String>,
    pub(crate) error_message: Option<String>,
    pub(crate) completed_at: Option<Instant>,
    pub(crate) evaluation_trace_json: Option<String>,
}

impl Store {
    /// The run's data, if anything was ever stored for it.
    pub(crate) fn run(&self, run_id: RunId) -> Option<&RunData> {
        self.runs.get(&run_id)
    }

    /// The run's data, to be changed.
    pub(crate) fn run_mut(&mut self, run_id: RunId) -> &mut RunData {
        self.runs.entry(run_id).or_default()
    }

    /// The step's data, if anything was ever stored for it.
    pub(crate) fn step(&self, run_id: RunId, step_key: &str) -> Option<&StepData> {
        self.run(run_id)?.steps.get(step_key)
    }

    /// The step's data, to be changed if it is there.
    pub(crate) fn existing_step(&mut self, run_id: RunId, step_key: &str) -> Option<&mut StepData> {
        self.runs.get_mut(&run_id)?.steps.get_mut(step_key)
    }

    /// The step's data, to be changed.
    pub(crate) fn step_mut(&mut self, run_id: RunId, step_key: &str) -> &mut StepData {
        self.run_mut(run_id).steps.entry(step_key.to_owned()).or_default()
    }

    /// The runs that started in the half-open window.
    pub(crate) fn started_between(
        &self,
        since: Instant,
        until: Instant,
    ) -> impl Iterator<Item = &FlowRun> {
        let from = |instant: Instant| (instant, RunId::default());
        let within = self.by_start.range(from(since)..from(until.max(since)));
        within.filter_map(|(_, id)| self.runs.get(id)?.record.as_ref())
    }

    /// The started runs, the latest first.
    pub(crate) fn latest_first(&self) -> impl Iterator<Item = (&FlowRun, &RunData)> {
        let newest = self.by_start.iter().rev();
        newest.filter_map(|(_, id)| {
            let data = self.runs.get(id)?;
            Some((data.record.as_ref()?, data))
        })
    }
}

impl StepData {
    /// Adds an attempt, and makes the row what the attempt is.
    pub(crate) fn add_attempt(&mut self, attempt: FlowStepAttempt) {
        self.row = Some(StepRow {
            status: attempt.status,
            output_json: attempt.output_json.clone(),
            error_message: attempt.error_message.clone(),
            completed_at: attempt.completed_at,
            evaluation_trace_json: attempt.evaluation_trace_json.clone(),
        });
        let number = self.attempts.len() as u32 + 1;
        self.attempts.push(FlowStepAttempt { attempt: number, ..attempt });
    }

    /// The step as the contract shows it; none while there is no row.
    pub(crate) fn to_step(&self, run_id: RunId, step_key: &str) -> Option<FlowStep> {
        let row = self.row.as_ref()?;
        let (first, last) = (self.attempts.first()?, self.attempts.last()?);
        Some(FlowStep {
            run_id,
            step_key: step_key.to_owned(),
            step_type: last.step_type.clone(),
            status: row.status,
            input_json: last.input_json.clone(),
            output_json: row.output_json.clone(),
            error_message: row.error_message.clone(),
            job_id: last.job_id.clone(),
            started_at: first.started_at,
            completed_at: row.completed_at,
            evaluation_trace_json: row.evaluation_trace_json.clone(),
            attempts: self.attempts.clone(),
        })
    }
}
