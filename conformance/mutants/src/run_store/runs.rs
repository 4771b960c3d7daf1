use chrono::SubsecRound;
use plimsoll_contract::{Answer, DashboardStatistics, Error, FlowRun, RunId, RunStatus, StartRun};
use plimsoll_model::{Model, RunStore, Spec};

use crate::broken::{missing_parent, models, run_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/drops-the-job",
        clause: "RUN-1",
        how: "does not store the job id of a run",
        dies: &[("run-store/start-loses-arguments", "the answer holds every argument")],
        backend: run_store::<DropsTheJob>,
    },
    Mutant {
        id: "run-store/answers-before-it-stores",
        clause: "RUN-1",
        how: "answers the source of a run without storing it",
        dies: &[("run-store/start-loses-arguments", "it reads back as it was answered")],
        backend: run_store::<AnswersBeforeItStores>,
    },
    Mutant {
        id: "run-store/absent-data-becomes-text",
        clause: "RUN-1",
        how: "stores trigger data of none as an empty text",
        dies: &[("run-store/absent-arguments-become-text", "trigger data is absent")],
        backend: run_store::<AbsentDataBecomesText>,
    },
    Mutant {
        id: "run-store/absent-ids-become-values",
        clause: "RUN-1",
        how: "stores an empty job id and a zero source for none",
        dies: &[
            ("run-store/absent-arguments-become-text", "the job id is absent"),
            ("run-store/absent-arguments-become-text", "the source is absent"),
        ],
        backend: run_store::<AbsentIdsBecomeValues>,
    },
    Mutant {
        id: "run-store/start-is-an-upsert",
        clause: "RUN-2",
        how: "replaces a run whose id is used again",
        dies: &[
            ("run-store/used-id-overwrites", "the id is in use"),
            ("run-store/used-id-overwrites", "the first run is untouched"),
        ],
        backend: run_store::<StartIsAnUpsert>,
    },
    Mutant {
        id: "run-store/two-callers-start-one-run",
        clause: "RUN-3",
        how: "looks for the id and inserts in two steps",
        dies: &[("run-store/start-race-has-two-winners", "one caller starts the run")],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-store/concurrent-starts-clash",
        clause: "RUN-3",
        how: "gives a key error to the loser of a race instead of already-exists",
        dies: &[("run-store/start-race-has-two-winners", "the others learn that it exists")],
        backend: racy::clashing,
    },
    Mutant {
        id: "run-store/source-is-a-foreign-key",
        clause: "RUN-4",
        how: "refuses a run whose source it does not have",
        dies: &[("run-store/unknown-source-refused", "gave no value: violates a foreign key")],
        backend: run_store::<SourceIsAForeignKey>,
    },
    Mutant {
        id: "run-store/drops-an-unknown-source",
        clause: "RUN-4",
        how: "does not store a source that it does not have",
        dies: &[("run-store/unknown-source-refused", "the source is kept")],
        backend: run_store::<DropsUnknownSource>,
    },
    Mutant {
        id: "run-store/derives-from-the-flow",
        clause: "RUN-5",
        how: "lists the runs of the source's flow as derived",
        dies: &[("run-store/derived-runs-mixed", "those that repeat the source")],
        backend: run_store::<DerivesFromTheFlow>,
    },
    Mutant {
        id: "run-store/oldest-derived-run-first",
        clause: "RUN-6",
        how: "lists derived runs in ascending order",
        dies: &[("run-store/derived-runs-out-of-order", "the latest comes first")],
        backend: run_store::<OldestDerivedFirst>,
    },
    Mutant {
        id: "run-store/derived-runs-join-their-source",
        clause: "RUN-7",
        how: "lists no derived runs of a source that it does not have",
        dies: &[("run-store/derived-runs-need-source", "it is listed all the same")],
        backend: run_store::<DerivedJoinTheirSource>,
    },
    Mutant {
        id: "run-store/end-has-no-instant",
        clause: "RUN-22",
        how: "ends a run without stamping completed-at",
        dies: &[("run-store/completion-not-stamped", "completed-at is the present instant")],
        backend: run_store::<EndHasNoInstant>,
    },
    Mutant {
        id: "run-store/end-moves-the-start",
        clause: "RUN-22",
        how: "stamps started-at too when a run ends",
        dies: &[("run-store/completion-not-stamped", "started-at stays")],
        backend: run_store::<EndMovesTheStart>,
    },
    Mutant {
        id: "run-store/end-leaves-the-status",
        clause: "RUN-22",
        how: "stamps completed-at and leaves the run running",
        dies: &[("run-store/completion-not-stamped", "the status is stored")],
        backend: run_store::<EndLeavesStatus>,
    },
    Mutant {
        id: "run-store/first-end-counts",
        clause: "RUN-23",
        how: "ends only runs that are running",
        dies: &[("run-store/second-completion-ignored", "the last status counts")],
        backend: run_store::<FirstEndCounts>,
    },
    Mutant {
        id: "run-store/first-end-keeps-its-instant",
        clause: "RUN-23",
        how: "stamps completed-at only once",
        dies: &[("run-store/second-completion-ignored", "it is stamped anew")],
        backend: run_store::<FirstEndKeepsItsInstant>,
    },
    Mutant {
        id: "run-store/ends-a-run-as-running",
        clause: "RUN-24",
        how: "stores running like any other status",
        dies: &[("run-store/completing-as-running-accepted", "running ends nothing")],
        backend: run_store::<EndsAsRunning>,
    },
    Mutant {
        id: "run-store/stores-running-then-refuses",
        clause: "RUN-24",
        how: "refuses running after it has stored it",
        dies: &[("run-store/completing-as-running-accepted", "the run is as before")],
        backend: run_store::<StoresThenRefuses>,
    },
    Mutant {
        id: "run-store/looks-for-the-run-first",
        clause: "BACKEND-2",
        how: "looks at the status only after it has found the run",
        dies: &[("run-store/completing-as-running-accepted", "nor for an unknown run")],
        backend: run_store::<LooksForRunFirst>,
    },
    Mutant {
        id: "run-store/timed-out-becomes-failed",
        clause: "RUN-25",
        how: "stores timed-out as failed",
        dies: &[("run-store/ending-not-stored", "timed-out is stored")],
        backend: run_store::<TimedOutBecomesFailed>,
    },
    Mutant {
        id: "run-store/ending-unknown-is-an-error",
        clause: "RUN-26",
        how: "answers not-found when there is no run to end",
        dies: &[("run-store/completing-unknown-creates", "it is a no-op")],
        backend: run_store::<EndingUnknownFails>,
    },
    Mutant {
        id: "run-store/ending-unknown-makes-one-up",
        clause: "RUN-26",
        how: "creates the run that it is to end",
        dies: &[("run-store/completing-unknown-creates", "nothing was created")],
        backend: run_store::<EndingUnknownCreates>,
    },
    Mutant {
        id: "run-store/timed-out-runs-are-active",
        clause: "RUN-57",
        how: "lists every run as active that has not succeeded, failed or been cancelled",
        dies: &[("run-store/active-runs-wrong", "the running and the retried one")],
        backend: run_store::<TimedOutIsActive>,
    },
    Mutant {
        id: "run-store/oldest-active-run-first",
        clause: "RUN-58",
        how: "lists active runs in ascending order",
        dies: &[("run-store/active-runs-out-of-order", "the latest comes first")],
        backend: run_store::<OldestActiveFirst>,
    },
    Mutant {
        id: "run-store/cuts-trigger-keys",
        clause: "BACKEND-4",
        how: "cuts trigger keys to 64 characters",
        dies: &[("run-store/long-texts-cut", "the trigger key is whole")],
        backend: run_store::<CutsTriggerKeys>,
    },
    Mutant {
        id: "run-store/refuses-long-trigger-data",
        clause: "BACKEND-6",
        how: "refuses trigger data of more than 64 KiB",
        dies: &[("run-store/long-texts-cut", "gave no value: invalid argument")],
        backend: run_store::<RefusesLongData>,
    },
    Mutant {
        id: "run-store/prints-trigger-data-again",
        clause: "BACKEND-7",
        how: "ends trigger data with a line feed, as a printer of JSON does",
        dies: &[("run-store/long-texts-cut", "the trigger data are whole")],
        backend: run_store::<PrintsDataAgain>,
    },
    Mutant {
        id: "run-store/starts-on-whole-seconds",
        clause: "BACKEND-9",
        how: "stores the start of a run in whole seconds",
        dies: &[("run-store/milliseconds-lost", "the start is kept")],
        backend: run_store::<StartsOnSeconds>,
    },
    Mutant {
        id: "run-store/starts-on-whole-milliseconds",
        clause: "BACKEND-10",
        how: "stores the start of a run in whole milliseconds",
        dies: &[("run-store/microseconds-lost", "the start is kept")],
        backend: run_store::<StartsOnMilliseconds>,
    },
    Mutant {
        id: "run-store/lists-active-runs-of-every-namespace",
        clause: "BACKEND-19",
        how: "lists the active runs of all namespaces",
        dies: &[("run-store/namespaces-mixed", "the other namespace lists no run")],
        backend: run_store::<ListsEveryNamespace>,
    },
    Mutant {
        id: "run-store/one-ledger-for-all-namespaces",
        clause: "BACKEND-19",
        how: "lets a dispatch of one namespace stop the same one in another",
        dies: &[("run-store/namespaces-mixed", "its dispatch ledger is empty")],
        backend: run_store::<OneLedger>,
    },
    Mutant {
        id: "run-store/reads-the-run-after-its-steps",
        clause: "RUN-41",
        how: "reads a run after its steps, in a second query",
        dies: &[("run-store/detail-of-two-moments", "of one moment")],
        backend: racy::two_queries,
    },
    Mutant {
        id: "run-store/counts-runs-of-every-namespace",
        clause: "BACKEND-19",
        how: "counts the active runs of all namespaces",
        dies: &[("run-store/namespaces-mixed", "it counts none")],
        backend: run_store::<CountsEveryNamespace>,
    },
    Mutant {
        id: "run-store/loser-overwrites",
        clause: "RUN-3",
        how: "replaces a run whose id is used again, and then answers already-exists",
        dies: &[("run-store/start-race-has-two-winners", "the run is the one that was answered")],
        backend: run_store::<LoserOverwrites>,
    },
    Mutant {
        id: "run-store/answers-the-clock",
        clause: "RUN-1",
        how: "stores the start in milliseconds and answers what the clock said",
        dies: &[("run-store/start-loses-arguments", "its start is answered as it is stored")],
        backend: run_store::<AnswersTheClock>,
    },
    Mutant {
        id: "run-store/ends-a-run-in-two-steps",
        clause: "BACKEND-28",
        how: "writes completed-at of a run after its status",
        dies: &[("run-store/end-seen-in-parts", "a run has ended and says when, or neither")],
        backend: racy::tearing,
    },
];

