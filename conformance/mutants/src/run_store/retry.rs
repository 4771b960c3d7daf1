use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{Answer, Error, FlowRunDetail, RunId, StepStatus};
use plimsoll_model::{Model, RunStore, Spec, Step};

use super::calls::{BreaksCompletion, Completion, Start, override_run_store};
use super::{last_attempt, step};
use crate::broken::{models, run_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/retry-takes-the-timeout-back",
        clause: "RUN-63",
        how: "clears timed-out-at when a step is retried",
        dies: &[("run-store/retry-clears-the-rest", "cancellation and timeout stay")],
        backend: run_store::<RetryTakesTimeOutBack>,
    },
    Mutant {
        id: "run-store/reset-drops-the-remainder",
        clause: "RUN-71",
        how: "resets a long list in thousands and leaves what remains",
        dies: &[("run-store/reset-of-many-fails", "of 9973 steps none is left")],
        backend: run_store::<ResetDropsRemainder>,
    },
    Mutant {
        id: "run-store/reset-forgets-the-last-piece",
        clause: "RUN-67",
        how: "resets keys in pieces of a thousand, and forgets the piece that is not full",
        dies: &[("run-store/reset-forgets-some", "a reset that succeeds leaves none")],
        backend: run_store::<ResetDropsRemainder>,
    },
    Mutant {
        id: "run-store/retry-keeps-the-error",
        clause: "RUN-59",
        how: "leaves the error on a step that is retried",
        dies: &[("run-store/retry-keeps-outcome", "its error is cleared")],
        backend: run_store::<RetryKeepsError>,
    },
    Mutant {
        id: "run-store/retry-clears-the-attempt",
        clause: "RUN-59",
        how: "clears the latest attempt too",
        dies: &[("run-store/retry-keeps-outcome", "its history is untouched")],
        backend: run_store::<RetryClearsAttempt>,
    },
    Mutant {
        id: "run-store/retry-parks-the-step",
        clause: "RUN-59",
        how: "makes a retried step pending",
        dies: &[("run-store/retry-keeps-outcome", "it runs")],
        backend: run_store::<RetryParksStep>,
    },
    Mutant {
        id: "run-store/retry-counts-an-attempt",
        clause: "RUN-59",
        how: "adds the attempt that the next start adds again",
        dies: &[("run-store/retry-adds-attempt", "there are two attempts")],
        backend: run_store::<RetryCountsAttempt>,
    },
    Mutant {
        id: "run-store/retry-keeps-the-completion",
        clause: "RUN-59",
        how: "leaves completed-at on a step that is retried",
        dies: &[("run-store/retry-keeps-outcome", "its completion is cleared")],
        backend: run_store::<RetryKeepsCompletion>,
    },
    Mutant {
        id: "run-store/retry-leaves-the-run",
        clause: "RUN-60",
        how: "resets the step and not its run",
        dies: &[("run-store/retry-leaves-run-ended", "the run that was failed is running")],
        backend: run_store::<RetryLeavesRun>,
    },
    Mutant {
        id: "run-store/retry-leaves-the-runs-end",
        clause: "RUN-60",
        how: "makes the run running and leaves its completed-at",
        dies: &[("run-store/retry-leaves-run-ended", "it is not completed")],
        backend: run_store::<RetryLeavesEnd>,
    },
    Mutant {
        id: "run-store/retry-forgets-the-claim",
        clause: "RUN-61",
        how: "leaves a retried step claimed",
        dies: &[("run-store/retry-keeps-claim", "the step can be claimed")],
        backend: run_store::<RetryForgetsClaim>,
    },
    Mutant {
        id: "run-store/retry-needs-the-run",
        clause: "RUN-65",
        how: "does nothing for a run that has no row",
        dies: &[
            ("run-store/retry-needs-run", "the claim is free"),
            ("run-store/retry-needs-run", "the entry is gone"),
        ],
        backend: run_store::<RetryNeedsRun>,
    },
    Mutant {
        id: "run-store/retry-forgets-the-dispatch",
        clause: "RUN-62",
        how: "leaves a retried step in the dispatch ledger",
        dies: &[("run-store/retry-keeps-dispatch", "the step can be dispatched")],
        backend: run_store::<RetryForgetsDispatch>,
    },
    Mutant {
        id: "run-store/retry-frees-every-claim",
        clause: "RUN-63",
        how: "frees all claims and entries of the run",
        dies: &[("run-store/retry-touches-other-steps", "its claim and its entry too")],
        backend: run_store::<RetryFreesEveryClaim>,
    },
    Mutant {
        id: "run-store/retry-deletes-the-saved-output",
        clause: "RUN-63",
        how: "deletes the output that was saved for the step",
        dies: &[("run-store/retry-clears-the-rest", "the saved output stays")],
        backend: run_store::<RetryDeletesOutput>,
    },
    Mutant {
        id: "run-store/retry-takes-the-cancellation-back",
        clause: "RUN-63",
        how: "clears the cancel flag of the run",
        dies: &[("run-store/retry-clears-the-rest", "cancellation and timeout stay")],
        backend: run_store::<RetryTakesCancellationBack>,
    },
    Mutant {
        id: "run-store/retries-every-failed-step",
        clause: "RUN-63",
        how: "retries all steps of the run that failed",
        dies: &[("run-store/retry-touches-other-steps", "the failed one too")],
        backend: run_store::<RetriesEveryFailure>,
    },
    Mutant {
        id: "run-store/retry-clears-the-runs-history",
        clause: "RUN-63",
        how: "deletes the events and waiters of the run",
        dies: &[
            ("run-store/retry-clears-the-rest", "the event stays"),
            ("run-store/retry-clears-the-rest", "the waiter stays"),
        ],
        backend: run_store::<RetryClearsHistory>,
    },
    Mutant {
        id: "run-store/retry-looks-for-the-step",
        clause: "RUN-65",
        how: "does nothing where it finds no step",
        dies: &[("run-store/retry-needs-step", "the run is running again")],
        backend: run_store::<RetryLooksForStep>,
    },
    Mutant {
        id: "run-store/retry-makes-a-step-up",
        clause: "RUN-65",
        how: "creates the step that it is to retry",
        dies: &[("run-store/retry-needs-step", "no step was created")],
        backend: run_store::<RetryMakesStepUp>,
    },
    Mutant {
        id: "run-store/retry-makes-a-run-up",
        clause: "RUN-66",
        how: "creates the run that it is to reopen",
        dies: &[("run-store/retry-creates-run", "no run was created")],
        backend: run_store::<RetryMakesRunUp>,
    },
    Mutant {
        id: "run-store/retrying-unknown-is-an-error",
        clause: "RUN-66",
        how: "answers not-found when there is no run to reopen",
        dies: &[("run-store/retry-creates-run", "it is a no-op")],
        backend: run_store::<RetryingUnknownFails>,
    },
    Mutant {
        id: "run-store/reset-is-a-stub",
        clause: "RUN-67",
        how: "resets nothing",
        dies: &[("run-store/reset-does-nothing", "the step has no status")],
        backend: run_store::<ResetIsAStub>,
    },
    Mutant {
        id: "run-store/reset-forgets-the-claim",
        clause: "RUN-67",
        how: "leaves the claim of a step that it resets",
        dies: &[("run-store/reset-does-nothing", "it can be claimed")],
        backend: run_store::<ResetForgetsClaim>,
    },
    Mutant {
        id: "run-store/resets-every-skipped-step",
        clause: "RUN-68",
        how: "resets a skipped step whatever the reason",
        dies: &[("run-store/reset-ignores-reason", "skipped for reason \"When was false\" stays")],
        backend: run_store::<ResetsEverySkip>,
    },
    Mutant {
        id: "run-store/reset-folds-the-reason",
        clause: "RUN-68",
        how: "compares the reason without case and blanks",
        dies: &[("run-store/reset-ignores-reason", "reason \"prerequisite status did not")],
        backend: run_store::<ResetFoldsReason>,
    },
    Mutant {
        id: "run-store/reset-frees-every-key",
        clause: "RUN-68",
        how: "frees the dispatch entries of all given keys",
        dies: &[("run-store/reset-frees-running-step", "claim and entry are held")],
        backend: run_store::<ResetFreesEveryKey>,
    },
    Mutant {
        id: "run-store/reset-frees-a-live-claim",
        clause: "RUN-73",
        how: "frees the claims of all given keys",
        dies: &[("run-store/reset-frees-running-step", "nobody else can claim it")],
        backend: run_store::<ResetFreesLiveClaim>,
    },
    Mutant {
        id: "run-store/resets-by-the-reason-alone",
        clause: "RUN-68",
        how: "resets a step with the reserved text whatever its status",
        dies: &[("run-store/reset-ignores-status", "the failed step stays")],
        backend: run_store::<ResetsByReasonAlone>,
    },
    Mutant {
        id: "run-store/reset-deletes-attempts",
        clause: "RUN-69",
        how: "deletes the attempts with the step",
        dies: &[("run-store/reset-deletes-history", "it starts again after its history")],
        backend: run_store::<ResetDeletesAttempts>,
    },
    Mutant {
        id: "run-store/shows-attempts-without-a-step",
        clause: "RUN-69",
        how: "shows a step that was reset because its attempts are there",
        dies: &[("run-store/reset-deletes-history", "the step is not shown")],
        backend: run_store::<ShowsResetSteps>,
    },
    Mutant {
        id: "run-store/reset-of-none-is-an-error",
        clause: "RUN-70",
        how: "refuses an empty list",
        dies: &[("run-store/reset-of-unknown-fails", "no key is a no-op")],
        backend: run_store::<ResetOfNoneFails>,
    },
    Mutant {
        id: "run-store/reset-of-none-is-of-all",
        clause: "RUN-70",
        how: "takes an empty list for every step",
        dies: &[("run-store/reset-of-unknown-fails", "the step stays")],
        backend: run_store::<ResetOfNoneIsOfAll>,
    },
    Mutant {
        id: "run-store/resetting-unknown-is-an-error",
        clause: "RUN-70",
        how: "answers not-found when there is no step to reset",
        dies: &[
            ("run-store/reset-of-unknown-fails", "an unknown key is a no-op"),
            ("run-store/reset-of-unknown-fails", "an unknown run is a no-op"),
        ],
        backend: run_store::<ResettingUnknownFails>,
    },
    Mutant {
        id: "run-store/reset-takes-2100-keys",
        clause: "RUN-71",
        how: "fails with more parameters than a statement may have",
        dies: &[("run-store/reset-of-many-fails", "gave no value: too many parameters")],
        backend: run_store::<ResetTakes2100Keys>,
    },
    Mutant {
        id: "run-store/retries-table-by-table",
        clause: "RUN-64",
        how: "writes the tables of a retry one after the other",
        dies: &[("run-store/retry-seen-in-parts", "who sees any part of a retry")],
        backend: racy::in_parts,
    },
    Mutant {
        id: "run-store/resets-table-by-table",
        clause: "RUN-72",
        how: "writes the tables of a reset one after the other",
        dies: &[("run-store/reset-seen-in-parts", "who sees any part of a reset")],
        backend: racy::in_parts,
    },
    Mutant {
        id: "run-store/retry-frees-claims-of-every-run",
        clause: "RUNTIME-5",
        how: "frees the claims on that key in all runs",
        dies: &[("run-store/retry-reaches-other-run", "its claim stays")],
        backend: run_store::<RetryFreesClaimsOfAll>,
    },
    Mutant {
        id: "run-store/retry-frees-dispatches-of-every-run",
        clause: "RUN-74",
        how: "frees the dispatch entries of that key in all runs",
        dies: &[("run-store/retry-reaches-other-run", "its entry stays")],
        backend: run_store::<RetryFreesDispatchesOfAll>,
    },
    Mutant {
        id: "run-store/reset-writes-old-claims-back",
        clause: "RUN-73",
        how: "reads the claims, resets, and writes them back",
        dies: &[("run-store/reset-race-frees-claim", "claim")],
        backend: racy::in_parts,
    },
    Mutant {
        id: "run-store/late-completion-completes-the-last-attempt",
        clause: "RUN-20",
        how: "completes the last attempt whether or not there is a step",
        dies: &[("run-store/late-completion-rewrites-history", "the first attempt is as it was")],
        backend: run_store::<CompletesKeptAttempt>,
    },
    Mutant {
        id: "run-store/retry-keeps-the-trace",
        clause: "RUN-59",
        how: "leaves the trace on a step that is retried",
        dies: &[("run-store/retry-keeps-trace", "its trace is cleared")],
        backend: run_store::<RetryKeepsTrace>,
    },
    Mutant {
        id: "run-store/retry-deletes-the-saved-input",
        clause: "RUN-63",
        how: "deletes the input that was saved for the step",
        dies: &[("run-store/retry-clears-the-rest", "the saved input stays")],
        backend: run_store::<RetryDeletesInput>,
    },
];

