//! A step with its attempts.

use serde::{Deserialize, Serialize};

use crate::flow::storage::types::{Instant, StepStatus};
use crate::texts::Text;

/// The error of a step that is skipped because of its predecessors, in the contract's words.
const PREREQUISITE: &str = "Prerequisite status did not satisfy runAfter conditions.";

/// A step shows its latest attempt, but for what a retry cleared.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Step {
    /// Not while it is reset: then there are only its attempts.
    pub is_there: bool,
    /// It runs again, and the attempt that will show it has not started.
    pub is_retried: bool,
    /// A retry cleared the step's trace, and its attempt's stays.
    pub is_untraced: bool,
    pub attempts: Vec<Attempt>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub step_type: String,
    pub status: StepStatus,
    pub input: Option<Text>,
    pub output: Option<Text>,
    pub error: Option<Text>,
    pub job_id: Option<String>,
    pub started_at: Instant,
    pub completed_at: Option<Instant>,
    pub trace: Option<Text>,
}

impl Attempt {
    /// All its texts that may stand beside the entry.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        [&self.input, &self.output, &self.error, &self.trace].into_iter().flatten()
    }
}

impl Step {
    /// The latest attempt, if the step is there.
    pub fn shown(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|_| self.is_there)
    }

    pub fn status(&self) -> Option<StepStatus> {
        let shown = self.shown()?;
        Some(if self.is_retried { StepStatus::Running } else { shown.status })
    }

    pub fn begin(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
        (self.is_there, self.is_retried, self.is_untraced) = (true, false, false);
    }

    /// The outcome of the latest attempt. A step that was reset is unknown: its attempts stay as
    /// they are.
    pub fn complete(
        &mut self,
        status: StepStatus,
        output: Option<Text>,
        error: Option<Text>,
        now: Instant,
    ) {
        if !self.is_there {
            return;
        }
        self.is_retried = false;
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.status = status;
            attempt.output = output;
            attempt.error = error;
            attempt.completed_at = Some(now);
        }
    }

    pub fn retry(&mut self) {
        self.is_retried = true;
        self.is_untraced = true;
    }

    /// Whether the step was skipped only because a predecessor failed.
    pub fn is_cascade_skipped(&self) -> bool {
        let error = self.shown().and_then(|attempt| attempt.error.as_ref());
        self.status() == Some(StepStatus::Skipped)
            && matches!(error, Some(Text::Here(error)) if error == PREREQUISITE)
    }
}
