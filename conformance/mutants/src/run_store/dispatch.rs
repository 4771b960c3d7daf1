use std::collections::BTreeSet;

use plimsoll_contract::{Answer, Error, RunId, RunStatus};
use plimsoll_model::{Model, RunStore, Spec};

use super::calls::{BreaksCompletion, BreaksStart, Completion, Start, override_run_store};
use super::step;
use crate::broken::{keeping, missing_parent, models, run_store};
use crate::stale_list::StaleList;
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/dispatches-for-everybody",
        clause: "RUN-74",
        how: "answers true to every dispatch",
        dies: &[
            ("run-store/second-dispatch-wins", "the second may not"),
            ("run-store/second-dispatch-wins", "nor the third"),
        ],
        backend: run_store::<DispatchesForEverybody>,
    },
    Mutant {
        id: "run-store/dispatches-for-nobody",
        clause: "RUN-74",
        how: "answers false to every dispatch",
        dies: &[("run-store/second-dispatch-wins", "the first caller may enqueue")],
        backend: run_store::<DispatchesForNobody>,
    },
    Mutant {
        id: "run-store/two-callers-dispatch-one-step",
        clause: "RUN-75",
        how: "looks for the entry and writes it in two steps",
        dies: &[
            ("run-store/dispatch-race-has-two-winners", "exactly one of the callers"),
            ("run-store/dispatches-in-no-order", "the dispatches of one step"),
            ("run-store/recovery-enqueues-twice", "what was not in the ledger is enqueued once"),
            ("run-store/join-missed-or-enqueued-twice", "the successor of each pair"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-store/concurrent-dispatches-clash",
        clause: "RUN-75",
        how: "gives a key error to the loser of a race instead of false",
        dies: &[("run-store/dispatch-race-has-two-winners", "exactly one of the callers")],
        backend: racy::clashing,
    },
    Mutant {
        id: "run-store/start-frees-the-dispatch",
        clause: "RUN-76",
        how: "removes the entry when the step starts",
        dies: &[("run-store/completion-frees-dispatch", "running step is not dispatched again")],
        backend: run_store::<StartFreesDispatch>,
    },
    Mutant {
        id: "run-store/completion-frees-the-dispatch",
        clause: "RUN-76",
        how: "removes the entry when the step completes",
        dies: &[("run-store/completion-frees-dispatch", "nor a finished one")],
        backend: run_store::<CompletionFreesDispatch>,
    },
    Mutant {
        id: "run-store/end-frees-every-dispatch",
        clause: "RUN-76",
        how: "removes the entries of a run that ends",
        dies: &[("run-store/completion-frees-dispatch", "nor one of a finished run")],
        backend: run_store::<EndFreesDispatches>,
    },
    Mutant {
        id: "run-store/ledger-lacks-the-run",
        clause: "RUN-77",
        how: "keeps the ledger by step key alone",
        dies: &[("run-store/dispatch-of-other-run-counts", "the other run is free")],
        backend: run_store::<LedgerLacksRun>,
    },
    Mutant {
        id: "run-store/ledger-lacks-the-key",
        clause: "RUN-77",
        how: "keeps the ledger by run alone",
        dies: &[("run-store/dispatch-of-other-run-counts", "the other key is free")],
        backend: run_store::<LedgerLacksKey>,
    },
    Mutant {
        id: "run-store/run-of-dispatch-is-a-foreign-key",
        clause: "RUN-78",
        how: "refuses a dispatch whose run it does not have",
        dies: &[("run-store/dispatch-needs-run", "gave no value: violates a foreign key")],
        backend: run_store::<DispatchNeedsRun>,
    },
    Mutant {
        id: "run-store/annotation-is-an-upsert",
        clause: "RUN-79",
        how: "creates the entry that it is to annotate",
        dies: &[
            ("run-store/annotation-creates-entry", "nothing is listed"),
            ("run-store/annotation-creates-entry", "the step can be dispatched"),
        ],
        backend: run_store::<AnnotationIsAnUpsert>,
    },
    Mutant {
        id: "run-store/annotating-nothing-is-an-error",
        clause: "RUN-79",
        how: "answers not-found when there is no entry to annotate",
        dies: &[("run-store/annotation-creates-entry", "annotating nothing is a no-op")],
        backend: run_store::<AnnotatingNothingFails>,
    },
    Mutant {
        id: "run-store/annotation-finds-released-entries",
        clause: "RUN-79",
        how: "hides released entries, and shows them again when they are annotated",
        dies: &[("run-store/late-annotation-revives-entry", "the released entry stays released")],
        backend: run_store::<FindsReleasedEntries>,
    },
    Mutant {
        id: "run-store/annotation-releases",
        clause: "RUN-80",
        how: "removes the entry that it annotates",
        dies: &[("run-store/annotation-frees-entry", "the entry stays in force")],
        backend: run_store::<AnnotationReleases>,
    },
    Mutant {
        id: "run-store/refuses-long-annotations",
        clause: "BACKEND-6",
        how: "refuses job ids of more than 128 characters",
        dies: &[("run-store/annotation-frees-entry", "gave no value: invalid argument")],
        backend: run_store::<RefusesLongAnnotations>,
    },
    Mutant {
        id: "run-store/release-is-a-stub",
        clause: "RUN-81",
        how: "releases nothing",
        dies: &[("run-store/release-keeps-dispatch", "the step can be dispatched again")],
        backend: run_store::<ReleaseIsAStub>,
    },
    Mutant {
        id: "run-store/releasing-nothing-is-an-error",
        clause: "RUN-81",
        how: "answers not-found when there is no entry to release",
        dies: &[("run-store/release-keeps-dispatch", "releasing none is a no-op")],
        backend: run_store::<ReleasingNothingFails>,
    },
    Mutant {
        id: "run-store/releases-the-whole-run",
        clause: "RUN-82",
        how: "removes all entries of the run",
        dies: &[("run-store/release-frees-more", "the other entries stay")],
        backend: run_store::<ReleasesWholeRun>,
    },
    Mutant {
        id: "run-store/releases-the-claim-too",
        clause: "RUN-82",
        how: "frees the claim with the entry",
        dies: &[("run-store/release-frees-more", "the claim stays")],
        backend: run_store::<ReleasesClaimToo>,
    },
    Mutant {
        id: "run-store/list-of-dispatches-goes-stale",
        clause: "RUN-83",
        how: "lists dispatched keys from an index that a release does not touch",
        dies: &[("run-store/dispatched-keys-wrong", "exactly the keys with an entry")],
        backend: run_store::<StaleList>,
    },
    Mutant {
        id: "run-store/ledger-joins-the-steps",
        clause: "RUN-83",
        how: "lists only keys whose step has a row",
        dies: &[("run-store/dispatched-keys-wrong", "exactly the keys with an entry")],
        backend: run_store::<LedgerJoinsSteps>,
    },
    Mutant {
        id: "run-store/ledger-lists-every-run",
        clause: "RUN-83",
        how: "lists the keys of all runs",
        dies: &[("run-store/dispatched-keys-wrong", "a run without entries has none")],
        backend: run_store::<LedgerListsEveryRun>,
    },
    Mutant {
        id: "run-store/lists-dispatches-late",
        clause: "RUN-83",
        how: "lists dispatch entries from a table that is brought up to date afterwards",
        dies: &[(
            "run-store/polling-step-lost",
            "it is listed if, and only if, it cannot be dispatched",
        )],
        backend: racy::lagging_lists,
    },
    Mutant {
        id: "run-store/joins-on-a-snapshot",
        clause: "BACKEND-1",
        how: "reads what was there before the first of the calls that overlap",
        dies: &[(
            "run-store/join-missed-or-enqueued-twice",
            "the successor of each pair is enqueued once",
        )],
        backend: racy::snapshots,
    },
    Mutant {
        id: "run-store/trims-dispatched-keys",
        clause: "BACKEND-5",
        how: "keeps the ledger by keys without blanks around them",
        dies: &[("run-store/dispatch-keys-merged", "is a key of its own")],
        backend: run_store::<TrimsDispatchedKeys>,
    },
    Mutant {
        id: "run-store/long-annotation-is-an-error",
        clause: "BACKEND-4",
        how: "passes on what the database says to a job id of more than 256 KiB",
        dies: &[("run-store/long-annotation-fails", "gave no value: value too long")],
        backend: run_store::<LongAnnotationFails>,
    },
    Mutant {
        id: "run-store/refused-annotation-releases",
        clause: "RUN-80",
        how: "refuses a job id of more than 256 KiB and removes the entry",
        dies: &[("run-store/long-annotation-fails", "the entry stays in force")],
        backend: run_store::<RefusedAnnotationReleases>,
    },
    Mutant {
        id: "run-store/dispatches-reference-steps",
        clause: "RUN-84",
        how: "refuses a dispatch whose step has no row",
        dies: &[("run-store/dispatch-needs-step", "gave no value: violates a foreign key")],
        backend: run_store::<DispatchNeedsStep>,
    },
    Mutant {
        id: "run-store/annotation-writes-its-entry-back",
        clause: "RUN-79",
        how: "reads an entry, and writes it back with the job",
        dies: &[("run-store/annotation-race-revives-entry", "the released entries stay released")],
        backend: racy::stale_annotation,
    },
];

models! {
    DispatchesForEverybody DispatchesForNobody StartFreesDispatch CompletionFreesDispatch
    EndFreesDispatches LedgerLacksRun LedgerLacksKey DispatchNeedsRun AnnotationIsAnUpsert
    AnnotatingNothingFails AnnotationReleases RefusesLongAnnotations ReleaseIsAStub ReleasingNothingFails ReleasesWholeRun
    ReleasesClaimToo LedgerJoinsSteps LedgerListsEveryRun
    TrimsDispatchedKeys LongAnnotationFails RefusedAnnotationReleases
    DispatchNeedsStep
}

override_run_store! {
    record_step_start: StartFreesDispatch
}

override_run_store! {
    record_step_complete: CompletionFreesDispatch
}

impl RunStore for DispatchesForEverybody {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        self.0.try_record_dispatch(run, key).map(|_| true)
    }
}

