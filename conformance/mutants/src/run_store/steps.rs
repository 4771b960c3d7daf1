use std::collections::BTreeSet;

use plimsoll_contract::{Answer, Error, FlowRunDetail, RunId, StepStatus};
use plimsoll_model::{Attempt, RunStore, Spec};

use super::calls::{BreaksCompletion, BreaksStart, Completion, Start, override_run_store};
use super::{attempts, last_attempt, step};
use crate::broken::{missing_parent, models, run_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/attempt-lacks-the-job",
        clause: "RUN-8",
        how: "stores the job id on the step and not on the attempt",
        dies: &[("run-store/step-start-loses-arguments", "its attempt holds the same")],
        backend: run_store::<AttemptLacksTheJob>,
    },
    Mutant {
        id: "run-store/drops-the-input",
        clause: "RUN-8",
        how: "does not store the input of a step",
        dies: &[("run-store/step-start-loses-arguments", "it has the input")],
        backend: run_store::<DropsTheInput>,
    },
    Mutant {
        id: "run-store/start-replaces-an-open-attempt",
        clause: "RUN-8",
        how: "starts an attempt that has not ended once more instead of adding one",
        dies: &[("run-store/attempts-misnumbered", "they are numbered in order")],
        backend: run_store::<ReplacesOpenAttempt>,
    },
    Mutant {
        id: "run-store/step-starts-pending",
        clause: "RUN-8",
        how: "makes a step pending that starts",
        dies: &[("run-store/step-start-loses-arguments", "the step runs")],
        backend: run_store::<StepStartsPending>,
    },
    Mutant {
        id: "run-store/step-starts-completed",
        clause: "RUN-8",
        how: "stamps completed-at when a step starts",
        dies: &[("run-store/step-start-loses-arguments", "it is not completed")],
        backend: run_store::<StepStartsCompleted>,
    },
    Mutant {
        id: "run-store/drops-type-and-job",
        clause: "RUN-8",
        how: "stores neither type nor job id of a step",
        dies: &[
            ("run-store/step-start-loses-arguments", "it has the type"),
            ("run-store/step-start-loses-arguments", "it has the job"),
        ],
        backend: run_store::<DropsTypeAndJob>,
    },
    Mutant {
        id: "run-store/restart-keeps-the-outcome",
        clause: "RUN-9",
        how: "leaves output, error and completion of the step alone when it starts again",
        dies: &[
            ("run-store/restart-keeps-outcome", "its output is cleared"),
            ("run-store/restart-keeps-outcome", "its error is cleared"),
            ("run-store/restart-keeps-outcome", "its completion is cleared"),
        ],
        backend: run_store::<RestartKeepsOutcome>,
    },
    Mutant {
        id: "run-store/restart-clears-history",
        clause: "RUN-9",
        how: "clears the error of every attempt when the step starts again",
        dies: &[("run-store/restart-rewrites-history", "the first is as it was")],
        backend: run_store::<RestartClearsHistory>,
    },
    Mutant {
        id: "run-store/completes-every-attempt",
        clause: "RUN-15",
        how: "completes all attempts of the step",
        dies: &[("run-store/restart-rewrites-history", "the first is as it was")],
        backend: run_store::<CompletesEveryAttempt>,
    },
    Mutant {
        id: "run-store/restart-keeps-the-trace",
        clause: "RUN-9",
        how: "leaves the trace of the step alone when it starts again",
        dies: &[("run-store/restart-keeps-trace", "the running step has no trace")],
        backend: run_store::<RestartKeepsTrace>,
    },
    Mutant {
        id: "run-store/restart-leaves-the-status",
        clause: "RUN-9",
        how: "leaves the status of a step that starts again",
        dies: &[("run-store/restart-keeps-outcome", "it runs")],
        backend: run_store::<RestartLeavesStatus>,
    },
    Mutant {
        id: "run-store/restart-replaces-the-attempt",
        clause: "RUN-9",
        how: "keeps the latest attempt of a step alone",
        dies: &[("run-store/restart-rewrites-history", "there are two attempts")],
        backend: run_store::<RestartReplacesAttempt>,
    },
    Mutant {
        id: "run-store/attempt-starts-with-the-step",
        clause: "RUN-10",
        how: "gives every attempt the start of the first",
        dies: &[("run-store/attempt-start-wrong", "each attempt has its own start")],
        backend: run_store::<AttemptStartsWithStep>,
    },
    Mutant {
        id: "run-store/restart-moves-the-start",
        clause: "RUN-11",
        how: "gives the step the start of its latest attempt",
        dies: &[("run-store/step-start-moves", "so does another start")],
        backend: run_store::<RestartMovesTheStart>,
    },
    Mutant {
        id: "run-store/reset-moves-the-start",
        clause: "RUN-11",
        how: "gives a step that starts after a reset the start of its latest attempt",
        dies: &[("run-store/step-start-moves", "so does a start after a reset")],
        backend: run_store::<ResetMovesTheStart>,
    },
    Mutant {
        id: "run-store/two-starts-are-one-attempt",
        clause: "RUN-12",
        how: "reads the next number and writes the attempt in two steps",
        dies: &[
            ("run-store/same-step-starts-collide", "numbered without gaps"),
            ("run-store/attempts-in-no-order", "the attempts of one step"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-store/concurrent-attempts-clash",
        clause: "RUN-12",
        how: "fails a start of a step while it is being started",
        dies: &[("run-store/same-step-starts-collide", "every start succeeds")],
        backend: racy::clashing,
    },
    Mutant {
        id: "run-store/concurrent-steps-clash",
        clause: "RUN-13",
        how: "fails a start while another step of the run starts",
        dies: &[("run-store/parallel-steps-disturb-each-other", "every start succeeds")],
        backend: racy::clashing,
    },
    Mutant {
        id: "run-store/run-of-step-is-a-foreign-key",
        clause: "RUN-14",
        how: "refuses a step whose run it does not have",
        dies: &[("run-store/step-needs-run", "gave no value: violates a foreign key")],
        backend: run_store::<StepNeedsRun>,
    },
    Mutant {
        id: "run-store/completion-misses-the-attempt",
        clause: "RUN-15",
        how: "completes the step and leaves its attempt running",
        dies: &[("run-store/completion-not-recorded", "so has its attempt")],
        backend: run_store::<CompletionMissesAttempt>,
    },
    Mutant {
        id: "run-store/output-of-none-keeps-the-old",
        clause: "RUN-16",
        how: "takes an output of none for \"leave it as it is\"",
        dies: &[("run-store/old-output-survives", "the output is gone")],
        backend: run_store::<KeepsOldOutput>,
    },
    Mutant {
        id: "run-store/completes-a-step-as-running",
        clause: "RUN-17",
        how: "stores running like any other status",
        dies: &[("run-store/completing-step-as-running-accepted", "`charge` cannot complete")],
        backend: run_store::<CompletesAsRunning>,
    },
    Mutant {
        id: "run-store/looks-for-the-step-first",
        clause: "BACKEND-2",
        how: "looks at the status only after it has found the step",
        dies: &[("run-store/completing-step-as-running-accepted", "`never-started` cannot")],
        backend: run_store::<LooksForStepFirst>,
    },
    Mutant {
        id: "run-store/pending-is-no-completion",
        clause: "RUN-18",
        how: "stamps terminal statuses only",
        dies: &[("run-store/pending-not-stamped", "completed-at is stamped")],
        backend: run_store::<PendingIsNoCompletion>,
    },
    Mutant {
        id: "run-store/pending-keeps-the-step-running",
        clause: "RUN-18",
        how: "leaves a step running that completes as pending",
        dies: &[("run-store/pending-not-stamped", "the step is pending")],
        backend: run_store::<PendingKeepsRunning>,
    },
    Mutant {
        id: "run-store/first-completion-counts",
        clause: "RUN-19",
        how: "completes only steps that are running",
        dies: &[("run-store/second-step-completion-ignored", "the last status counts")],
        backend: run_store::<FirstCompletionCounts>,
    },
    Mutant {
        id: "run-store/completion-adds-an-attempt",
        clause: "RUN-19",
        how: "adds an attempt for a second completion",
        dies: &[("run-store/second-step-completion-ignored", "no attempt was added")],
        backend: run_store::<CompletionAddsAttempt>,
    },
    Mutant {
        id: "run-store/completing-unknown-starts-it",
        clause: "RUN-20",
        how: "creates the step that it is to complete",
        dies: &[("run-store/completing-unknown-step-creates", "no step was created")],
        backend: run_store::<CompletingUnknownStarts>,
    },
    Mutant {
        id: "run-store/completing-unknown-is-an-error",
        clause: "RUN-20",
        how: "answers not-found when there is no step to complete",
        dies: &[("run-store/completing-unknown-step-creates", "it is a no-op")],
        backend: run_store::<CompletingUnknownFails>,
    },
    Mutant {
        id: "run-store/detail-joins-the-steps",
        clause: "RUN-39",
        how: "finds no detail of a run without steps",
        dies: &[("run-store/detail-incomplete", "the run is there")],
        backend: run_store::<DetailJoinsSteps>,
    },
    Mutant {
        id: "run-store/makes-up-a-run",
        clause: "RUN-39",
        how: "answers an empty run for an unknown id",
        dies: &[("run-store/detail-incomplete", "there is no unknown run")],
        backend: run_store::<MakesUpRuns>,
    },
    Mutant {
        id: "run-store/detail-shows-every-step",
        clause: "RUN-39",
        how: "shows the steps of all runs in the detail of each",
        dies: &[("run-store/detail-incomplete", "a run may have no steps")],
        backend: run_store::<DetailShowsEveryStep>,
    },
    Mutant {
        id: "run-store/detail-omits-running-steps",
        clause: "RUN-39",
        how: "shows the steps that have ended",
        dies: &[("run-store/detail-incomplete", "all steps are there")],
        backend: run_store::<DetailOmitsRunning>,
    },
    Mutant {
        id: "run-store/steps-come-by-key",
        clause: "RUN-40",
        how: "orders steps by their keys",
        dies: &[("run-store/steps-out-of-order", "they come by their start")],
        backend: run_store::<StepsComeByKey>,
    },
    Mutant {
        id: "run-store/completes-the-row-in-two-steps",
        clause: "RUN-21",
        how: "writes status and instant of a completion after its output",
        dies: &[
            ("run-store/completion-seen-in-parts", "a step is complete or it is not"),
            ("run-store/completions-in-no-order", "the completions of one step"),
        ],
        backend: racy::tearing,
    },
    Mutant {
        id: "run-store/completion-lacks-the-run",
        clause: "RUN-15",
        how: "completes the step of that key in every run",
        dies: &[("run-store/steps-of-runs-mixed", "a completion leaves")],
        backend: run_store::<CompletionLacksRun>,
    },
    Mutant {
        id: "run-store/start-lacks-the-run",
        clause: "RUN-8",
        how: "starts the step of that key in every run that has it",
        dies: &[("run-store/steps-of-runs-mixed", "so does a start")],
        backend: run_store::<StartLacksRun>,
    },
    Mutant {
        id: "run-store/completion-goes-by-the-attempts",
        clause: "RUN-20",
        how: "makes a step that was reset of its last attempt, and completes it",
        dies: &[
            ("run-store/late-completion-revives-step", "the step stays reset"),
            ("run-store/late-completion-revives-step", "it is not shown"),
        ],
        backend: run_store::<CompletesByAttempts>,
    },
    Mutant {
        id: "run-store/shows-ten-attempts",
        clause: "RUN-39",
        how: "shows the latest ten attempts of a step",
        dies: &[("run-store/long-history-cut", "every attempt is shown")],
        backend: run_store::<ShowsTenAttempts>,
    },
    Mutant {
        id: "run-store/numbers-attempts-in-bytes",
        clause: "RUN-8",
        how: "keeps the number of an attempt in eight bits",
        dies: &[("run-store/long-history-cut", "the last number is 300")],
        backend: run_store::<NumbersInBytes>,
    },
];

models! {
    AttemptLacksTheJob DropsTheInput ReplacesOpenAttempt RestartKeepsOutcome RestartClearsHistory
    CompletesEveryAttempt RestartKeepsTrace AttemptStartsWithStep RestartMovesTheStart StepNeedsRun
    ResetMovesTheStart
    CompletionMissesAttempt KeepsOldOutput CompletesAsRunning LooksForStepFirst
    PendingIsNoCompletion FirstCompletionCounts CompletionAddsAttempt CompletingUnknownStarts
    CompletingUnknownFails
    DetailJoinsSteps MakesUpRuns StepsComeByKey StepStartsPending StepStartsCompleted DropsTypeAndJob RestartLeavesStatus RestartReplacesAttempt PendingKeepsRunning DetailShowsEveryStep DetailOmitsRunning
    CompletionLacksRun StartLacksRun CompletesByAttempts
    ShowsTenAttempts NumbersInBytes
}

override_run_store! {
    record_step_start: StartLacksRun AttemptLacksTheJob DropsTheInput ReplacesOpenAttempt RestartKeepsOutcome
        RestartClearsHistory RestartKeepsTrace AttemptStartsWithStep RestartMovesTheStart
        ResetMovesTheStart
        StepNeedsRun StepStartsPending StepStartsCompleted DropsTypeAndJob RestartLeavesStatus RestartReplacesAttempt
}

override_run_store! {
    record_step_complete: CompletionLacksRun CompletesByAttempts CompletesEveryAttempt CompletionMissesAttempt KeepsOldOutput
        CompletesAsRunning LooksForStepFirst PendingIsNoCompletion FirstCompletionCounts
        CompletionAddsAttempt CompletingUnknownStarts CompletingUnknownFails PendingKeepsRunning
}

impl BreaksStart for AttemptLacksTheJob {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        start.on(&mut self.0)?;
        last_attempt(self.space()?, start.run, start.key, |attempt| attempt.job_id = None);
        Ok(())
    }
}

