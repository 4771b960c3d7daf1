//! Mutants that are right the first time, or for the first of several, and wrong the next time.

use std::collections::BTreeSet;

use plimsoll_contract::{
    Answer, DashboardStatistics, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Page, RunId,
    RunStatus, StartRun, StepStatus,
};
use plimsoll_model::{RunStore, Spec};

use super::calls::{
    BreaksCompletion, BreaksSearch, BreaksStart, Completion, Search, Start, override_run_store,
};
use super::step;
use crate::Mutant;
use crate::broken::{keeping, models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/used-id-changes-the-job",
        clause: "RUN-2",
        how: "answers already-exists and has changed the job of the first run",
        dies: &[("run-store/used-id-overwrites", "the first run is untouched")],
        backend: run_store::<UsedIdChangesJob>,
    },
    Mutant {
        id: "run-store/poll-goes-on-with-its-attempt",
        clause: "RUN-8",
        how: "starts an attempt that ended pending once more instead of adding one",
        dies: &[("run-store/attempts-misnumbered", "a step that polls has an attempt")],
        backend: run_store::<PollKeepsAttempt>,
    },
    Mutant {
        id: "run-store/highest-attempt-by-text",
        clause: "RUN-15",
        how: "takes attempt 9 for higher than attempt 10 when a step completes",
        dies: &[("run-store/restart-rewrites-history", "each of twelve has its own outcome")],
        backend: run_store::<HighestByText>,
    },
    Mutant {
        id: "run-store/same-status-changes-nothing",
        clause: "RUN-19",
        how: "ignores a completion with the status that the step has",
        dies: &[("run-store/second-step-completion-ignored", "with the same status too")],
        backend: run_store::<SameStatusIsIgnored>,
    },
    Mutant {
        id: "run-store/steps-come-by-latest-start",
        clause: "RUN-40",
        how: "orders steps by the start of their latest attempt",
        dies: &[("run-store/steps-out-of-order", "by the first of several")],
        backend: run_store::<StepsByLatestStart>,
    },
    Mutant {
        id: "run-store/runs-of-a-flow-by-insertion",
        clause: "RUN-27",
        how: "lists the runs of a flow in the order in which they were added",
        dies: &[("run-store/oldest-run-first", "of a flow too")],
        backend: run_store::<RunsByInsertion>,
    },
    Mutant {
        id: "run-store/no-total-behind-the-end",
        clause: "RUN-32",
        how: "takes the total from the rows of the page, and knows none without a row",
        dies: &[("run-store/total-counts-page", "also behind the last of them")],
        backend: run_store::<NoTotalBehindEnd>,
    },
    Mutant {
        id: "run-store/found-step-ignores-status",
        clause: "RUN-31",
        how: "lists a run in any status when a step of it is found",
        dies: &[("run-store/filters-not-anded", "match status and a step's key")],
        backend: run_store::<FoundStepIgnoresStatus>,
    },
    Mutant {
        id: "run-store/today-has-no-end",
        clause: "RUN-44",
        how: "counts what completes after today for today too",
        dies: &[("run-store/today-is-not-utc", "the day before counts none of it")],
        backend: run_store::<TodayHasNoEnd>,
    },
    Mutant {
        id: "run-store/release-keeps-annotated",
        clause: "RUN-81",
        how: "releases no entry that has a job",
        dies: &[("run-store/release-keeps-dispatch", "also when the entry had a job")],
        backend: run_store::<ReleaseKeepsAnnotated>,
    },
    Mutant {
        id: "run-store/poll-frees-the-dispatch",
        clause: "RUN-76",
        how: "drops the dispatch entry of a step that completes as pending",
        dies: &[("run-store/completion-frees-dispatch", "nor one that Pending")],
        backend: run_store::<PollFreesDispatch>,
    },
    Mutant {
        id: "run-store/releases-by-beginning",
        clause: "RUN-82",
        how: "releases the entries of all keys that begin with the key",
        dies: &[("run-store/release-frees-more", "the other entries stay")],
        backend: run_store::<ReleasesByBeginning>,
    },
    Mutant {
        id: "run-store/retries-by-beginning",
        clause: "RUN-63",
        how: "retries all steps whose keys begin with the key",
        dies: &[("run-store/retry-touches-other-steps", "\"charge.0\" is another step")],
        backend: run_store::<RetriesByBeginning>,
    },
];

models! {
    RetriesByBeginning
    UsedIdChangesJob PollKeepsAttempt HighestByText SameStatusIsIgnored StepsByLatestStart
    NoTotalBehindEnd FoundStepIgnoresStatus TodayHasNoEnd PollFreesDispatch ReleasesByBeginning
}

override_run_store! { record_step_start: PollKeepsAttempt }
override_run_store! { record_step_complete: HighestByText SameStatusIsIgnored PollFreesDispatch }
override_run_store! { get_runs_page: NoTotalBehindEnd FoundStepIgnoresStatus }

impl RunStore for UsedIdChangesJob {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        if let Some(run) = self.space()?.runs.get_mut(&start.run_id) {
            run.background_job_id.clone_from(&start.job_id);
        }
        self.0.start_run(start)
    }
}

