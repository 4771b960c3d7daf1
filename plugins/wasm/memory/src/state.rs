//! What the backend keeps.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::exports::flow::storage::backend::OpenConfig;
use crate::flow::storage::types::{
    Error, FlowDefinition, FlowEventRecord, FlowRun, FlowStep, FlowStepAttempt, Instant, Page,
    RunControl, ScheduleState, SignalWaiter, Uuid, WebhookRejection,
};

/// A step of a run.
pub type StepId = (Uuid, String);

/// Everything, for all namespaces.
#[derive(Default)]
pub struct State {
    pub opened: Option<OpenConfig>,
    pub namespaces: BTreeMap<String, Namespace>,
}

/// The data of one namespace.
#[derive(Default)]
pub struct Namespace {
    pub definitions: BTreeMap<Uuid, FlowDefinition>,
    pub runs: BTreeMap<Uuid, FlowRun>,
    /// Without their attempts, which outlive a step that is reset.
    pub steps: BTreeMap<StepId, FlowStep>,
    pub attempts: BTreeMap<StepId, Vec<FlowStepAttempt>>,
    pub claims: BTreeSet<StepId>,
    /// With the job runtime's id, where it was annotated.
    pub dispatches: BTreeMap<StepId, Option<String>>,
    pub controls: BTreeMap<Uuid, RunControl>,
    /// By flow, trigger key and key, both in their compared form.
    pub idempotency_keys: BTreeMap<(Uuid, String, String), Uuid>,
    pub waiters: BTreeMap<StepId, SignalWaiter>,
    pub schedules: BTreeMap<String, ScheduleState>,
    pub outputs: BTreeMap<StepId, String>,
    pub inputs: BTreeMap<StepId, String>,
    pub trigger_data: BTreeMap<Uuid, String>,
    pub trigger_headers: BTreeMap<Uuid, Vec<(String, String)>>,
    pub events: BTreeMap<Uuid, Vec<FlowEventRecord>>,
    /// Ascending by id.
    pub webhook_rows: Vec<WebhookRejection>,
    /// By flow, trigger key and nonce.
    pub nonces: BTreeMap<(Uuid, String, String), Instant>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Works on everything.
pub fn with_state<T>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(work)
}

/// Works on the open namespace.
pub fn with_namespace<T>(
    work: impl FnOnce(&mut Namespace) -> Result<T, Error>,
) -> Result<T, Error> {
    with_state(|state| {
        let opened = state.opened.as_ref().ok_or_else(not_open)?;
        work(state.namespaces.get_mut(&opened.namespace).ok_or_else(not_open)?)
    })
}

pub fn not_open() -> Error {
    Error::Other("not open".to_owned())
}

/// The entries of one run in a map by step.
pub fn of_run<T>(map: &BTreeMap<StepId, T>, run: Uuid) -> impl Iterator<Item = (&String, &T)> {
    let from_the_run = map.range((Bound::Included((run, String::new())), Bound::Unbounded));
    from_the_run.take_while(move |((id, _), _)| *id == run).map(|((_, key), value)| (key, value))
}

/// The part of a list that a page asks for.
pub fn cut<T>(items: Vec<T>, page: Page, default: u32) -> Vec<T> {
    let take = page.take.unwrap_or(default);
    items.into_iter().skip(page.skip as usize).take(take as usize).collect()
}
