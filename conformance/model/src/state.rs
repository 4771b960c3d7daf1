use std::collections::{BTreeMap, BTreeSet};

use plimsoll_contract::{
    FlowDefinition, FlowEventRecord, FlowHandle, FlowId, FlowRun, Instant, RunControl, RunId,
    ScheduleState, SignalWaiter, StepStatus, WebhookRejection,
};

/// Names a step of a run.
pub(crate) type StepId = (RunId, String);

/// Everything that a model knows.
#[derive(Clone, Debug)]
pub struct State {
    /// The instant of the present call; whoever drives the model sets it before each.
    pub now: Instant,
    /// The namespace of the last `open` that succeeded.
    pub open: Option<String>,
    /// What that `open` registered.
    pub registered_flows: Vec<FlowHandle>,
    /// Every namespace with its data.
    pub namespaces: BTreeMap<String, Namespace>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            now: Instant::UNIX_EPOCH,
            open: None,
            registered_flows: Vec::new(),
            namespaces: BTreeMap::new(),
        }
    }
}

impl State {
    /// The open namespace, if one is.
    pub fn space(&mut self) -> Option<&mut Namespace> {
        let name = self.open.as_ref()?;
        self.namespaces.get_mut(name)
    }
}

/// The data of one namespace: plain maps, one for each thing that the contract names.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "each is named after what the contract calls it")]
pub struct Namespace {
    pub definitions: BTreeMap<FlowId, FlowDefinition>,
    pub runs: BTreeMap<RunId, FlowRun>,
    pub steps: BTreeMap<StepId, Step>,
    /// Ascending by number. They outlive a step that was reset.
    pub attempts: BTreeMap<StepId, Vec<Attempt>>,
    pub claims: BTreeSet<StepId>,
    pub dispatches: BTreeSet<StepId>,
    pub controls: BTreeMap<RunId, RunControl>,
    /// By flow, trigger key and key, both texts normalised.
    pub idempotency_keys: BTreeMap<(FlowId, String, String), RunId>,
    pub waiters: BTreeMap<StepId, SignalWaiter>,
    pub schedules: BTreeMap<String, ScheduleState>,
    pub outputs: BTreeMap<StepId, String>,
    pub inputs: BTreeMap<StepId, String>,
    pub trigger_data: BTreeMap<RunId, String>,
    pub trigger_headers: BTreeMap<RunId, Vec<(String, String)>>,
    pub events: BTreeMap<RunId, Vec<FlowEventRecord>>,
    /// Ascending by id.
    pub webhook_rows: Vec<WebhookRejection>,
    /// By flow, trigger key and nonce.
    pub nonces: BTreeMap<(FlowId, String, String), Instant>,
}

/// A step row: the contract's step without its attempts.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are the contract's")]
pub struct Step {
    pub step_type: String,
    pub status: StepStatus,
    pub input_json: Option<String>,
    pub output_json: Option<String>,
    pub error_message: Option<String>,
    pub job_id: Option<String>,
    pub started_at: Instant,
    pub completed_at: Option<Instant>,
    pub evaluation_trace_json: Option<String>,
}

/// An attempt has the fields of a step; its number is its place in the list, from 1.
pub type Attempt = Step;

/// The key of a step in a map.
pub(crate) fn step_id(run_id: RunId, step_key: &str) -> StepId {
    (run_id, step_key.to_owned())
}
