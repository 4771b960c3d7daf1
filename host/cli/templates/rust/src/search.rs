//! What `get-runs-page` finds.

use crate::exports::flow::storage::run_store::{FlowRun, RunStatus, Uuid};
use crate::state::Namespace;

/// Whether a run, one of its steps or one of their attempts holds the text.
pub fn is_found(space: &Namespace, run: &FlowRun, text: &str) -> bool {
    let holds = |field: &str| contains(field, text);
    let may_hold = |field: &Option<String>| field.as_deref().is_some_and(holds);
    let mut of_run = space.attempts.iter().filter(|((id, _), _)| *id == run.id);
    holds(&hyphenated(run.id))
        || holds(&run.flow_name)
        || holds(&run.trigger_key)
        || holds(status_name(run.status))
        || may_hold(&run.background_job_id)
        || of_run.any(|((_, key), attempts)| {
            holds(key)
                || attempts
                    .iter()
                    .any(|a| may_hold(&a.error_message) || may_hold(&a.output_json))
        })
}

/// A search text of nothing but ASCII blanks is no filter.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t'..='\r' | ' '))
}

/// ASCII letter case aside: `to_lowercase` would also change other letters, and some of them by
/// what stands beside them.
fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase()
        .contains(&part.to_ascii_lowercase())
}

/// An id as text: `high` is the first half of the digits, `low` the other.
fn hyphenated(id: Uuid) -> String {
    let Uuid { high, low } = id;
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
    format!(
        "{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}",
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

fn status_name(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::TimedOut => "timed-out",
        RunStatus::Skipped => "skipped",
    }
}