impl RunStore for DispatchesForNobody {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        self.0.try_record_dispatch(run, key).map(|_| false)
    }
}

impl BreaksStart for StartFreesDispatch {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        start.on(&mut self.0)?;
        self.0.release_dispatch(start.run, start.key)
    }
}

impl BreaksCompletion for CompletionFreesDispatch {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        self.0.release_dispatch(completion.run, completion.key)
    }
}

impl RunStore for EndFreesDispatches {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        self.space()?.dispatches.retain(|(of_run, _)| *of_run != run);
        self.0.complete_run(run, status)
    }
}

impl RunStore for LedgerLacksRun {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        let is_taken = self.space()?.dispatches.iter().any(|(_, taken)| taken == key);
        Ok(!is_taken && self.0.try_record_dispatch(run, key)?)
    }
}

impl RunStore for LedgerLacksKey {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        let is_taken = self.space()?.dispatches.iter().any(|(of_run, _)| *of_run == run);
        Ok(!is_taken && self.0.try_record_dispatch(run, key)?)
    }
}

impl RunStore for DispatchNeedsRun {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        self.space()?.runs.get(&run).ok_or_else(missing_parent)?;
        self.0.try_record_dispatch(run, key)
    }
}

fn has_entry(model: &mut Model, run: RunId, key: &str) -> Answer<bool> {
    Ok(model.space()?.dispatches.contains(&(run, key.to_owned())))
}