impl BreaksStart for DropsTheInput {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        Start { input: None, ..start }.on(&mut self.0)
    }
}

impl BreaksStart for ReplacesOpenAttempt {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let attempts = self.space()?.attempts.entry((start.run, start.key.to_owned())).or_default();
        attempts.pop_if(|last| last.completed_at.is_none());
        start.on(&mut self.0)
    }
}

impl BreaksStart for RestartKeepsOutcome {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let before = step(self.space()?, start.run, start.key).cloned();
        start.on(&mut self.0)?;
        if let Some((step, before)) = step(self.space()?, start.run, start.key).zip(before) {
            step.output_json = before.output_json;
            step.error_message = before.error_message;
            step.completed_at = before.completed_at;
        }
        Ok(())
    }
}

impl BreaksStart for RestartClearsHistory {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let clear = |attempt: &mut Attempt| attempt.error_message = None;
        attempts(self.space()?, start.run, start.key).for_each(clear);
        start.on(&mut self.0)
    }
}

impl BreaksCompletion for CompletesEveryAttempt {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        for attempt in attempts(self.space()?, completion.run, completion.key) {
            attempt.status = completion.status;
            attempt.error_message = completion.error.map(str::to_owned);
        }
        Ok(())
    }
}

impl BreaksStart for RestartKeepsTrace {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let before = step(self.space()?, start.run, start.key).cloned();
        start.on(&mut self.0)?;
        if let Some((step, before)) = step(self.space()?, start.run, start.key).zip(before) {
            step.evaluation_trace_json = before.evaluation_trace_json;
        }
        Ok(())
    }
}