models! {
    RetryKeepsError RetryClearsAttempt RetryParksStep RetryCountsAttempt RetryLeavesRun
    RetryLeavesEnd RetryForgetsClaim RetryForgetsDispatch RetryFreesEveryClaim
    RetryDeletesOutput RetryTakesCancellationBack RetryLooksForStep RetryMakesStepUp
    RetryMakesRunUp RetryingUnknownFails ResetIsAStub ResetForgetsClaim ResetsEverySkip
    ResetFoldsReason ResetFreesEveryKey ResetFreesLiveClaim ResetsByReasonAlone
    ResetDeletesAttempts ShowsResetSteps ResetOfNoneFails ResetOfNoneIsOfAll ResetTakes2100Keys RetryKeepsCompletion RetriesEveryFailure RetryClearsHistory ResettingUnknownFails
    RetryFreesClaimsOfAll RetryFreesDispatchesOfAll CompletesKeptAttempt
    RetryKeepsTrace RetryNeedsRun
    RetryDeletesInput RetryTakesTimeOutBack ResetDropsRemainder
}

impl RunStore for RetryKeepsError {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let error = step(self.space()?, run, key).and_then(|step| step.error_message.clone());
        self.0.retry_step(run, key)?;
        step(self.space()?, run, key)
            .into_iter()
            .for_each(|step| step.error_message = error.clone());
        Ok(())
    }
}

