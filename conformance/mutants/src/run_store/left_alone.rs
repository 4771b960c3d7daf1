//! Mutants that change what a call must leave alone, or leave alone what it must change.

use plimsoll_contract::{
    Answer, FlowId, FlowRun, FlowRunPage, Page, RunId, RunStatus, StartRun, StepStatus,
};
use plimsoll_model::{RunRuntimeStore, RunStore, Spec};

use super::calls::{
    BreaksCompletion, BreaksSearch, BreaksStart, Completion, Search, Start, override_run_store,
};
use super::{attempts, last_attempt, sort_latest_first, step};
use crate::Mutant;
use crate::broken::{models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/starts-over-an-ended-run",
        clause: "RUN-2",
        how: "replaces a run that has ended when its id is started again",
        dies: &[("run-store/used-id-overwrites", "the id of an ended run is in use too")],
        backend: run_store::<StartsOverAnEndedRun>,
    },
    Mutant {
        id: "run-store/empty-texts-are-absent",
        clause: "RUN-1",
        how: "stores empty trigger data and an empty job id as none",
        dies: &[("run-store/absent-arguments-become-text", "empty texts are not absent")],
        backend: run_store::<EmptyTextsAreAbsent>,
    },
    Mutant {
        id: "run-store/first-start-is-of-no-skip",
        clause: "RUN-11",
        how: "takes the start of a step from its first attempt that was not skipped",
        dies: &[("run-store/step-start-moves", "so does a start after a skip")],
        backend: run_store::<FirstStartIsOfNoSkip>,
    },
    Mutant {
        id: "run-store/start-closes-the-attempt-before",
        clause: "RUN-9",
        how: "fails the attempt before when that still runs",
        dies: &[("run-store/restart-rewrites-history", "a start leaves one that runs")],
        backend: run_store::<StartClosesAttemptBefore>,
    },
    Mutant {
        id: "run-store/completes-all-that-run",
        clause: "RUN-15",
        how: "completes every attempt that still runs",
        dies: &[("run-store/restart-rewrites-history", "a completion leaves one that runs")],
        backend: run_store::<CompletesAllThatRun>,
    },
    Mutant {
        id: "run-store/repeated-completion-changes-nothing",
        clause: "RUN-19",
        how: "ignores a completion that repeats the last in every argument",
        dies: &[("run-store/second-step-completion-ignored", "also by one that repeats the last")],
        backend: run_store::<RepeatedCompletionIsIgnored>,
    },
    Mutant {
        id: "run-store/failure-frees-the-claim",
        clause: "RUNTIME-7",
        how: "frees the claim of a step that fails",
        dies: &[("run-runtime-store/completion-frees-claim", "nor can a failed one")],
        backend: run_store::<FailureFreesClaim>,
    },
    Mutant {
        id: "run-store/cancelled-run-frees-its-entries",
        clause: "RUN-76",
        how: "drops the dispatch entries of a run that ends as cancelled",
        dies: &[("run-store/completion-frees-dispatch", "outlives a run that is cancelled")],
        backend: run_store::<CancelledRunFreesEntries>,
    },
    Mutant {
        id: "run-store/release-frees-what-has-not-started",
        clause: "RUN-82",
        how: "drops the claim too when it releases the entry of a step that has not started",
        dies: &[("run-store/release-frees-more", "of a step that has not started stays")],
        backend: run_store::<ReleaseFreesUnstarted>,
    },
    Mutant {
        id: "run-store/reset-frees-what-has-not-started",
        clause: "RUN-68",
        how: "frees claim and entry of the given keys that have no step",
        dies: &[("run-store/reset-frees-running-step", "of a step that has not started")],
        backend: run_store::<ResetFreesUnstarted>,
    },
    Mutant {
        id: "run-store/runs-of-a-flow-by-the-second",
        clause: "RUN-27",
        how: "orders the runs of a flow by the second of their start",
        dies: &[("run-store/oldest-run-first", "of a flow by the millisecond")],
        backend: run_store::<RunsOfFlowBySecond>,
    },
    Mutant {
        id: "run-store/search-counts-rows-of-a-join",
        clause: "RUN-32",
        how: "counts a run that is found once for each of its steps",
        dies: &[
            ("run-store/search-misses-step-field", "a run found by two of its steps counts once"),
            ("run-store/search-misses-step-field", "its name, with steps counts once"),
        ],
        backend: run_store::<SearchCountsJoinedRows>,
    },
];

models! {
    StartsOverAnEndedRun EmptyTextsAreAbsent FirstStartIsOfNoSkip StartClosesAttemptBefore
    CompletesAllThatRun RepeatedCompletionIsIgnored FailureFreesClaim CancelledRunFreesEntries
    ReleaseFreesUnstarted ResetFreesUnstarted RunsOfFlowBySecond SearchCountsJoinedRows
}

