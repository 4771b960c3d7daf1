//! What the backend keeps: everything, in memory, for as long as the instance lives.
//!
//! To keep it elsewhere:
//!
//! 1. Ask for what you need. `std::fs` works in a directory that `plugin.toml` grants. A key-value
//!    store is one import more: `wit/stored.wit` with `package flow:storage@0.1.0;` and
//!    `world stored { include core; import wasi:keyvalue/store@0.2.0-draft2; }`, and that world in
//!    `lib.rs`. `plimsoll inspect` shows what to grant.
//! 2. Let `with_namespace` read from there, and write before it answers `Ok`. What fails there is
//!    `Error::Unavailable`, not a panic: a panic ends the instance.
//! 3. Say so in `describe`: `shared` if other instances see the same data, `durable` if it survives
//!    a killed process. The suite then judges that too.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::flow::storage::types::{
    Error, FlowDefinition, FlowEvent, FlowRun, FlowStep, FlowStepAttempt, Page, Uuid,
};

/// A step of a run.
pub type StepId = (Uuid, String);

#[derive(Default)]
pub struct State {
    /// The namespace that was opened last.
    pub open: Option<String>,
    pub namespaces: BTreeMap<String, Namespace>,
}

#[derive(Default)]
pub struct Namespace {
    pub definitions: BTreeMap<Uuid, FlowDefinition>,
    pub runs: BTreeMap<Uuid, FlowRun>,
    /// Without their attempts, which outlive a step that is reset.
    pub steps: BTreeMap<StepId, FlowStep>,
    pub attempts: BTreeMap<StepId, Vec<FlowStepAttempt>>,
    pub dispatches: BTreeSet<StepId>,
    pub outputs: BTreeMap<StepId, String>,
    pub inputs: BTreeMap<StepId, String>,
    pub trigger_data: BTreeMap<Uuid, String>,
    pub trigger_headers: BTreeMap<Uuid, Vec<(String, String)>>,
    /// Nothing in `core` reads them back; `event-reader` does.
    pub events: BTreeMap<Uuid, Vec<FlowEvent>>,
}

thread_local! {
    // An instance does one call at a time, so nobody waits for a lock.
    static STATE: RefCell<State> = RefCell::default();
}

pub fn with_state<T>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(work)
}

/// Works on the open namespace.
pub fn with_namespace<T>(
    work: impl FnOnce(&mut Namespace) -> Result<T, Error>,
) -> Result<T, Error> {
    with_state(|state| {
        let namespace = state
            .open
            .as_ref()
            .and_then(|name| state.namespaces.get_mut(name));
        // These words are the contract's.
        work(namespace.ok_or_else(|| Error::Other("not open".to_owned()))?)
    })
}

/// The part of a list that a page asks for. `take` of none is the default, `take` of 0 is nothing.
pub fn cut<T>(items: Vec<T>, page: Page, default: u32) -> Vec<T> {
    let take = page.take.unwrap_or(default);
    items
        .into_iter()
        .skip(page.skip as usize)
        .take(take as usize)
        .collect()
}
