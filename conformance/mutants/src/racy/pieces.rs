//! Mutants that read lists in several steps.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use plimsoll_contract::{
    Answer, FlowDefinition, FlowRun, FlowRunPage, RunId, ScheduleState, StepStatus,
    WebhookRejection, WebhookRejectionPage,
};
use plimsoll_model::{Attempt, State};

use super::stale::{Late, Of};
use super::{Built, Collision, build, dawdle, locked};
use crate::broken::AsSpecified;

/// Lists are read three rows at a time, by offset.
pub(crate) fn pieces() -> Built {
    build::<Pieces>()
}

/// The ids of listed runs are read first and their rows later.
pub(crate) fn late_listed_runs() -> Built {
    build::<LateListedRuns>()
}

/// A run is in no list for a moment after its start.
pub(crate) fn late_index() -> Built {
    build::<LateIndex>()
}

/// A step is started first, and its attempt is added later.
pub(crate) fn late_attempts() -> Built {
    build::<Of<LateAttempts>>()
}

/// A step with its status.
type Status = (String, StepStatus);

/// How many rows are read in one step.
const ROWS: usize = 3;

#[derive(Default)]
struct Pieces;

impl Collision for Pieces {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        _function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let mut whole = call(&mut AsSpecified(&mut locked(state)))?;
        if !cut(&mut whole, 0) {
            return Ok(whole);
        }
        for offset in (ROWS..).step_by(ROWS) {
            dawdle().await;
            let mut next = call(&mut AsSpecified(&mut locked(state)))?;
            cut(&mut next, offset);
            if !join(&mut whole, &mut next) {
                break;
            }
        }
        Ok(whole)
    }
}

macro_rules! lists {
    ($($row:ty)*) => {
        /// Leaves the rows of one step, if it is a list that is read so.
        fn cut(answer: &mut dyn Any, offset: usize) -> bool {
            $(if let Some(rows) = answer.downcast_mut::<Vec<$row>>() {
                *rows = rows.drain(..).skip(offset).take(ROWS).collect();
                return true;
            })*
            match answer.downcast_mut::<WebhookRejectionPage>() {
                Some(page) => cut(&mut page.items, offset),
                None => false,
            }
        }

        /// Adds the rows of the next step; false without any.
        fn join(whole: &mut dyn Any, next: &mut dyn Any) -> bool {
            $(if let (Some(whole), Some(next)) =
                (whole.downcast_mut::<Vec<$row>>(), next.downcast_mut::<Vec<$row>>())
            {
                let is_more = !next.is_empty();
                whole.append(next);
                return is_more;
            })*
            match (
                whole.downcast_mut::<WebhookRejectionPage>(),
                next.downcast_mut::<WebhookRejectionPage>(),
            ) {
                (Some(whole), Some(next)) => join(&mut whole.items, &mut next.items),
                _ => false,
            }
        }
    };
}

lists! {
    String Status FlowDefinition FlowRun ScheduleState WebhookRejection
}

#[derive(Default)]
struct LateListedRuns;

impl Collision for LateListedRuns {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let mut answer = call(&mut AsSpecified(&mut locked(state)))?;
        if !["get-active-runs", "get-runs-page"].contains(&function) {
            return Ok(answer);
        }
        dawdle().await;
        let answered = &mut answer as &mut dyn Any;
        let rows = match answered.is::<FlowRunPage>() {
            true => answered.downcast_mut::<FlowRunPage>().map(|page| &mut page.items),
            false => answered.downcast_mut::<Vec<FlowRun>>(),
        };
        if let (Some(rows), Some(space)) = (rows, locked(state).space()) {
            *rows = rows.iter().filter_map(|row| space.runs.get(&row.id).cloned()).collect();
        }
        Ok(answer)
    }
}

/// Which runs cannot be listed yet.
#[derive(Default)]
struct LateIndex(Mutex<BTreeSet<RunId>>);

impl Collision for LateIndex {
    async fn call<T: Send + 'static>(
        &self,
        state: &Mutex<State>,
        function: &str,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let hidden = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer = {
            let mut state = locked(state);
            let answer = call(&mut AsSpecified(&mut state))?;
            if let Some(started) = (&answer as &dyn Any).downcast_ref::<FlowRun>() {
                hidden().insert(started.id);
            }
            answer
        };
        let is_start = function == "start-run";
        let any = &mut answer as &mut dyn Any;
        if is_start && let Some(id) = any.downcast_ref::<FlowRun>().map(|run| run.id) {
            dawdle().await;
            hidden().remove(&id);
        } else if let Some(page) = any.downcast_mut::<FlowRunPage>() {
            page.items.retain(|run| !hidden().contains(&run.id));
        } else if let Some(rows) = any.downcast_mut::<Vec<FlowRun>>() {
            rows.retain(|run| !hidden().contains(&run.id));
        }
        Ok(answer)
    }
}

#[derive(Default)]
struct LateAttempts;

type StepId = (RunId, String);

impl Late for LateAttempts {
    const FUNCTION: &str = "record-step-start";

    async fn call<T: Send + 'static>(
        state: &Mutex<State>,
        call: impl Fn(&mut AsSpecified<'_>) -> Answer<T> + Send + Sync,
    ) -> Answer<T> {
        let (answer, late) = {
            let mut state = locked(state);
            let before = state.space().map(|space| space.attempts.clone()).unwrap_or_default();
            let answer = call(&mut AsSpecified(&mut state));
            let mut late: Vec<(StepId, Attempt)> = Vec::new();
            for (id, attempts) in state.space().map(|it| &mut it.attempts).into_iter().flatten() {
                if attempts.len() > before.get(id).map_or(0, Vec::len) {
                    late.extend(attempts.pop().map(|attempt| (id.clone(), attempt)));
                }
            }
            (answer, late)
        };
        dawdle().await;
        if let Some(space) = locked(state).space() {
            for (id, attempt) in late {
                space.attempts.entry(id).or_default().push(attempt);
            }
        }
        answer
    }
}