impl RunStore for AnnotationIsAnUpsert {
    fn annotate_dispatch(&mut self, run: RunId, key: &str, _job: &str) -> Answer<()> {
        self.0.try_record_dispatch(run, key).map(|_| ())
    }
}

impl RunStore for AnnotatingNothingFails {
    fn annotate_dispatch(&mut self, run: RunId, key: &str, job: &str) -> Answer<()> {
        match has_entry(&mut self.0, run, key)? {
            true => self.0.annotate_dispatch(run, key, job),
            false => Err(Error::NotFound),
        }
    }
}

keeping! {
    FindsReleasedEntries {
        released: BTreeSet<(RunId, String)>,
    }
}

impl RunStore for FindsReleasedEntries {
    fn release_dispatch(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.released.insert((run, key.to_owned()));
        self.model.release_dispatch(run, key)
    }

    fn annotate_dispatch(&mut self, run: RunId, key: &str, job: &str) -> Answer<()> {
        if self.released.contains(&(run, key.to_owned())) {
            self.model.try_record_dispatch(run, key)?;
        }
        self.model.annotate_dispatch(run, key, job)
    }
}

impl RunStore for AnnotationReleases {
    fn annotate_dispatch(&mut self, run: RunId, key: &str, _job: &str) -> Answer<()> {
        self.0.release_dispatch(run, key)
    }
}

