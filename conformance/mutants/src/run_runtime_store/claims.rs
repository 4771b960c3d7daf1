//! Mutants of step claims.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use plimsoll_contract::{Answer, Error, Instant, OpenConfig, RunId, RunStatus, StepStatus};
use plimsoll_model::{Backend, Model, RunRuntimeStore, RunStore, Spec};

use crate::broken::{backend, keeping, missing_parent, models, run_runtime_store, run_store};
use crate::run_store::calls::{BreaksCompletion, Completion, override_run_store};
use crate::run_store::step;
use crate::stale_list::StaleList;
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-runtime-store/claims-join-the-steps",
        clause: "RUNTIME-3",
        how: "lists only claimed keys whose step has a row",
        dies: &[("run-runtime-store/unstarted-claim-not-listed", "both claims are listed")],
        backend: run_runtime_store::<ClaimsJoinSteps>,
    },
    Mutant {
        id: "run-runtime-store/list-of-claims-goes-stale",
        clause: "RUNTIME-3",
        how: "lists claims from an index that a release does not touch",
        dies: &[("run-runtime-store/released-claim-listed", "it is not after its release")],
        backend: run_runtime_store::<StaleList>,
    },
    Mutant {
        id: "run-runtime-store/grants-every-claim",
        clause: "RUNTIME-5",
        how: "answers true to everyone",
        dies: &[
            ("run-runtime-store/second-claim-wins", "the second caller loses"),
            ("run-runtime-store/second-claim-wins", "so does the third"),
        ],
        backend: run_runtime_store::<GrantsEveryClaim>,
    },
    Mutant {
        id: "run-runtime-store/grants-no-claim",
        clause: "RUNTIME-5",
        how: "answers false to everyone",
        dies: &[("run-runtime-store/second-claim-wins", "the first caller wins")],
        backend: run_runtime_store::<GrantsNoClaim>,
    },
    Mutant {
        id: "run-runtime-store/two-callers-claim-one-step",
        clause: "RUNTIME-6",
        how: "looks for the claim and takes it in two steps",
        dies: &[
            ("run-runtime-store/claim-race-has-two-winners", "exactly one of the callers"),
            ("run-runtime-store/claims-in-no-order", "the claims of one step"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-runtime-store/concurrent-claims-clash",
        clause: "RUNTIME-6",
        how: "gives a key error to the loser of a race instead of false",
        dies: &[("run-runtime-store/claim-race-has-two-winners", "the others lose")],
        backend: racy::clashing,
    },
    Mutant {
        id: "run-runtime-store/completion-releases-the-claim",
        clause: "RUNTIME-7",
        how: "frees the claim when the step completes",
        dies: &[("run-runtime-store/completion-frees-claim", "a finished step cannot be claimed")],
        backend: run_store::<CompletionReleases>,
    },
    Mutant {
        id: "run-runtime-store/end-releases-claims",
        clause: "RUNTIME-7",
        how: "frees the claims of a run that ends",
        dies: &[("run-runtime-store/completion-frees-claim", "nor can a step of a finished run")],
        backend: run_store::<EndReleases>,
    },
    Mutant {
        id: "run-runtime-store/claims-are-leases",
        clause: "RUNTIME-8",
        how: "grants a claim again after an hour",
        dies: &[("run-runtime-store/claim-expires", "the claim is still held")],
        backend: run_runtime_store::<ClaimsAreLeases>,
    },
    Mutant {
        id: "run-runtime-store/claims-lack-the-run",
        clause: "RUNTIME-9",
        how: "keeps claims by step key alone",
        dies: &[("run-runtime-store/claim-of-other-run-counts", "the other run is free")],
        backend: run_runtime_store::<ClaimsLackRun>,
    },
    Mutant {
        id: "run-runtime-store/claims-lack-the-key",
        clause: "RUNTIME-9",
        how: "keeps claims by run alone",
        dies: &[("run-runtime-store/claim-of-other-run-counts", "the other key is free")],
        backend: run_runtime_store::<ClaimsLackKey>,
    },
    Mutant {
        id: "run-runtime-store/folds-claimed-keys",
        clause: "BACKEND-5",
        how: "compares claimed keys without case",
        dies: &[("run-runtime-store/claim-keys-merged", "\"Charge\" is a key of its own")],
        backend: run_runtime_store::<FoldsClaimedKeys>,
    },
    Mutant {
        id: "run-runtime-store/trims-claimed-keys",
        clause: "BACKEND-5",
        how: "compares claimed keys without blanks at their end",
        dies: &[("run-runtime-store/claim-keys-merged", "\"charge \" is a key of its own")],
        backend: run_runtime_store::<TrimsClaimedKeys>,
    },
    Mutant {
        id: "run-runtime-store/cuts-claimed-keys",
        clause: "BACKEND-4",
        how: "cuts claimed keys to 256 characters",
        dies: &[("run-store/long-step-keys-cut", "a longer key is not taken for one that")],
        backend: run_runtime_store::<CutsClaimedKeys>,
    },
    Mutant {
        id: "run-runtime-store/one-claim-for-all-namespaces",
        clause: "BACKEND-19",
        how: "lets a claim of one namespace stop the same one in another",
        dies: &[("run-store/namespaces-mixed", "its claims are free")],
        backend: run_runtime_store::<OneClaimForAll>,
    },
    Mutant {
        id: "run-runtime-store/run-of-claim-is-a-foreign-key",
        clause: "RUNTIME-10",
        how: "refuses a claim whose run it does not have",
        dies: &[("run-runtime-store/claim-needs-run", "gave no value: violates a foreign key")],
        backend: run_runtime_store::<ClaimNeedsRun>,
    },
    Mutant {
        id: "run-runtime-store/release-is-a-stub",
        clause: "RUNTIME-11",
        how: "releases nothing",
        dies: &[("run-runtime-store/release-keeps-claim", "the step can be claimed again")],
        backend: run_runtime_store::<ReleaseIsAStub>,
    },
    Mutant {
        id: "run-runtime-store/releasing-nothing-is-an-error",
        clause: "RUNTIME-11",
        how: "answers not-found when there is no claim to release",
        dies: &[("run-runtime-store/release-keeps-claim", "releasing none is a no-op")],
        backend: run_runtime_store::<ReleasingNothingFails>,
    },
    Mutant {
        id: "run-runtime-store/releases-the-whole-run",
        clause: "RUNTIME-12",
        how: "frees all claims of the run",
        dies: &[("run-runtime-store/release-frees-more", "the other claim stays")],
        backend: run_runtime_store::<ReleasesWholeRun>,
    },
    Mutant {
        id: "run-runtime-store/releases-the-dispatch-too",
        clause: "RUNTIME-12",
        how: "removes the dispatch entry with the claim",
        dies: &[("run-runtime-store/release-frees-more", "the dispatch entry stays")],
        backend: run_runtime_store::<ReleasesDispatchToo>,
    },
    Mutant {
        id: "run-runtime-store/releases-the-step-too",
        clause: "RUNTIME-12",
        how: "removes the row of the step with the claim",
        dies: &[("run-runtime-store/release-frees-more", "both steps stay")],
        backend: run_runtime_store::<ReleasesStepToo>,
    },
    Mutant {
        id: "run-runtime-store/lists-claims-late",
        clause: "RUNTIME-3",
        how: "lists claims from a table that is brought up to date afterwards",
        dies: &[(
            "run-runtime-store/listing-misses-claim",
            "it is listed if, and only if, it cannot be claimed",
        )],
        backend: racy::lagging_lists,
    },
    Mutant {
        id: "run-runtime-store/open-frees-every-claim",
        clause: "BACKEND-17",
        how: "frees the claims of a namespace when it is opened",
        dies: &[("run-runtime-store/reopening-frees-claims", "the claim is still held")],
        backend: backend::<OpenFreesClaims>,
    },
    Mutant {
        id: "run-runtime-store/hides-claims-of-pending-steps",
        clause: "RUNTIME-3",
        how: "lists the claims of steps without a completion alone",
        dies: &[("run-runtime-store/unstarted-claim-not-listed", "a pending step has not")],
        backend: run_runtime_store::<HidesPendingClaims>,
    },
    Mutant {
        id: "run-runtime-store/poll-releases-the-claim",
        clause: "RUNTIME-7",
        how: "frees the claim of a step that completes as pending",
        dies: &[("run-runtime-store/completion-frees-claim", "nor can a pending one")],
        backend: run_store::<PollReleases>,
    },
    Mutant {
        id: "run-runtime-store/keeps-claims-of-success",
        clause: "RUNTIME-11",
        how: "does not release the claim of a step that has succeeded",
        dies: &[("run-runtime-store/release-keeps-claim", "so can one that is succeeded")],
        backend: run_runtime_store::<KeepsClaimsOfSuccess>,
    },
    Mutant {
        id: "run-runtime-store/claims-reference-steps",
        clause: "RUNTIME-19",
        how: "refuses a claim whose step has no row",
        dies: &[("run-runtime-store/claim-needs-step", "gave no value: violates a foreign key")],
        backend: run_runtime_store::<ClaimNeedsStep>,
    },
    Mutant {
        id: "run-runtime-store/releases-by-pattern",
        clause: "BACKEND-5",
        how: "takes an underscore in the key to release for any character",
        dies: &[("run-runtime-store/claim-keys-merged", "releasing \"char_ge\" releases no other")],
        backend: run_runtime_store::<ReleasesByPattern>,
    },
    Mutant {
        id: "run-runtime-store/releases-what-is-within",
        clause: "BACKEND-5",
        how: "releases the steps within the one that is released",
        dies: &[("run-runtime-store/claim-keys-merged", "releasing \"charg\" releases no other")],
        backend: run_runtime_store::<ReleasesWithin>,
    },
    Mutant {
        id: "run-runtime-store/counts-claims",
        clause: "RUNTIME-11",
        how: "wants a claim released as often as it was asked for",
        dies: &[("run-runtime-store/release-keeps-claim", "the step can be claimed again")],
        backend: run_runtime_store::<CountsClaims>,
    },
    Mutant {
        id: "run-runtime-store/release-writes-old-claims-back",
        clause: "RUNTIME-12",
        how: "reads the claims of a run and writes them back without the released one",
        dies: &[(
            "run-runtime-store/release-race-frees-others",
            "the claims that were granted are held",
        )],
        backend: racy::stale_claims,
    },
    Mutant {
        id: "run-store/release-writes-old-entries-back",
        clause: "RUN-82",
        how: "reads the dispatch entries of a run and writes them back without the released one",
        dies: &[(
            "run-runtime-store/release-race-frees-others",
            "the entries that were made are there",
        )],
        backend: racy::stale_entries,
    },
    Mutant {
        id: "run-runtime-store/lists-claims-in-pieces",
        clause: "RUNTIME-3",
        how: "reads lists three rows at a time, by offset",
        dies: &[("run-runtime-store/claims-listed-in-pieces", "every list of claims")],
        backend: racy::pieces,
    },
    Mutant {
        id: "run-runtime-store/claiming-writes-old-claims-back",
        clause: "RUNTIME-3",
        how: "reads the claims of a run and writes them back with its own",
        dies: &[(
            "run-runtime-store/release-race-frees-others",
            "the claims that were granted are held",
        )],
        backend: racy::stale_claiming,
    },
    Mutant {
        id: "run-store/dispatching-writes-old-entries-back",
        clause: "RUN-83",
        how: "reads the dispatch entries of a run and writes them back with its own",
        dies: &[(
            "run-runtime-store/release-race-frees-others",
            "the entries that were made are there",
        )],
        backend: racy::stale_dispatching,
    },
];

models! {
    ReleasesByPattern ReleasesWithin
    ClaimsJoinSteps GrantsEveryClaim GrantsNoClaim CompletionReleases EndReleases ClaimsLackRun
    ClaimsLackKey FoldsClaimedKeys TrimsClaimedKeys CutsClaimedKeys OneClaimForAll ClaimNeedsRun
    ReleaseIsAStub ReleasingNothingFails ReleasesWholeRun ReleasesDispatchToo ReleasesStepToo
    OpenFreesClaims
    ClaimNeedsStep HidesPendingClaims PollReleases KeepsClaimsOfSuccess
}

override_run_store! {
    record_step_complete: CompletionReleases PollReleases
}

impl RunRuntimeStore for HidesPendingClaims {
    fn get_claimed_step_keys(&mut self, run: RunId) -> Answer<Vec<String>> {
        let mut keys = self.0.get_claimed_step_keys(run)?;
        let steps = &self.space()?.steps;
        keys.retain(|key| {
            let step = steps.get(&(run, key.clone()));
            step.is_none_or(|step| step.completed_at.is_none())
        });
        Ok(keys)
    }
}

impl BreaksCompletion for PollReleases {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        match completion.status {
            StepStatus::Pending => self.0.release_step_claim(completion.run, completion.key),
            _ => Ok(()),
        }
    }
}

