use std::collections::HashMap;

use plimsoll_contract::{FlowRun, FlowRunDetail, FlowStep, FlowStepAttempt};

/// Puts a run together from its rows: `steps` have no attempts yet, and `attempts` come with their
/// step keys; attempts of a key without a step are left out (RUN-69). Neither needs an order.
#[must_use]
pub fn assemble(
    run: FlowRun,
    mut steps: Vec<FlowStep>,
    attempts: Vec<(String, FlowStepAttempt)>,
) -> FlowRunDetail {
    let mut by_key: HashMap<String, Vec<FlowStepAttempt>> = HashMap::new();
    for (key, attempt) in attempts {
        by_key.entry(key).or_default().push(attempt);
    }
    for step in &mut steps {
        step.attempts = by_key.remove(&step.step_key).unwrap_or_default();
        step.attempts.sort_unstable_by_key(|attempt| attempt.attempt);
    }
    steps.sort_unstable_by(|a, b| (a.started_at, &a.step_key).cmp(&(b.started_at, &b.step_key)));
    FlowRunDetail { run, steps }
}
