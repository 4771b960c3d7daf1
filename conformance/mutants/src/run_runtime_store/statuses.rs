//! Mutants of the statuses of steps and runs.

use std::collections::BTreeMap;

use plimsoll_contract::{Answer, RunId, RunStatus, StepStatus};
use plimsoll_model::{RunRuntimeStore, Spec};

use crate::broken::{keeping, models, run_runtime_store};
use crate::run_store::attempts;
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-runtime-store/pending-reads-running",
        clause: "RUNTIME-1",
        how: "answers running for a pending step",
        dies: &[("run-runtime-store/statuses-wrong", "every step with its status")],
        backend: run_runtime_store::<PendingReadsRunning>,
    },
    Mutant {
        id: "run-runtime-store/claims-have-statuses",
        clause: "RUNTIME-1",
        how: "lists claimed keys that have not started as running",
        dies: &[("run-runtime-store/statuses-wrong", "every step with its status")],
        backend: run_runtime_store::<ClaimsHaveStatuses>,
    },
    Mutant {
        id: "run-runtime-store/statuses-of-every-run",
        clause: "RUNTIME-1",
        how: "lists the steps of all runs",
        dies: &[("run-runtime-store/statuses-wrong", "an unknown run has none")],
        backend: run_runtime_store::<StatusesOfEveryRun>,
    },
    Mutant {
        id: "run-runtime-store/statuses-are-the-attempts",
        clause: "RUNTIME-1",
        how: "answers the status of a step's latest attempt",
        dies: &[("run-store/retry-keeps-outcome", "it is listed as running")],
        backend: run_runtime_store::<StatusesAreTheAttempts>,
    },
    Mutant {
        id: "run-runtime-store/statuses-are-cached",
        clause: "BACKEND-1",
        how: "answers the steps of a run as they were when it was first asked",
        dies: &[("run-runtime-store/statuses-wrong", "every step with its status")],
        backend: run_runtime_store::<StatusesAreCached>,
    },
    Mutant {
        id: "run-runtime-store/statuses-come-late",
        clause: "BACKEND-1",
        how: "answers the steps of a run as they were when it was last asked",
        dies: &[("run-runtime-store/statuses-wrong", "the first step is there at once")],
        backend: run_runtime_store::<StatusesComeLate>,
    },
    Mutant {
        id: "run-runtime-store/statuses-join-the-run",
        clause: "RUNTIME-2",
        how: "lists no steps of a run that it does not have",
        dies: &[("run-runtime-store/statuses-need-run", "the step is there")],
        backend: run_runtime_store::<StatusesJoinRun>,
    },
    Mutant {
        id: "run-runtime-store/skipped-reads-succeeded",
        clause: "RUNTIME-18",
        how: "answers succeeded for a skipped run",
        dies: &[("run-runtime-store/run-status-wrong", "it is skipped")],
        backend: run_runtime_store::<SkippedReadsSucceeded>,
    },
    Mutant {
        id: "run-runtime-store/unknown-run-is-running",
        clause: "RUNTIME-18",
        how: "answers running for an unknown run",
        dies: &[("run-runtime-store/run-status-wrong", "an unknown run has no status")],
        backend: run_runtime_store::<UnknownRunIsRunning>,
    },
    Mutant {
        id: "run-runtime-store/only-ended-runs-have-a-status",
        clause: "RUNTIME-18",
        how: "answers no status for a running run",
        dies: &[("run-runtime-store/run-status-wrong", "a started run is running")],
        backend: run_runtime_store::<OnlyEndedRuns>,
    },
    Mutant {
        id: "run-runtime-store/claims-make-runs",
        clause: "RUNTIME-18",
        how: "answers running for a run of which only a claim is there",
        dies: &[("run-runtime-store/run-status-wrong", "a claim gives it none")],
        backend: run_runtime_store::<ClaimsMakeRuns>,
    },
    Mutant {
        id: "run-runtime-store/caches-the-end-of-a-run",
        clause: "RUNTIME-18",
        how: "keeps the status of a run that has ended, and does not look again",
        dies: &[("run-runtime-store/run-status-wrong", "a run that a retry opens again")],
        backend: run_runtime_store::<CachesEnds>,
    },
    Mutant {
        id: "run-runtime-store/cache-is-filled-late",
        clause: "RUNTIME-18",
        how: "puts a status into a cache a moment after it was read",
        dies: &[("run-runtime-store/ends-in-no-order", "the ends of one run")],
        backend: racy::late_statuses,
    },
    Mutant {
        id: "run-runtime-store/lists-steps-in-pieces",
        clause: "RUNTIME-1",
        how: "reads lists three rows at a time, by offset",
        dies: &[("run-runtime-store/statuses-listed-in-pieces", "every list of steps")],
        backend: racy::pieces,
    },
];

