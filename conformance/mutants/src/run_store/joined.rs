//! Mutants of `run-store` that answer or change what belongs to another interface.

use plimsoll_contract::{Answer, FlowRun, FlowRunDetail, RunId, RunStatus};
use plimsoll_model::{RunStore, Spec};

use super::calls::{BreaksCompletion, Completion, override_run_store};
use crate::Mutant;
use crate::broken::{models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/cancelled-runs-are-not-active",
        clause: "RUN-57",
        how: "lists no run whose cancellation was requested",
        dies: &[("run-store/cancelled-run-not-active", "both are active")],
        backend: run_store::<CancelledAreNotActive>,
    },
    Mutant {
        id: "run-store/flow-names-are-joined",
        clause: "RUN-1",
        how: "shows the name that the definition has",
        dies: &[("run-store/flow-name-of-definition", "the run has the name that it was given")],
        backend: run_store::<FlowNamesAreJoined>,
    },
    Mutant {
        id: "run-control-store/timed-out-runs-are-flagged",
        clause: "CONTROL-5",
        how: "flags the control record of a run that it completes as timed out",
        dies: &[("run-control-store/end-of-run-sets-flags", "before the run was timed-out")],
        backend: run_store::<TimedOutAreFlagged>,
    },
    Mutant {
        id: "run-store/failure-frees-the-dispatch",
        clause: "RUN-76",
        how: "drops the dispatch entry of a step that fails",
        dies: &[("run-store/completion-frees-dispatch", "nor one that Failed")],
        backend: run_store::<FailureFreesDispatch>,
    },
    Mutant {
        id: "run-store/end-frees-unstarted-dispatches",
        clause: "RUN-76",
        how: "drops the dispatch entries of steps that never started when their run ends",
        dies: &[("run-store/completion-frees-dispatch", "never started in a finished run")],
        backend: run_store::<EndFreesUnstarted>,
    },
    Mutant {
        id: "outputs-repository/outputs-fall-back-to-the-row",
        clause: "OUTPUT-6",
        how: "saves the output of a completed step in its slot too",
        dies: &[("outputs-repository/absent-reads-as-value", "no output of the step's row")],
        backend: run_store::<OutputsFallBack>,
    },
    Mutant {
        id: "run-runtime-store/first-end-stays",
        clause: "RUNTIME-18",
        how: "keeps the status with which a run first ended",
        dies: &[("run-runtime-store/run-status-wrong", "then it is failed")],
        backend: run_store::<FirstEndStays>,
    },
];

models! {
    CancelledAreNotActive FlowNamesAreJoined TimedOutAreFlagged FailureFreesDispatch
    EndFreesUnstarted OutputsFallBack FirstEndStays
}

override_run_store! {
    record_step_complete: FailureFreesDispatch OutputsFallBack
}

impl RunStore for CancelledAreNotActive {
    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        let mut runs = self.0.get_active_runs()?;
        let controls = &self.space()?.controls;
        runs.retain(|run| controls.get(&run.id).is_none_or(|control| !control.cancel_requested));
        Ok(runs)
    }
}

impl RunStore for FlowNamesAreJoined {
    fn get_run_detail(&mut self, run: RunId) -> Answer<Option<FlowRunDetail>> {
        let Some(mut detail) = self.0.get_run_detail(run)? else { return Ok(None) };
        if let Some(definition) = self.space()?.definitions.get(&detail.run.flow_id) {
            detail.run.flow_name.clone_from(&definition.name);
        }
        Ok(Some(detail))
    }
}

impl RunStore for TimedOutAreFlagged {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        self.0.complete_run(run, status)?;
        let now = self.now();
        let control = self.space()?.controls.get_mut(&run);
        if let Some(control) = control.filter(|_| status == RunStatus::TimedOut) {
            control.timed_out_at = control.timed_out_at.or(Some(now));
        }
        Ok(())
    }
}

impl BreaksCompletion for FailureFreesDispatch {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        if completion.status == plimsoll_contract::StepStatus::Failed {
            let id = (completion.run, completion.key.to_owned());
            self.space()?.dispatches.remove(&id);
        }
        completion.on(&mut self.0)
    }
}

impl RunStore for EndFreesUnstarted {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        let steps = self.space()?.steps.clone();
        self.space()?.dispatches.retain(|id| id.0 != run || steps.contains_key(id));
        self.0.complete_run(run, status)
    }
}

impl BreaksCompletion for OutputsFallBack {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        if let Some(output) = completion.output {
            let id = (completion.run, completion.key.to_owned());
            self.space()?.outputs.entry(id).or_insert_with(|| output.to_owned());
        }
        completion.on(&mut self.0)
    }
}

impl RunStore for FirstEndStays {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        let ended = self.space()?.runs.get(&run).map(|run| run.status);
        let first = ended.filter(|status| *status != RunStatus::Running).unwrap_or(status);
        self.0.complete_run(run, first)
    }
}