impl RunRuntimeStore for KeepsClaimsOfSuccess {
    fn release_step_claim(&mut self, run: RunId, key: &str) -> Answer<()> {
        let step = self.space()?.steps.get(&(run, key.to_owned()));
        match step.is_some_and(|step| step.status == StepStatus::Succeeded) {
            true => Ok(()),
            false => self.0.release_step_claim(run, key),
        }
    }
}

impl RunRuntimeStore for ClaimsJoinSteps {
    fn get_claimed_step_keys(&mut self, run: RunId) -> Answer<Vec<String>> {
        let mut keys = self.0.get_claimed_step_keys(run)?;
        let steps = &self.space()?.steps;
        keys.retain(|key| steps.contains_key(&(run, key.clone())));
        Ok(keys)
    }
}

impl RunRuntimeStore for StaleList {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        let granted = self.model.try_claim_step(run, key)?;
        self.note(run, key);
        Ok(granted)
    }

    fn get_claimed_step_keys(&mut self, run: RunId) -> Answer<Vec<String>> {
        self.space()?;
        Ok(self.listed(run))
    }
}

impl RunRuntimeStore for GrantsEveryClaim {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        self.0.try_claim_step(run, key).map(|_| true)
    }
}

impl RunRuntimeStore for GrantsNoClaim {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        self.0.try_claim_step(run, key).map(|_| false)
    }
}