models! {
    DropsTheJob AnswersBeforeItStores AbsentDataBecomesText StartIsAnUpsert SourceIsAForeignKey
    DerivesFromTheFlow OldestDerivedFirst DerivedJoinTheirSource EndHasNoInstant EndMovesTheStart
    FirstEndCounts FirstEndKeepsItsInstant EndsAsRunning StoresThenRefuses LooksForRunFirst
    TimedOutBecomesFailed EndingUnknownFails EndingUnknownCreates TimedOutIsActive OldestActiveFirst CutsTriggerKeys
    RefusesLongData PrintsDataAgain StartsOnSeconds StartsOnMilliseconds ListsEveryNamespace OneLedger AbsentIdsBecomeValues DropsUnknownSource EndLeavesStatus CountsEveryNamespace
    LoserOverwrites
    AnswersTheClock
}

impl RunStore for DropsTheJob {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        self.0.start_run(&StartRun { job_id: None, ..start.clone() })
    }
}

impl RunStore for AnswersBeforeItStores {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let run = self.0.start_run(&StartRun { source_run_id: None, ..start.clone() })?;
        Ok(FlowRun { source_run_id: start.source_run_id, ..run })
    }
}

impl RunStore for AbsentDataBecomesText {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let trigger_data_json = Some(start.trigger_data_json.clone().unwrap_or_default());
        self.0.start_run(&StartRun { trigger_data_json, ..start.clone() })
    }
}