impl BreaksStart for AttemptStartsWithStep {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        start.on(&mut self.0)?;
        let space = self.space()?;
        let began = step(space, start.run, start.key).map(|step| step.started_at);
        last_attempt(space, start.run, start.key, |attempt| {
            attempt.started_at = began.unwrap_or(attempt.started_at);
        });
        Ok(())
    }
}

impl BreaksStart for RestartMovesTheStart {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let now = self.now();
        start.on(&mut self.0)?;
        step(self.space()?, start.run, start.key)
            .into_iter()
            .for_each(|step| step.started_at = now);
        Ok(())
    }
}

impl BreaksStart for ResetMovesTheStart {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let (now, had_row) = (self.now(), step(self.space()?, start.run, start.key).is_some());
        start.on(&mut self.0)?;
        let row = step(self.space()?, start.run, start.key).filter(|_| !had_row);
        row.into_iter().for_each(|step| step.started_at = now);
        Ok(())
    }
}

impl BreaksStart for StepNeedsRun {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        self.space()?.runs.get(&start.run).ok_or_else(missing_parent)?;
        start.on(&mut self.0)
    }
}

impl BreaksCompletion for CompletionMissesAttempt {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let before = self.space()?.attempts.clone();
        completion.on(&mut self.0)?;
        self.space()?.attempts = before;
        Ok(())
    }
}