impl BreaksCompletion for CompletionReleases {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        completion.on(&mut self.0)?;
        self.0.release_step_claim(completion.run, completion.key)
    }
}

impl RunStore for EndReleases {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        self.space()?.claims.retain(|(of_run, _)| *of_run != run);
        self.0.complete_run(run, status)
    }
}

keeping! {
    ClaimsAreLeases {
        until: BTreeMap<(RunId, String), Instant>,
    }
}

impl RunRuntimeStore for ClaimsAreLeases {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        let now = self.now();
        let id = (run, key.to_owned());
        if self.until.get(&id).is_some_and(|until| *until < now) {
            self.model.release_step_claim(run, key)?;
        }
        let granted = self.model.try_claim_step(run, key)?;
        if granted {
            self.until.insert(id, now + TimeDelta::hours(1));
        }
        Ok(granted)
    }
}

/// Claims a step unless a claim that is held is taken for the same.
fn claim_unless(
    model: &mut Model,
    run: RunId,
    key: &str,
    is_same: impl Fn(RunId, &str) -> bool,
) -> Answer<bool> {
    let is_taken = model.space()?.claims.iter().any(|(run, key)| is_same(*run, key));
    Ok(!is_taken && model.try_claim_step(run, key)?)
}

impl RunRuntimeStore for ClaimsLackRun {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        claim_unless(&mut self.0, run, key, |_, held| held == key)
    }
}

