//! Mutants of what a retry and a reset leave of a run that has ended or is in use.

use plimsoll_contract::{Answer, RunId, RunStatus};
use plimsoll_model::{RunStore, Spec};

use crate::broken::{models, run_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/retry-leaves-cancelled-runs-ended",
        clause: "RUN-60",
        how: "reopens a run unless it was cancelled",
        dies: &[("run-store/retry-leaves-run-ended", "the run that was cancelled is running")],
        backend: run_store::<RetryLeavesCancelled>,
    },
    Mutant {
        id: "run-store/resets-what-was-skipped-before",
        clause: "RUN-73",
        how: "looks the skipped steps up, and frees them without another look",
        dies: &[("run-store/late-reset-frees-claim", "claim")],
        backend: racy::stale_reset,
    },
];

models! { RetryLeavesCancelled }

impl RunStore for RetryLeavesCancelled {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let before = self.space()?.runs.get(&run).cloned();
        self.0.retry_step(run, key)?;
        if let Some(before) = before.filter(|run| run.status == RunStatus::Cancelled) {
            self.space()?.runs.insert(run, before);
        }
        Ok(())
    }
}