impl RunStore for RetryClearsAttempt {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        last_attempt(self.space()?, run, key, |attempt| {
            attempt.status = StepStatus::Running;
            attempt.error_message = None;
            attempt.completed_at = None;
        });
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryParksStep {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.0.retry_step(run, key)?;
        let step = step(self.space()?, run, key);
        step.into_iter().for_each(|step| step.status = StepStatus::Pending);
        Ok(())
    }
}

impl RunStore for RetryCountsAttempt {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        if let Some(kind) = step(self.space()?, run, key).map(|step| step.step_type.clone()) {
            Start { run, key, kind: &kind, input: None, job: None }.on(&mut self.0)?;
        }
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryLeavesRun {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let before = self.space()?.runs.clone();
        self.0.retry_step(run, key)?;
        self.space()?.runs = before;
        Ok(())
    }
}

impl RunStore for RetryLeavesEnd {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let end = self.space()?.runs.get(&run).and_then(|run| run.completed_at);
        self.0.retry_step(run, key)?;
        self.space()?.runs.entry(run).and_modify(|run| run.completed_at = end);
        Ok(())
    }
}

impl RunStore for RetryNeedsRun {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        match self.space()?.runs.contains_key(&run) {
            true => self.0.retry_step(run, key),
            false => Ok(()),
        }
    }
}