models! {
    ClaimsMakeRuns StatusesAreTheAttempts
    PendingReadsRunning ClaimsHaveStatuses StatusesOfEveryRun StatusesJoinRun SkippedReadsSucceeded
    UnknownRunIsRunning OnlyEndedRuns
}

type Statuses = Vec<(String, StepStatus)>;

impl RunRuntimeStore for StatusesAreTheAttempts {
    fn get_step_statuses(&mut self, run: RunId) -> Answer<Statuses> {
        let mut statuses = self.0.get_step_statuses(run)?;
        for (key, status) in &mut statuses {
            if let Some(last) = attempts(self.space()?, run, key).last() {
                *status = last.status;
            }
        }
        Ok(statuses)
    }
}

impl RunRuntimeStore for PendingReadsRunning {
    fn get_step_statuses(&mut self, run: RunId) -> Answer<Statuses> {
        let mut statuses = self.0.get_step_statuses(run)?;
        for (_, status) in statuses.iter_mut().filter(|(_, status)| *status == StepStatus::Pending)
        {
            *status = StepStatus::Running;
        }
        Ok(statuses)
    }
}

impl RunRuntimeStore for ClaimsHaveStatuses {
    fn get_step_statuses(&mut self, run: RunId) -> Answer<Statuses> {
        let mut statuses: BTreeMap<_, _> = self.0.get_step_statuses(run)?.into_iter().collect();
        for key in self.0.get_claimed_step_keys(run)? {
            statuses.entry(key).or_insert(StepStatus::Running);
        }
        Ok(statuses.into_iter().collect())
    }
}

impl RunRuntimeStore for StatusesOfEveryRun {
    fn get_step_statuses(&mut self, _run: RunId) -> Answer<Statuses> {
        let steps = self.space()?.steps.iter();
        Ok(steps.map(|((_, key), step)| (key.clone(), step.status)).collect())
    }
}

keeping! {
    StatusesAreCached {
        first: BTreeMap<RunId, Statuses>,
    }
}

impl RunRuntimeStore for StatusesAreCached {
    fn get_step_statuses(&mut self, run: RunId) -> Answer<Statuses> {
        let statuses = self.model.get_step_statuses(run)?;
        Ok(self.first.entry(run).or_insert(statuses).clone())
    }
}

keeping! {
    StatusesComeLate {
        last: BTreeMap<RunId, Statuses>,
    }
}

impl RunRuntimeStore for StatusesComeLate {
    fn get_step_statuses(&mut self, run: RunId) -> Answer<Statuses> {
        let statuses = self.model.get_step_statuses(run)?;
        Ok(self.last.insert(run, statuses).unwrap_or_default())
    }
}

impl RunRuntimeStore for StatusesJoinRun {
    fn get_step_statuses(&mut self, run: RunId) -> Answer<Statuses> {
        match self.space()?.runs.contains_key(&run) {
            true => self.0.get_step_statuses(run),
            false => Ok(Vec::new()),
        }
    }
}

impl RunRuntimeStore for SkippedReadsSucceeded {
    fn get_run_status(&mut self, run: RunId) -> Answer<Option<RunStatus>> {
        let status = self.0.get_run_status(run)?;
        Ok(status.map(|status| match status {
            RunStatus::Skipped => RunStatus::Succeeded,
            status => status,
        }))
    }
}

impl RunRuntimeStore for UnknownRunIsRunning {
    fn get_run_status(&mut self, run: RunId) -> Answer<Option<RunStatus>> {
        Ok(self.0.get_run_status(run)?.or(Some(RunStatus::Running)))
    }
}

impl RunRuntimeStore for OnlyEndedRuns {
    fn get_run_status(&mut self, run: RunId) -> Answer<Option<RunStatus>> {
        Ok(self.0.get_run_status(run)?.filter(|status| *status != RunStatus::Running))
    }
}

impl RunRuntimeStore for ClaimsMakeRuns {
    fn get_run_status(&mut self, run: RunId) -> Answer<Option<RunStatus>> {
        let is_claimed = self.space()?.claims.iter().any(|(of_run, _)| *of_run == run);
        Ok(self.0.get_run_status(run)?.or(is_claimed.then_some(RunStatus::Running)))
    }
}

keeping! {
    CachesEnds {
        ended: BTreeMap<RunId, RunStatus>,
    }
}

impl RunRuntimeStore for CachesEnds {
    fn get_run_status(&mut self, run: RunId) -> Answer<Option<RunStatus>> {
        let found = self.model.get_run_status(run)?;
        // A second completion is written through, a retry is not.
        if let Some(status) = found.filter(|status| *status != RunStatus::Running) {
            self.ended.insert(run, status);
        }
        Ok(self.ended.get(&run).copied().or(found))
    }
}