override_run_store! { record_step_start: FirstStartIsOfNoSkip StartClosesAttemptBefore }
override_run_store! {
    record_step_complete: CompletesAllThatRun RepeatedCompletionIsIgnored FailureFreesClaim
}
override_run_store! { get_runs_page: SearchCountsJoinedRows }

impl RunStore for StartsOverAnEndedRun {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let runs = &mut self.space()?.runs;
        if runs.get(&start.run_id).is_some_and(|run| run.status != RunStatus::Running) {
            runs.remove(&start.run_id);
        }
        self.0.start_run(start)
    }
}

impl RunStore for EmptyTextsAreAbsent {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        self.0.start_run(&StartRun {
            trigger_data_json: filled(&start.trigger_data_json),
            job_id: filled(&start.job_id),
            ..start.clone()
        })
    }
}

impl BreaksStart for FirstStartIsOfNoSkip {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        start.on(&mut self.0)?;
        let space = self.space()?;
        let first = attempts(space, start.run, start.key)
            .find(|attempt| attempt.status != StepStatus::Skipped)
            .map(|attempt| attempt.started_at);
        if let (Some(row), Some(first)) = (step(space, start.run, start.key), first) {
            row.started_at = first;
        }
        Ok(())
    }
}

impl BreaksStart for StartClosesAttemptBefore {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let now = self.now();
        last_attempt(self.space()?, start.run, start.key, |last| {
            if last.status == StepStatus::Running {
                last.status = StepStatus::Failed;
                last.completed_at = Some(now);
            }
        });
        start.on(&mut self.0)
    }
}

impl BreaksCompletion for CompletesAllThatRun {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        let Completion { run, key, .. } = completion;
        let space = self.space()?;
        let Some(last) = attempts(space, run, key).last().map(|last| last.clone()) else {
            return Ok(());
        };
        for open in attempts(space, run, key).filter(|it| it.status == StepStatus::Running) {
            open.status = last.status;
            open.completed_at = last.completed_at;
        }
        Ok(())
    }
}

impl BreaksCompletion for RepeatedCompletionIsIgnored {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let Completion { run, key, status, output, error } = completion;
        let is_the_same = step(self.space()?, run, key).is_some_and(|row| {
            let texts = (row.output_json.as_deref(), row.error_message.as_deref());
            (row.status, texts) == (status, (output, error))
        });
        if is_the_same { Ok(()) } else { completion.on(&mut self.0) }
    }
}

impl BreaksCompletion for FailureFreesClaim {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        match completion.status {
            StepStatus::Failed => self.0.release_step_claim(completion.run, completion.key),
            _ => Ok(()),
        }
    }
}

impl RunStore for CancelledRunFreesEntries {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        self.0.complete_run(run, status)?;
        if status == RunStatus::Cancelled {
            self.space()?.dispatches.retain(|(of_run, _)| *of_run != run);
        }
        Ok(())
    }
}

impl RunStore for ReleaseFreesUnstarted {
    fn release_dispatch(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.0.release_dispatch(run, key)?;
        match step(self.space()?, run, key) {
            None => self.0.release_step_claim(run, key),
            Some(_) => Ok(()),
        }
    }
}

impl RunStore for ResetFreesUnstarted {
    fn reset_cascade_skipped_dependents(&mut self, run: RunId, keys: &[String]) -> Answer<()> {
        self.0.reset_cascade_skipped_dependents(run, keys)?;
        for key in keys {
            if step(self.space()?, run, key).is_none() {
                self.0.release_dispatch(run, key)?;
                self.0.release_step_claim(run, key)?;
            }
        }
        Ok(())
    }
}

impl RunStore for RunsOfFlowBySecond {
    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        if flow.is_none() {
            return self.0.get_runs(flow, page);
        }
        let mut runs = self.0.get_runs(flow, Page::all())?;
        sort_latest_first(&mut runs);
        runs.reverse();
        runs.sort_by_key(|run| std::cmp::Reverse(run.started_at.timestamp()));
        Ok(page.cut(runs, Page::DEFAULT_RUNS))
    }
}

impl BreaksSearch for SearchCountsJoinedRows {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let page = search.on(&mut self.0)?;
        if search.text.is_none() {
            return Ok(page);
        }
        let found = Search { page: Page::all(), ..search }.on(&mut self.0)?.items;
        let steps = &self.space()?.steps;
        let rows = |run: &FlowRun| steps.keys().filter(|(id, _)| *id == run.id).count().max(1);
        let total_count = found.iter().map(rows).sum::<usize>() as u64;
        Ok(FlowRunPage { total_count, ..page })
    }
}