impl BreaksCompletion for KeepsOldOutput {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let before = step(self.space()?, completion.run, completion.key);
        let before = before.and_then(|step| step.output_json.clone());
        Completion { output: completion.output.or(before.as_deref()), ..completion }.on(&mut self.0)
    }
}

impl BreaksCompletion for CompletesAsRunning {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        if completion.status != StepStatus::Running {
            return completion.on(&mut self.0);
        }
        let space = self.space()?;
        if let Some(step) = step(space, completion.run, completion.key) {
            step.status = StepStatus::Running;
        }
        Ok(())
    }
}

impl BreaksCompletion for LooksForStepFirst {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        match step(self.space()?, completion.run, completion.key) {
            None => Ok(()),
            Some(_) => completion.on(&mut self.0),
        }
    }
}

impl BreaksCompletion for PendingIsNoCompletion {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        if completion.status == StepStatus::Pending {
            let space = self.space()?;
            let step = step(space, completion.run, completion.key);
            step.into_iter().for_each(|step| step.completed_at = None);
        }
        Ok(())
    }
}

impl BreaksCompletion for FirstCompletionCounts {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        match step(self.space()?, completion.run, completion.key) {
            Some(step) if step.status != StepStatus::Running => Ok(()),
            _ => completion.on(&mut self.0),
        }
    }
}