impl RunStore for StartIsAnUpsert {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        self.space()?.runs.remove(&start.run_id);
        self.0.start_run(start)
    }
}

impl RunStore for SourceIsAForeignKey {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let runs = &self.space()?.runs;
        match start.source_run_id.is_none_or(|source| runs.contains_key(&source)) {
            true => self.0.start_run(start),
            false => Err(missing_parent()),
        }
    }
}

impl RunStore for DerivesFromTheFlow {
    fn get_derived_runs(&mut self, source_run_id: RunId) -> Answer<Vec<FlowRun>> {
        let Some(source) = self.space()?.runs.get(&source_run_id).cloned() else {
            return Ok(Vec::new());
        };
        let all = self.space()?.runs.values();
        let mut derived: Vec<_> = all
            .filter(|run| run.flow_id == source.flow_id && run.source_run_id.is_some())
            .cloned()
            .collect();
        super::sort_latest_first(&mut derived);
        Ok(derived)
    }
}

impl RunStore for OldestDerivedFirst {
    fn get_derived_runs(&mut self, source_run_id: RunId) -> Answer<Vec<FlowRun>> {
        Ok(self.0.get_derived_runs(source_run_id)?.into_iter().rev().collect())
    }
}

impl RunStore for DerivedJoinTheirSource {
    fn get_derived_runs(&mut self, source_run_id: RunId) -> Answer<Vec<FlowRun>> {
        match self.space()?.runs.contains_key(&source_run_id) {
            true => self.0.get_derived_runs(source_run_id),
            false => Ok(Vec::new()),
        }
    }
}

