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

/// The names of the statuses of a run that hold a text, which is folded (RUN-33).
pub fn statuses_with(text: &str) -> impl Iterator<Item = &'static str> {
    RunStatus::ALL.into_iter().map(RunStatus::name).filter(move |name| name.contains(text))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_finds_statuses_by_a_part_of_their_names() {
        let found = |text| statuses_with(text).collect::<Vec<_>>();
        assert_eq!(found("ed-o"), ["timed-out"]);
        assert_eq!(found("cc"), ["succeeded"]);
        assert!(found("é").is_empty());
    }
}