impl BreaksCompletion for CompletionAddsAttempt {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let Completion { run, key, .. } = completion;
        let ended = step(self.space()?, run, key).filter(|step| step.completed_at.is_some());
        if let Some(kind) = ended.map(|step| step.step_type.clone()) {
            Start { run, key, kind: &kind, input: None, job: None }.on(&mut self.0)?;
        }
        completion.on(&mut self.0)
    }
}

impl BreaksCompletion for CompletingUnknownStarts {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let Completion { run, key, .. } = completion;
        if step(self.space()?, run, key).is_none() {
            Start { run, key, kind: "", input: None, job: None }.on(&mut self.0)?;
        }
        completion.on(&mut self.0)
    }
}

impl BreaksCompletion for CompletingUnknownFails {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        step(self.space()?, completion.run, completion.key).ok_or(Error::NotFound)?;
        completion.on(&mut self.0)
    }
}

impl RunStore for DetailJoinsSteps {
    fn get_run_detail(&mut self, run_id: RunId) -> Answer<Option<FlowRunDetail>> {
        Ok(self.0.get_run_detail(run_id)?.filter(|detail| !detail.steps.is_empty()))
    }
}

impl RunStore for MakesUpRuns {
    fn get_run_detail(&mut self, run_id: RunId) -> Answer<Option<FlowRunDetail>> {
        if let Some(detail) = self.0.get_run_detail(run_id)? {
            return Ok(Some(detail));
        }
        let run = super::make_up_run(&mut self.0, run_id)?;
        self.space()?.runs.remove(&run_id);
        Ok(Some(FlowRunDetail { run, steps: Vec::new() }))
    }
}

impl RunStore for StepsComeByKey {
    fn get_run_detail(&mut self, run_id: RunId) -> Answer<Option<FlowRunDetail>> {
        let mut detail = self.0.get_run_detail(run_id)?;
        if let Some(detail) = &mut detail {
            detail.steps.sort_by(|a, b| a.step_key.cmp(&b.step_key));
        }
        Ok(detail)
    }
}

impl BreaksStart for StepStartsPending {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        start.on(&mut self.0)?;
        if let Some(step) = step(self.space()?, start.run, start.key) {
            step.status = StepStatus::Pending;
        }
        Ok(())
    }
}

