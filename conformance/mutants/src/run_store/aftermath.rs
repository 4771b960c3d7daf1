//! Mutants that are wrong after a retry, a skip or a cancellation, or before a run starts.

use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{Answer, FlowRun, RunId, RunStatus, StartRun, StepStatus};
use plimsoll_model::{RunStore, Spec};

use super::calls::{BreaksCompletion, Completion, override_run_store};
use super::{attempts, last_attempt};
use crate::Mutant;
use crate::broken::{models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/retry-frees-keys-within",
        clause: "RUN-63",
        how: "frees claims and entries of the steps within the retried one",
        dies: &[("run-store/retry-touches-other-steps", "entry and claim of \"charge.0\"")],
        backend: run_store::<RetryFreesWithin>,
    },
    Mutant {
        id: "run-store/resets-by-the-latest-attempt",
        clause: "RUN-68",
        how: "goes by the latest attempt of a step, which a retry leaves skipped",
        dies: &[("run-store/reset-frees-running-step", "a skipped one runs after a retry")],
        backend: run_store::<ResetsByAttempt>,
    },
    Mutant {
        id: "run-store/attempt-keeps-its-output",
        clause: "RUN-16",
        how: "leaves the output of the attempt when a later completion has none",
        dies: &[("run-store/old-output-survives", "the attempt's output is gone")],
        backend: run_store::<AttemptKeepsOutput>,
    },
    Mutant {
        id: "run-store/attempt-ends-once",
        clause: "RUN-15",
        how: "leaves an attempt alone that has ended, also when its step was retried",
        dies: &[("run-store/completion-not-recorded", "one that comes after a retry")],
        backend: run_store::<AttemptEndsOnce>,
    },
    Mutant {
        id: "run-store/timed-out-runs-end-so",
        clause: "RUN-22",
        how: "completes a run that has timed out as timed-out, whatever it is told",
        dies: &[("run-store/flags-decide-ending", "a run that has timed out is succeeded")],
        backend: run_store::<TimedOutRunsEndSo>,
    },
    Mutant {
        id: "run-runtime-store/starting-a-run-frees-claims",
        clause: "RUNTIME-5",
        how: "starts a run with no claims, also when some were granted before",
        dies: &[("run-runtime-store/start-of-run-frees-claim", "the claim is still held")],
        backend: run_store::<StartingFreesClaims>,
    },
    Mutant {
        id: "run-store/starting-a-run-clears-its-ledger",
        clause: "RUN-74",
        how: "starts a run with an empty ledger, also when entries were made before",
        dies: &[("run-runtime-store/start-of-run-frees-claim", "the entry is still there")],
        backend: run_store::<StartingClearsLedger>,
    },
];

models! {
    RetryFreesWithin ResetsByAttempt AttemptKeepsOutput AttemptEndsOnce TimedOutRunsEndSo
    StartingFreesClaims StartingClearsLedger
}

override_run_store! {
    record_step_complete: AttemptKeepsOutput AttemptEndsOnce
}

impl RunStore for RetryFreesWithin {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let within = format!("{key}.");
        let space = self.space()?;
        space.claims.retain(|(id, key)| *id != run || !key.starts_with(&within));
        space.dispatches.retain(|(id, key)| *id != run || !key.starts_with(&within));
        self.0.retry_step(run, key)
    }
}

impl RunStore for ResetsByAttempt {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &[String]) -> Answer<()> {
        for key in keys {
            let space = self.space()?;
            let was_skipped = attempts(space, run, key).last().is_some_and(|last| {
                let reason = last.error_message.as_deref();
                last.status == StepStatus::Skipped && reason == Some(PREREQUISITE_NOT_SATISFIED)
            });
            let id = (run, key.clone());
            if was_skipped && space.steps.remove(&id).is_some() {
                space.claims.remove(&id);
                space.dispatches.remove(&id);
            }
        }
        Ok(())
    }
}

impl BreaksCompletion for AttemptKeepsOutput {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let Completion { run, key, .. } = completion;
        let mut before = None;
        last_attempt(self.space()?, run, key, |last| before.clone_from(&last.output_json));
        completion.on(&mut self.0)?;
        last_attempt(self.space()?, run, key, |last| {
            last.output_json = last.output_json.take().or(before);
        });
        Ok(())
    }
}

impl BreaksCompletion for AttemptEndsOnce {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let Completion { run, key, .. } = completion;
        let running = super::step(self.space()?, run, key)
            .is_some_and(|step| step.status == StepStatus::Running);
        let mut before = None;
        last_attempt(self.space()?, run, key, |last| before = Some(last.clone()));
        completion.on(&mut self.0)?;
        last_attempt(self.space()?, run, key, |last| {
            let ended = before.filter(|before| running && before.completed_at.is_some());
            if let Some(before) = ended {
                *last = before;
            }
        });
        Ok(())
    }
}

impl RunStore for TimedOutRunsEndSo {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        let control = self.space()?.controls.get(&run);
        let is_late = control.is_some_and(|control| control.timed_out_at.is_some());
        let is_end = status != RunStatus::Running;
        self.0.complete_run(run, if is_late && is_end { RunStatus::TimedOut } else { status })
    }
}

impl RunStore for StartingFreesClaims {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let run = self.0.start_run(start)?;
        self.space()?.claims.retain(|(id, _)| *id != run.id);
        Ok(run)
    }
}

impl RunStore for StartingClearsLedger {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let run = self.0.start_run(start)?;
        self.space()?.dispatches.retain(|(id, _)| *id != run.id);
        Ok(run)
    }
}