impl RunStore for RetryForgetsClaim {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let claims = self.space()?.claims.clone();
        self.0.retry_step(run, key)?;
        self.space()?.claims = claims;
        Ok(())
    }
}

impl RunStore for RetryForgetsDispatch {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let dispatches = self.space()?.dispatches.clone();
        self.0.retry_step(run, key)?;
        self.space()?.dispatches = dispatches;
        Ok(())
    }
}

impl RunStore for RetryFreesEveryClaim {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let space = self.space()?;
        space.claims.retain(|(of_run, _)| *of_run != run);
        space.dispatches.retain(|(of_run, _)| *of_run != run);
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryDeletesOutput {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.outputs.remove(&(run, key.to_owned()));
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryTakesCancellationBack {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let control = self.space()?.controls.entry(run);
        control.and_modify(|control| control.cancel_requested = false);
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryLooksForStep {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        match step(self.space()?, run, key) {
            Some(_) => self.0.retry_step(run, key),
            None => Ok(()),
        }
    }
}

impl RunStore for RetryMakesStepUp {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        if step(self.space()?, run, key).is_none() {
            Start { run, key, kind: "", input: None, job: None }.on(&mut self.0)?;
        }
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryMakesRunUp {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        if !self.space()?.runs.contains_key(&run) {
            super::make_up_run(&mut self.0, run)?;
        }
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryingUnknownFails {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.runs.get(&run).ok_or(Error::NotFound)?;
        self.0.retry_step(run, key)
    }
}

type Keys = [String];

/// Removes the steps of the given keys that are to be reset, with their claims and entries.
fn reset(model: &mut Model, run: RunId, keys: &Keys, is_reset: fn(&Step) -> bool) -> Answer<()> {
    let space = model.space()?;
    for key in keys {
        let id = (run, key.clone());
        if space.steps.get(&id).is_some_and(is_reset) {
            space.steps.remove(&id);
            space.claims.remove(&id);
            space.dispatches.remove(&id);
        }
    }
    Ok(())
}

impl RunStore for ResetIsAStub {
    fn reset_cascade_skipped_dependents(&mut self, _run: RunId, _keys: &Keys) -> Answer<()> {
        self.space().map(|_| ())
    }
}

impl RunStore for RetryTakesTimeOutBack {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        if let Some(control) = self.space()?.controls.get_mut(&run) {
            control.timed_out_at = None;
        }
        self.0.retry_step(run, key)
    }
}

impl RunStore for ResetDropsRemainder {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        let whole = if keys.len() > 1_000 { keys.len() / 1_000 * 1_000 } else { keys.len() };
        self.0.reset_cascade_skipped_dependents(run, &keys[..whole])
    }
}

impl RunStore for ResetForgetsClaim {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        let claims = self.space()?.claims.clone();
        self.0.reset_cascade_skipped_dependents(run, keys)?;
        self.space()?.claims = claims;
        Ok(())
    }
}