impl RunStore for EndHasNoInstant {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        self.0.complete_run(run_id, status)?;
        self.space()?.runs.entry(run_id).and_modify(|run| run.completed_at = None);
        Ok(())
    }
}

impl RunStore for EndMovesTheStart {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        let now = self.now();
        self.0.complete_run(run_id, status)?;
        self.space()?.runs.entry(run_id).and_modify(|run| run.started_at = now);
        Ok(())
    }
}

impl RunStore for FirstEndCounts {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        let is_ended = |run: &FlowRun| run.completed_at.is_some();
        match self.space()?.runs.get(&run_id).is_some_and(is_ended) {
            true => Ok(()),
            false => self.0.complete_run(run_id, status),
        }
    }
}

impl RunStore for FirstEndKeepsItsInstant {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        let before = self.space()?.runs.get(&run_id).and_then(|run| run.completed_at);
        self.0.complete_run(run_id, status)?;
        let run = self.space()?.runs.entry(run_id);
        run.and_modify(|run| run.completed_at = before.or(run.completed_at));
        Ok(())
    }
}

impl RunStore for EndsAsRunning {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        let now = self.now();
        self.space()?.runs.entry(run_id).and_modify(|run| {
            run.status = status;
            run.completed_at = Some(now);
        });
        Ok(())
    }
}

impl RunStore for StoresThenRefuses {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        self.space()?.runs.entry(run_id).and_modify(|run| run.status = status);
        self.0.complete_run(run_id, status)
    }
}

impl RunStore for LooksForRunFirst {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        match self.space()?.runs.contains_key(&run_id) {
            true => self.0.complete_run(run_id, status),
            false => Ok(()),
        }
    }
}

impl RunStore for TimedOutBecomesFailed {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        let stored = if status == RunStatus::TimedOut { RunStatus::Failed } else { status };
        self.0.complete_run(run_id, stored)
    }
}

impl RunStore for EndingUnknownFails {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        self.space()?.runs.get(&run_id).ok_or(Error::NotFound)?;
        self.0.complete_run(run_id, status)
    }
}

impl RunStore for EndingUnknownCreates {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        if !self.space()?.runs.contains_key(&run_id) {
            super::make_up_run(&mut self.0, run_id)?;
        }
        self.0.complete_run(run_id, status)
    }
}

impl RunStore for TimedOutIsActive {
    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        const ENDED: [RunStatus; 3] =
            [RunStatus::Succeeded, RunStatus::Failed, RunStatus::Cancelled];
        let mut runs: Vec<_> = self.space()?.runs.values().cloned().collect();
        runs.retain(|run| !ENDED.contains(&run.status));
        super::sort_latest_first(&mut runs);
        Ok(runs)
    }
}

