//! Which runs a search may find, and which it must.

use plimsoll_contract::{FlowId, FlowRun, RunId, RunStatus};
use plimsoll_model::Namespace;

/// The runs of a flow and status.
pub(crate) fn runs(
    space: &Namespace,
    flow: Option<FlowId>,
    status: Option<RunStatus>,
) -> Vec<FlowRun> {
    let all = space.runs.values();
    let of_flow = all.filter(|run| flow.is_none_or(|flow| flow == run.flow_id));
    of_flow.filter(|run| status.is_none_or(|status| status == run.status)).cloned().collect()
}

/// Those that hold the text anywhere, letter case aside, and those of `must`.
pub(crate) fn may_match(
    space: &Namespace,
    flow: Option<FlowId>,
    status: Option<RunStatus>,
    search: Option<&str>,
    must: &[FlowRun],
) -> Vec<FlowRun> {
    let mut found = runs(space, flow, status);
    found.retain(|run| {
        let holds = |search: &str| texts(space, run).iter().any(|text| folds_into(text, search));
        must.contains(run) || search.is_some_and(holds)
    });
    found
}

/// Those of `found` that are found also without the attempts of steps that were reset.
pub(crate) fn without_orphans(
    space: &Namespace,
    search: Option<&str>,
    found: &[FlowRun],
) -> Vec<FlowRun> {
    let Some(search) = search else { return found.to_vec() };
    let is_orphan = |id: &(RunId, String)| !space.steps.contains_key(id);
    let has_orphans = |run: &FlowRun| {
        let mut ids = space.attempts.keys().filter(|(id, _)| *id == run.id);
        ids.any(is_orphan)
    };
    let sure = |run: &&FlowRun| {
        let text = search.to_ascii_lowercase();
        let is_blank = search.chars().all(|c| matches!(c, '\t'..='\r' | ' '));
        is_blank
            || !has_orphans(run)
            || run_texts(run).iter().any(|own| own.to_ascii_lowercase().contains(&text))
    };
    found.iter().filter(sure).cloned().collect()
}

fn folds_into(text: &str, search: &str) -> bool {
    text.to_lowercase().contains(&search.to_lowercase())
        || text.to_uppercase().contains(&search.to_uppercase())
}

/// What RUN-33 searches of a run itself.
fn run_texts(run: &FlowRun) -> Vec<String> {
    let mut texts = vec![
        run.id.to_string(),
        run.flow_name.clone(),
        run.trigger_key.clone(),
        run.status.name().to_owned(),
    ];
    texts.extend(run.background_job_id.clone());
    texts
}

/// Every text of a run, of its steps and of their attempts.
fn texts(space: &Namespace, run: &FlowRun) -> Vec<String> {
    let mut texts = run_texts(run);
    texts.push(run.flow_id.to_string());
    texts.extend(run.source_run_id.map(|id| id.to_string()));
    texts.extend(run.trigger_data_json.clone());
    let steps = space.steps.iter().map(|(id, step)| (id, std::slice::from_ref(step)));
    let attempts = space.attempts.iter().map(|(id, attempts)| (id, attempts.as_slice()));
    for ((_, key), rows) in steps.chain(attempts).filter(|((id, _), _)| *id == run.id) {
        texts.push(key.clone());
        for row in rows {
            texts.push(row.step_type.clone());
            let optional = [
                &row.input_json,
                &row.output_json,
                &row.error_message,
                &row.job_id,
                &row.evaluation_trace_json,
            ];
            texts.extend(optional.into_iter().flatten().cloned());
        }
    }
    texts
}