impl RunStore for RefusesLongAnnotations {
    fn annotate_dispatch(&mut self, run: RunId, key: &str, job: &str) -> Answer<()> {
        match job.len() {
            0..=128 => self.0.annotate_dispatch(run, key, job),
            _ => Err(Error::InvalidArgument("job id too long".to_owned())),
        }
    }
}

impl RunStore for StaleList {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        let is_new = self.model.try_record_dispatch(run, key)?;
        self.note(run, key);
        Ok(is_new)
    }

    fn get_dispatched_step_keys(&mut self, run: RunId) -> Answer<Vec<String>> {
        self.space()?;
        Ok(self.listed(run))
    }
}

impl RunStore for ReleaseIsAStub {
    fn release_dispatch(&mut self, _run: RunId, _key: &str) -> Answer<()> {
        self.space().map(|_| ())
    }
}

impl RunStore for ReleasingNothingFails {
    fn release_dispatch(&mut self, run: RunId, key: &str) -> Answer<()> {
        match has_entry(&mut self.0, run, key)? {
            true => self.0.release_dispatch(run, key),
            false => Err(Error::NotFound),
        }
    }
}

impl RunStore for ReleasesWholeRun {
    fn release_dispatch(&mut self, run: RunId, _key: &str) -> Answer<()> {
        self.space()?.dispatches.retain(|(of_run, _)| *of_run != run);
        Ok(())
    }
}

impl RunStore for ReleasesClaimToo {
    fn release_dispatch(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.claims.remove(&(run, key.to_owned()));
        self.0.release_dispatch(run, key)
    }
}

impl RunStore for LedgerJoinsSteps {
    fn get_dispatched_step_keys(&mut self, run: RunId) -> Answer<Vec<String>> {
        let mut keys = self.0.get_dispatched_step_keys(run)?;
        let steps = &self.space()?.steps;
        keys.retain(|key| steps.contains_key(&(run, key.clone())));
        Ok(keys)
    }
}

impl RunStore for LedgerListsEveryRun {
    fn get_dispatched_step_keys(&mut self, _run: RunId) -> Answer<Vec<String>> {
        Ok(self.space()?.dispatches.iter().map(|(_, key)| key.clone()).collect())
    }
}

impl RunStore for TrimsDispatchedKeys {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        self.0.try_record_dispatch(run, key.trim())
    }
}

impl RunStore for LongAnnotationFails {
    fn annotate_dispatch(&mut self, run: RunId, key: &str, job: &str) -> Answer<()> {
        match job.len() {
            0..=262_144 => self.0.annotate_dispatch(run, key, job),
            _ => Err(Error::Other("value too long".to_owned())),
        }
    }
}

impl RunStore for RefusedAnnotationReleases {
    fn annotate_dispatch(&mut self, run: RunId, key: &str, job: &str) -> Answer<()> {
        if job.len() <= 262_144 {
            return self.0.annotate_dispatch(run, key, job);
        }
        self.0.release_dispatch(run, key)?;
        Err(Error::InvalidArgument("job id too long".to_owned()))
    }
}

impl RunStore for DispatchNeedsStep {
    fn try_record_dispatch(&mut self, run: RunId, key: &str) -> Answer<bool> {
        step(self.space()?, run, key).ok_or_else(missing_parent)?;
        self.0.try_record_dispatch(run, key)
    }
}