impl BreaksStart for StepStartsCompleted {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        start.on(&mut self.0)?;
        if let Some(step) = step(self.space()?, start.run, start.key) {
            step.completed_at = Some(step.started_at);
        }
        Ok(())
    }
}

impl BreaksStart for DropsTypeAndJob {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        Start { kind: "", job: None, ..start }.on(&mut self.0)
    }
}

impl BreaksStart for RestartLeavesStatus {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let before = step(self.space()?, start.run, start.key).map(|step| step.status);
        start.on(&mut self.0)?;
        if let Some((step, before)) = step(self.space()?, start.run, start.key).zip(before) {
            step.status = before;
        }
        Ok(())
    }
}

impl BreaksStart for RestartReplacesAttempt {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        self.space()?.attempts.remove(&(start.run, start.key.to_owned()));
        start.on(&mut self.0)
    }
}

impl BreaksCompletion for PendingKeepsRunning {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        if let Some(step) = step(self.space()?, completion.run, completion.key)
            && step.status == StepStatus::Pending
        {
            step.status = StepStatus::Running;
        }
        Ok(())
    }
}

impl RunStore for DetailShowsEveryStep {
    fn get_run_detail(&mut self, run_id: RunId) -> Answer<Option<FlowRunDetail>> {
        let runs: Vec<_> = self.space()?.runs.keys().copied().collect();
        let mut steps = Vec::new();
        for run in runs {
            steps.extend(self.0.get_run_detail(run)?.into_iter().flat_map(|detail| detail.steps));
        }
        Ok(self.0.get_run_detail(run_id)?.map(|detail| FlowRunDetail { steps, ..detail }))
    }
}

impl RunStore for DetailOmitsRunning {
    fn get_run_detail(&mut self, run_id: RunId) -> Answer<Option<FlowRunDetail>> {
        let mut detail = self.0.get_run_detail(run_id)?;
        if let Some(detail) = &mut detail {
            detail.steps.retain(|step| step.completed_at.is_some());
        }
        Ok(detail)
    }
}

/// The runs that have a step of that key, and another.
fn runs_with(mutant: &mut impl Spec, key: &str, run: RunId) -> Answer<BTreeSet<RunId>> {
    let steps = mutant.space()?.steps.keys();
    Ok(steps.filter(|(_, of_run)| of_run == key).map(|(run, _)| *run).chain([run]).collect())
}

impl BreaksCompletion for CompletionLacksRun {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let mut runs = runs_with(self, completion.key, completion.run)?.into_iter();
        runs.try_for_each(|run| Completion { run, ..completion }.on(&mut self.0))
    }
}

impl BreaksStart for StartLacksRun {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let mut runs = runs_with(self, start.key, start.run)?.into_iter();
        runs.try_for_each(|run| Start { run, ..start }.on(&mut self.0))
    }
}

impl BreaksCompletion for CompletesByAttempts {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let id = (completion.run, completion.key.to_owned());
        let space = self.space()?;
        if let Some(last) = space.attempts.get(&id).and_then(|attempts| attempts.last()) {
            space.steps.entry(id).or_insert_with(|| last.clone());
        }
        completion.on(&mut self.0)
    }
}

impl RunStore for ShowsTenAttempts {
    fn get_run_detail(&mut self, run: RunId) -> Answer<Option<FlowRunDetail>> {
        let mut detail = self.0.get_run_detail(run)?;
        for step in detail.iter_mut().flat_map(|detail| &mut detail.steps) {
            let older = step.attempts.len().saturating_sub(10);
            step.attempts.drain(..older);
        }
        Ok(detail)
    }
}

impl RunStore for NumbersInBytes {
    fn get_run_detail(&mut self, run: RunId) -> Answer<Option<FlowRunDetail>> {
        let mut detail = self.0.get_run_detail(run)?;
        let steps = detail.iter_mut().flat_map(|detail| &mut detail.steps);
        steps.flat_map(|step| &mut step.attempts).for_each(|attempt| attempt.attempt %= 256);
        Ok(detail)
    }
}