impl BreaksStart for PollKeepsAttempt {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let attempts = self.space()?.attempts.get_mut(&(start.run, start.key.to_owned()));
        if let Some(attempts) = attempts {
            attempts.pop_if(|last| last.status == StepStatus::Pending);
        }
        start.on(&mut self.0)
    }
}

impl BreaksCompletion for HighestByText {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let id = (completion.run, completion.key.to_owned());
        let before = self.space()?.attempts.get(&id).cloned().unwrap_or_default();
        completion.on(&mut self.0)?;
        let Some(attempts) = self.space()?.attempts.get_mut(&id) else { return Ok(()) };
        if let (Some(last), [.., highest]) = (before.last(), &mut **attempts)
            && before.len() > 9
        {
            let completed = std::mem::replace(highest, last.clone());
            attempts[8] = completed;
        }
        Ok(())
    }
}

impl BreaksCompletion for SameStatusIsIgnored {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let row = step(self.space()?, completion.run, completion.key);
        match row.is_some_and(|row| row.status == completion.status) {
            true => Ok(()),
            false => completion.on(&mut self.0),
        }
    }
}

impl RunStore for StepsByLatestStart {
    fn get_run_detail(&mut self, run: RunId) -> Answer<Option<FlowRunDetail>> {
        let mut detail = self.0.get_run_detail(run)?;
        if let Some(detail) = &mut detail {
            detail.steps.sort_by_key(|step| step.attempts.last().map(|last| last.started_at));
        }
        Ok(detail)
    }
}

keeping! {
    RunsByInsertion {
        started: Vec<RunId>,
    }
}

impl RunStore for RunsByInsertion {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let run = self.model.start_run(start)?;
        self.started.insert(0, run.id);
        Ok(run)
    }

    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        if flow.is_none() {
            return self.model.get_runs(flow, page);
        }
        let mut runs = self.model.get_runs(flow, Page::all())?;
        runs.sort_by_key(|run| self.started.iter().position(|id| *id == run.id));
        Ok(page.cut(runs, Page::DEFAULT_RUNS))
    }
}

impl BreaksSearch for NoTotalBehindEnd {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let page = search.on(&mut self.0)?;
        let total_count = if page.items.is_empty() { 0 } else { page.total_count };
        Ok(FlowRunPage { total_count, ..page })
    }
}

impl BreaksSearch for FoundStepIgnoresStatus {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let text = search.text.unwrap_or_default();
        let is_key = self.space()?.steps.keys().any(|(_, key)| !text.is_empty() && key == text);
        let status = if is_key { None } else { search.status };
        Search { status, ..search }.on(&mut self.0)
    }
}

impl RunStore for TodayHasNoEnd {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let today = self.now().date_naive();
        let runs: Vec<_> = self.space()?.runs.values().cloned().collect();
        let since_today = |status| {
            let is_counted = |run: &&FlowRun| {
                let day = run.completed_at.map(|at| at.date_naive());
                run.status == status && day.is_some_and(|day| day >= today)
            };
            runs.iter().filter(is_counted).count() as u64
        };
        Ok(DashboardStatistics {
            completed_today: since_today(RunStatus::Succeeded),
            failed_today: since_today(RunStatus::Failed),
            ..self.0.get_statistics()?
        })
    }
}

keeping! {
    ReleaseKeepsAnnotated {
        annotated: BTreeSet<(RunId, String)>,
    }
}

impl RunStore for ReleaseKeepsAnnotated {
    fn annotate_dispatch(&mut self, run: RunId, key: &str, job: &str) -> Answer<()> {
        self.annotated.insert((run, key.to_owned()));
        self.model.annotate_dispatch(run, key, job)
    }

    fn release_dispatch(&mut self, run: RunId, key: &str) -> Answer<()> {
        match self.annotated.contains(&(run, key.to_owned())) {
            true => Ok(()),
            false => self.model.release_dispatch(run, key),
        }
    }
}

impl BreaksCompletion for PollFreesDispatch {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        match completion.status {
            StepStatus::Pending => self.0.release_dispatch(completion.run, completion.key),
            _ => Ok(()),
        }
    }
}

impl RunStore for ReleasesByBeginning {
    fn release_dispatch(&mut self, run: RunId, key: &str) -> Answer<()> {
        let entries = &mut self.space()?.dispatches;
        entries.retain(|(of_run, other)| *of_run != run || !other.starts_with(key));
        Ok(())
    }
}

impl RunStore for RetriesByBeginning {
    fn retry_step(&mut self, run: RunId, key: &str) -> Answer<()> {
        let steps = self.space()?.steps.keys();
        let is_meant = |id: &&(RunId, String)| id.0 == run && id.1.starts_with(key) && id.1 != key;
        let meant: Vec<_> = steps.filter(is_meant).cloned().collect();
        for (run, other) in meant {
            self.0.retry_step(run, &other)?;
        }
        self.0.retry_step(run, key)
    }
}
