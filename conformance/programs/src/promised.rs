//! What no MUST fixes. The rest of a program is compared; this is stepped over, or the model
//! follows the backend.

use plimsoll_contract::{FlowId, RunId};
use plimsoll_model::Namespace;

use crate::Call;
use crate::calls::{
    FlowStore, OutputsRepository, RetentionStore, RunControlStore, RunRuntimeStore, RunStore,
    SignalStore,
};
use crate::value::Value;

/// Whether a function only looks.
pub(crate) fn is_read(function: &str) -> bool {
    ["get", "find-", "query", "counts-"].iter().any(|prefix| function.starts_with(prefix))
}

/// Whether the clauses say what the call does here. Other calls are not made.
pub(crate) fn is_promised(call: &Call, space: &Namespace) -> bool {
    let started = |run: &RunId| space.runs.contains_key(run);
    match call {
        // FLOW-11 is a SHOULD: the runs of the flow may go with it.
        Call::FlowStore(FlowStore::delete { id }) => {
            space.runs.values().all(|run| run.flow_id != *id)
        }
        Call::RunStore(call) => match call {
            // RUN-14 and RUN-78 are SHOULDs: the run may have to exist.
            RunStore::record_step_start { run_id, .. }
            | RunStore::try_record_dispatch { run_id, .. } => started(run_id),
            // RUN-65 is a SHOULD: the step and the run may have to exist. RUN-66 is about unknown
            // runs.
            RunStore::retry_step { run_id, step_key } => {
                let id = (*run_id, step_key.clone());
                let is_held = space.claims.contains(&id) || space.dispatches.contains(&id);
                has_step(space, *run_id, step_key) || (!started(run_id) && !is_held)
            }
            _ => true,
        },
        // RUNTIME-10 is a SHOULD. About skips nothing is said.
        Call::RunRuntimeStore(
            RunRuntimeStore::try_claim_step { run_id, .. }
            | RunRuntimeStore::record_skipped_step { run_id, .. }
            | RunRuntimeStore::record_skipped_step_with_trace { run_id, .. },
        ) => started(run_id),
        // Nothing says that waiters, outputs and events need no run; a step they do not need.
        Call::SignalStore(SignalStore::register_waiter { run_id, .. })
        | Call::OutputsRepository(
            OutputsRepository::save_step_output { run_id, .. }
            | OutputsRepository::save_step_input { run_id, .. }
            | OutputsRepository::save_trigger_data { run_id, .. }
            | OutputsRepository::save_trigger_headers { run_id, .. }
            | OutputsRepository::end_scope { run_id, .. }
            | OutputsRepository::record_event { run_id, .. },
        ) => started(run_id),
        _ => true,
    }
}

fn has_step(space: &Namespace, run: RunId, key: &str) -> bool {
    space.steps.contains_key(&(run, key.to_owned()))
}

/// The step that the call skips.
pub(crate) fn skipped_step(call: &Call) -> Option<(RunId, &str)> {
    match call {
        Call::RunRuntimeStore(
            RunRuntimeStore::record_skipped_step { run_id, step_key, .. }
            | RunRuntimeStore::record_skipped_step_with_trace { run_id, step_key, .. },
        ) => Some((*run_id, step_key)),
        _ => None,
    }
}

/// Something that a backend may do or leave, and how the model follows.
pub(crate) struct Question {
    /// What asks for it.
    pub(crate) call: Call,
    /// Takes the answer over.
    pub(crate) follow: Box<Follow>,
}

type Follow = dyn FnOnce(&mut Namespace, &Value) + Send;

impl Question {
    /// About a row that may be gone.
    fn is_it_gone(
        call: impl Into<Call>,
        forget: impl FnOnce(&mut Namespace) + Send + 'static,
    ) -> Self {
        let follow = move |space: &mut Namespace, answer: &Value| {
            if answer.is_empty() {
                forget(space);
            }
        };
        Self { call: call.into(), follow: Box::new(follow) }
    }
}

/// What the clauses leave open about a call that was just made.
pub(crate) fn open_questions(call: &Call, space: &Namespace) -> Vec<Question> {
    match call {
        // OUTPUT-15 is a SHOULD: what was saved for the step may be gone.
        Call::OutputsRepository(OutputsRepository::end_scope { run_id, step_key }) => {
            slots_of(*run_id, step_key, space)
        }
        Call::RetentionStore(RetentionStore::cleanup { .. }) => rows_without_a_run(space),
        // CONTROL-4 is a SHOULD: the key may be registered now.
        Call::RunControlStore(RunControlStore::configure_run {
            run_id,
            flow_id,
            trigger_key,
            idempotency_key: Some(key),
            ..
        }) => {
            let id = (*flow_id, trigger_key.clone(), key.clone());
            let run = *run_id;
            if space.idempotency_keys.contains_key(&id) {
                return Vec::new();
            }
            let call = find_run_of(id.clone()).into();
            let follow = move |space: &mut Namespace, answer: &Value| {
                if *answer == Value::RunId(Some(run)) {
                    space.idempotency_keys.insert(id, run);
                }
            };
            vec![Question { call, follow: Box::new(follow) }]
        }
        _ => Vec::new(),
    }
}

fn slots_of(run_id: RunId, step_key: &str, space: &Namespace) -> Vec<Question> {
    let id = (run_id, step_key.to_owned());
    let mut questions = Vec::new();
    if space.outputs.contains_key(&id) {
        let (id, step_key) = (id.clone(), step_key.to_owned());
        let call = OutputsRepository::get_step_output { run_id, step_key };
        questions.push(Question::is_it_gone(call, move |space| drop(space.outputs.remove(&id))));
    }
    if space.inputs.contains_key(&id) {
        let call = OutputsRepository::get_step_input { run_id, step_key: step_key.to_owned() };
        questions.push(Question::is_it_gone(call, move |space| drop(space.inputs.remove(&id))));
    }
    questions
}

/// RETENTION-12 is a trait: rows of a run that never had a record may go. Those that a program can
/// make are control records (CONTROL-2) and idempotency keys.
fn rows_without_a_run(space: &Namespace) -> Vec<Question> {
    let controls = space.controls.keys().filter(|run| !space.runs.contains_key(run));
    let controls = controls.map(|run| {
        let run_id = *run;
        let call = RunControlStore::get_run_control { run_id };
        Question::is_it_gone(call, move |space| drop(space.controls.remove(&run_id)))
    });
    let keys = space.idempotency_keys.iter().filter(|(_, run)| !space.runs.contains_key(run));
    let keys = keys.map(|(id, _)| {
        let id = id.clone();
        Question::is_it_gone(find_run_of(id.clone()), move |space| {
            space.idempotency_keys.remove(&id);
        })
    });
    controls.chain(keys).collect()
}

fn find_run_of(
    (flow_id, trigger_key, idempotency_key): (FlowId, String, String),
) -> RunControlStore {
    RunControlStore::find_run_id_by_idempotency_key { flow_id, trigger_key, idempotency_key }
}