impl RunStore for ResetsEverySkip {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        reset(&mut self.0, run, keys, |step| step.status == StepStatus::Skipped)
    }
}

impl RunStore for ResetFoldsReason {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        reset(&mut self.0, run, keys, |step| {
            let reason = step.error_message.as_deref().unwrap_or_default().trim();
            let is_reserved = reason.eq_ignore_ascii_case(PREREQUISITE_NOT_SATISFIED);
            step.status == StepStatus::Skipped && is_reserved
        })
    }
}

impl RunStore for ResetFreesEveryKey {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        self.space()?.dispatches.retain(|(of_run, key)| *of_run != run || !keys.contains(key));
        self.0.reset_cascade_skipped_dependents(run, keys)
    }
}

impl RunStore for ResetFreesLiveClaim {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        self.space()?.claims.retain(|(of_run, key)| *of_run != run || !keys.contains(key));
        self.0.reset_cascade_skipped_dependents(run, keys)
    }
}

impl RunStore for ResetsByReasonAlone {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        reset(&mut self.0, run, keys, |step| {
            step.error_message.as_deref() == Some(PREREQUISITE_NOT_SATISFIED)
        })
    }
}

impl RunStore for ResetDeletesAttempts {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        self.0.reset_cascade_skipped_dependents(run, keys)?;
        let space = self.space()?;
        space.attempts.retain(|id, _| space.steps.contains_key(id));
        Ok(())
    }
}