impl RunRuntimeStore for ClaimsLackKey {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        claim_unless(&mut self.0, run, key, |of_run, _| of_run == run)
    }
}

impl RunRuntimeStore for FoldsClaimedKeys {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        claim_unless(&mut self.0, run, key, |of_run, held| {
            of_run == run && held.eq_ignore_ascii_case(key)
        })
    }
}

impl RunRuntimeStore for TrimsClaimedKeys {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        claim_unless(&mut self.0, run, key, |of_run, held| {
            of_run == run && held.trim_end() == key.trim_end()
        })
    }
}

impl RunRuntimeStore for CutsClaimedKeys {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        let key: String = key.chars().take(256).collect();
        self.0.try_claim_step(run, &key)
    }
}

impl RunRuntimeStore for OneClaimForAll {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        let granted = self.0.try_claim_step(run, key)?;
        let id = (run, key.to_owned());
        let spaces = self.state().namespaces.values();
        Ok(granted && spaces.filter(|space| space.claims.contains(&id)).count() == 1)
    }
}

impl RunRuntimeStore for ClaimNeedsRun {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        self.space()?.runs.get(&run).ok_or_else(missing_parent)?;
        self.0.try_claim_step(run, key)
    }
}

impl RunRuntimeStore for ReleaseIsAStub {
    fn release_step_claim(&mut self, _run: RunId, _key: &str) -> Answer<()> {
        self.space().map(|_| ())
    }
}