impl RunStore for OldestActiveFirst {
    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        Ok(self.0.get_active_runs()?.into_iter().rev().collect())
    }
}

impl RunStore for CutsTriggerKeys {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let trigger_key = start.trigger_key.chars().take(64).collect();
        self.0.start_run(&StartRun { trigger_key, ..start.clone() })
    }
}

impl RunStore for RefusesLongData {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        match start.trigger_data_json.as_ref().is_some_and(|data| data.len() > 64 << 10) {
            true => Err(Error::InvalidArgument("trigger data too long".to_owned())),
            false => self.0.start_run(start),
        }
    }
}

impl RunStore for PrintsDataAgain {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let trigger_data_json = start.trigger_data_json.as_ref().map(|data| format!("{data}\n"));
        self.0.start_run(&StartRun { trigger_data_json, ..start.clone() })
    }
}

/// Starts a run at an instant that is cut to so many digits of a second.
fn start_cut(model: &mut Model, start: &StartRun, digits: u16) -> Answer<FlowRun> {
    let run = model.start_run(start)?;
    let started_at = run.started_at.trunc_subsecs(digits);
    model.space()?.runs.entry(run.id).and_modify(|run| run.started_at = started_at);
    Ok(FlowRun { started_at, ..run })
}

impl RunStore for StartsOnSeconds {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        start_cut(&mut self.0, start, 0)
    }
}

impl RunStore for StartsOnMilliseconds {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        start_cut(&mut self.0, start, 3)
    }
}

impl RunStore for ListsEveryNamespace {
    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        self.space()?;
        let spaces = self.state().namespaces.values();
        let mut runs: Vec<_> = spaces.flat_map(|space| space.runs.values().cloned()).collect();
        runs.retain(|run| run.status == RunStatus::Running);
        super::sort_latest_first(&mut runs);
        Ok(runs)
    }
}

impl RunStore for OneLedger {
    fn try_record_dispatch(&mut self, run_id: RunId, step_key: &str) -> Answer<bool> {
        let is_new = self.0.try_record_dispatch(run_id, step_key)?;
        let id = (run_id, step_key.to_owned());
        let spaces = self.state().namespaces.values();
        let entries = spaces.filter(|space| space.dispatches.contains(&id)).count();
        Ok(is_new && entries == 1)
    }
}

impl RunStore for AbsentIdsBecomeValues {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let job_id = Some(start.job_id.clone().unwrap_or_default());
        let source_run_id = Some(start.source_run_id.unwrap_or_default());
        self.0.start_run(&StartRun { job_id, source_run_id, ..start.clone() })
    }
}

impl RunStore for DropsUnknownSource {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let runs = &self.space()?.runs;
        let source_run_id = start.source_run_id.filter(|source| runs.contains_key(source));
        self.0.start_run(&StartRun { source_run_id, ..start.clone() })
    }
}

impl RunStore for EndLeavesStatus {
    fn complete_run(&mut self, run_id: RunId, status: RunStatus) -> Answer<()> {
        self.0.complete_run(run_id, status)?;
        self.space()?.runs.entry(run_id).and_modify(|run| run.status = RunStatus::Running);
        Ok(())
    }
}

impl RunStore for CountsEveryNamespace {
    fn get_statistics(&mut self) -> Answer<DashboardStatistics> {
        let statistics = self.0.get_statistics()?;
        let runs = self.state().namespaces.values().flat_map(|space| space.runs.values());
        let active = runs.filter(|run| run.status == RunStatus::Running).count();
        Ok(DashboardStatistics { active_runs: active as u64, ..statistics })
    }
}

impl RunStore for LoserOverwrites {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let first = self.space()?.runs.remove(&start.run_id);
        let run = self.0.start_run(start)?;
        if first.is_some() { Err(Error::AlreadyExists) } else { Ok(run) }
    }
}

impl RunStore for AnswersTheClock {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let run = self.0.start_run(start)?;
        if let Some(stored) = self.space()?.runs.get_mut(&run.id) {
            stored.started_at = stored.started_at.trunc_subsecs(3);
        }
        Ok(run)
    }
}