impl RunStore for ShowsResetSteps {
    fn get_run_detail(&mut self, run: RunId) -> Answer<Option<FlowRunDetail>> {
        let before = self.space()?.steps.clone();
        let space = self.space()?;
        for (id, attempts) in &space.attempts {
            if let Some(last) = attempts.last() {
                space.steps.entry(id.clone()).or_insert_with(|| last.clone());
            }
        }
        let detail = self.0.get_run_detail(run);
        self.space()?.steps = before;
        detail
    }
}

impl RunStore for ResetOfNoneFails {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        match keys {
            [] => Err(Error::Other("syntax error near `)`".to_owned())),
            _ => self.0.reset_cascade_skipped_dependents(run, keys),
        }
    }
}

impl RunStore for ResetOfNoneIsOfAll {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        let of_run = self.space()?.steps.keys().filter(|(of_run, _)| *of_run == run);
        let all: Vec<_> = of_run.map(|(_, key)| key.clone()).collect();
        self.0.reset_cascade_skipped_dependents(run, if keys.is_empty() { &all } else { keys })
    }
}

impl RunStore for ResetTakes2100Keys {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        match keys.len() {
            0..=2_100 => self.0.reset_cascade_skipped_dependents(run, keys),
            _ => Err(Error::Other("too many parameters".to_owned())),
        }
    }
}

impl RunStore for RetryKeepsCompletion {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let before = step(self.space()?, run, key).and_then(|step| step.completed_at);
        self.0.retry_step(run, key)?;
        step(self.space()?, run, key).into_iter().for_each(|step| step.completed_at = before);
        Ok(())
    }
}

impl RunStore for RetriesEveryFailure {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let steps = self.space()?.steps.iter();
        let failed =
            steps.filter(|((of_run, _), step)| *of_run == run && step.status == StepStatus::Failed);
        let keys: Vec<_> = failed.map(|((_, key), _)| key.clone()).collect();
        keys.iter().try_for_each(|key| self.0.retry_step(run, key))?;
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryClearsHistory {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let space = self.space()?;
        space.events.remove(&run);
        space.waiters.retain(|(of_run, _), _| *of_run != run);
        self.0.retry_step(run, key)
    }
}

impl RunStore for ResettingUnknownFails {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &Keys) -> Answer<()> {
        for key in keys {
            step(self.space()?, run, key).ok_or(Error::NotFound)?;
        }
        self.0.reset_cascade_skipped_dependents(run, keys)
    }
}

impl RunStore for RetryFreesClaimsOfAll {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.claims.retain(|(_, claimed)| claimed != key);
        self.0.retry_step(run, key)
    }
}

impl RunStore for RetryFreesDispatchesOfAll {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.dispatches.retain(|(_, dispatched)| dispatched != key);
        self.0.retry_step(run, key)
    }
}

override_run_store! {
    record_step_complete: CompletesKeptAttempt
}

impl BreaksCompletion for CompletesKeptAttempt {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        let now = self.now();
        last_attempt(self.space()?, completion.run, completion.key, |attempt| {
            attempt.status = completion.status;
            attempt.output_json = completion.output.map(str::to_owned);
            attempt.error_message = completion.error.map(str::to_owned);
            attempt.completed_at = Some(now);
        });
        Ok(())
    }
}

impl RunStore for RetryKeepsTrace {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let before =
            step(self.space()?, run, key).and_then(|step| step.evaluation_trace_json.clone());
        self.0.retry_step(run, key)?;
        if let Some(step) = step(self.space()?, run, key) {
            step.evaluation_trace_json = before;
        }
        Ok(())
    }
}

impl RunStore for RetryDeletesInput {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.inputs.remove(&(run, key.to_owned()));
        self.0.retry_step(run, key)
    }
}