impl RunRuntimeStore for ReleasingNothingFails {
    fn release_step_claim(&mut self, run: RunId, key: &str) -> Answer<()> {
        match self.space()?.claims.contains(&(run, key.to_owned())) {
            true => self.0.release_step_claim(run, key),
            false => Err(Error::NotFound),
        }
    }
}

impl RunRuntimeStore for ReleasesWholeRun {
    fn release_step_claim(&mut self, run: RunId, _key: &str) -> Answer<()> {
        self.space()?.claims.retain(|(of_run, _)| *of_run != run);
        Ok(())
    }
}

impl RunRuntimeStore for ReleasesDispatchToo {
    fn release_step_claim(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.dispatches.remove(&(run, key.to_owned()));
        self.0.release_step_claim(run, key)
    }
}

impl RunRuntimeStore for ReleasesStepToo {
    fn release_step_claim(&mut self, run: RunId, key: &str) -> Answer<()> {
        self.space()?.steps.remove(&(run, key.to_owned()));
        self.0.release_step_claim(run, key)
    }
}

impl Backend for OpenFreesClaims {
    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        self.0.open(config)?;
        self.space()?.claims.clear();
        Ok(())
    }
}

impl RunRuntimeStore for ClaimNeedsStep {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        step(self.space()?, run, key).ok_or_else(missing_parent)?;
        self.0.try_claim_step(run, key)
    }
}

impl RunRuntimeStore for ReleasesWithin {
    fn release_step_claim(&mut self, run: RunId, key: &str) -> Answer<()> {
        let within = format!("{key}.");
        let claims = &mut self.space()?.claims;
        claims.retain(|(of_run, other)| *of_run != run || !other.starts_with(&within));
        self.0.release_step_claim(run, key)
    }
}

impl RunRuntimeStore for ReleasesByPattern {
    fn release_step_claim(&mut self, run: RunId, key: &str) -> Answer<()> {
        let is_like = |held: &str| {
            let mut pairs = held.chars().zip(key.chars());
            held.chars().count() == key.chars().count() && pairs.all(|(a, b)| a == b || b == '_')
        };
        self.space()?.claims.retain(|(of_run, held)| *of_run != run || !is_like(held));
        Ok(())
    }
}

keeping! {
    CountsClaims {
        asked: BTreeMap<(RunId, String), u32>,
    }
}

impl RunRuntimeStore for CountsClaims {
    fn try_claim_step(&mut self, run: RunId, key: &str) -> Answer<bool> {
        *self.asked.entry((run, key.to_owned())).or_default() += 1;
        self.model.try_claim_step(run, key)
    }

    fn release_step_claim(&mut self, run: RunId, key: &str) -> Answer<()> {
        let asked = self.asked.entry((run, key.to_owned())).or_default();
        *asked = asked.saturating_sub(1);
        if *asked == 0 { self.model.release_step_claim(run, key) } else { Ok(()) }
    }
}
