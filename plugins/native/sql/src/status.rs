use plimsoll_contract::{Answer, RunStatus, StepStatus};

use crate::unreadable;

/// Reads what [`RunStatus::name`] wrote.
///
/// # Errors
///
/// `other` for any other text.
pub fn run_status(name: &str) -> Answer<RunStatus> {
    let named = RunStatus::ALL.into_iter().find(|status| status.name() == name);
    named.ok_or_else(|| unreadable(&format!("the run status `{name}`")))
}

/// The name of its WIT case.
#[must_use]
pub const fn step_status_name(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Pending => "pending",
        StepStatus::Running => "running",
        StepStatus::Succeeded => "succeeded",
        StepStatus::Failed => "failed",
        StepStatus::Skipped => "skipped",
    }
}

/// Reads what [`step_status_name`] wrote.
///
/// # Errors
///
/// `other` for any other text.
pub fn step_status(name: &str) -> Answer<StepStatus> {
    use StepStatus::{Failed, Pending, Running, Skipped, Succeeded};
    let all = [Pending, Running, Succeeded, Failed, Skipped];
    let named = all.into_iter().find(|status| step_status_name(*status) == name);
    named.ok_or_else(|| unreadable(&format!("the step status `{name}`")))
}
