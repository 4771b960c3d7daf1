use std::collections::BTreeSet;

use plimsoll_contract::{Answer, Error, FlowId, FlowRun, Instant, Page, RunId, StartRun};
use plimsoll_model::{Model, Namespace, RetentionStore, RunStore, Spec, State};

use crate::broken::{in_nanoseconds, models, retention_store, run_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "retention-store/sweeps-what-was-reopened-meanwhile",
        clause: "RETENTION-2",
        how: "chooses the runs that it removes, and does not look at them again",
        dies: &[(
            "retention-store/reopened-run-removed-by-sweep-under-way",
            "runs that were seen running and are gone",
        )],
        backend: racy::stale_sweep,
    },
    Mutant {
        id: "retention-store/removes-at-the-cutoff",
        clause: "RETENTION-1",
        how: "removes runs that completed at the cutoff too",
        dies: &[("retention-store/run-at-cutoff-removed", "before it is gone, at it and after it")],
        backend: retention_store::<RemovesAtCutoff>,
    },
    Mutant {
        id: "retention-store/cleanup-is-a-stub",
        clause: "RETENTION-1",
        how: "removes nothing",
        dies: &[("retention-store/run-at-cutoff-removed", "before it is gone, at it and after it")],
        backend: retention_store::<CleanupIsAStub>,
    },
    Mutant {
        id: "retention-store/keeps-the-run",
        clause: "RETENTION-1",
        how: "removes what belongs to a run and leaves its own row",
        dies: &[("retention-store/run-at-cutoff-removed", "before it is gone, at it and after it")],
        backend: retention_store::<KeepsRun>,
    },
    Mutant {
        id: "retention-store/age-begins-with-the-start",
        clause: "RETENTION-2",
        how: "removes runs that started before the cutoff",
        dies: &[("retention-store/running-run-removed", "a running run stays")],
        backend: retention_store::<AgeBeginsWithStart>,
    },
    Mutant {
        id: "retention-store/end-of-attempts-is-the-end",
        clause: "RETENTION-2",
        how: "takes the end of its attempts for the end of a run, reopened or not",
        dies: &[("retention-store/running-run-removed", "so does a reopened one")],
        backend: retention_store::<EndOfAttemptsIsEnd>,
    },
    Mutant {
        id: "retention-store/keeps-steps",
        clause: "RETENTION-3",
        how: "leaves the steps of a removed run",
        dies: &[("retention-store/history-kept", "the steps are gone")],
        backend: retention_store::<KeepsSteps>,
    },
    Mutant {
        id: "retention-store/keeps-the-run-in-an-index",
        clause: "RETENTION-3",
        how: "lists a run of a flow once for each time that its id was started",
        dies: &[("retention-store/history-kept", "once, in the list of its flow")],
        backend: run_store::<KeepsRunInIndex<OF_FLOW>>,
    },
    Mutant {
        id: "retention-store/keeps-the-run-in-the-list-of-all",
        clause: "RETENTION-3",
        how: "lists a run once for each time that its id was started, where no flow is asked for",
        dies: &[("retention-store/history-kept", "once, in the list of every run")],
        backend: run_store::<KeepsRunInIndex<OF_ALL>>,
    },
    Mutant {
        id: "retention-store/keeps-the-run-among-the-active",
        clause: "RETENTION-3",
        how: "lists an active run once for each time that its id was started",
        dies: &[("retention-store/history-kept", "once, in the list of active runs")],
        backend: run_store::<KeepsRunInIndex<ACTIVE>>,
    },
    Mutant {
        id: "retention-store/keeps-attempts",
        clause: "RETENTION-3",
        how: "leaves the attempts of a removed run",
        dies: &[("retention-store/history-kept", "the new run counts from 1")],
        backend: retention_store::<KeepsAttempts>,
    },
    Mutant {
        id: "retention-store/keeps-claims",
        clause: "RETENTION-4",
        how: "leaves the claims of a removed run",
        dies: &[
            ("retention-store/claims-kept", "no claim is listed"),
            ("retention-store/claims-kept", "`started` can be claimed"),
        ],
        backend: retention_store::<KeepsClaims>,
    },
    Mutant {
        id: "retention-store/deletes-claims-by-step",
        clause: "RETENTION-4",
        how: "leaves the claims of steps that never started",
        dies: &[("retention-store/claims-kept", "`unstarted` can be claimed")],
        backend: retention_store::<DeletesClaimsByStep>,
    },
    Mutant {
        id: "retention-store/keeps-dispatches",
        clause: "RETENTION-4",
        how: "leaves a removed run in the dispatch ledger",
        dies: &[
            ("retention-store/dispatches-kept", "no entry is listed"),
            ("retention-store/dispatches-kept", "the step can be dispatched"),
        ],
        backend: retention_store::<KeepsDispatches>,
    },
    Mutant {
        id: "retention-store/keeps-outputs",
        clause: "RETENTION-5",
        how: "leaves the outputs of a removed run",
        dies: &[("retention-store/outputs-kept", "the output is gone")],
        backend: retention_store::<KeepsOutputs>,
    },
    Mutant {
        id: "retention-store/keeps-inputs",
        clause: "RETENTION-5",
        how: "leaves the inputs of a removed run",
        dies: &[("retention-store/outputs-kept", "the input is gone")],
        backend: retention_store::<KeepsInputs>,
    },
    Mutant {
        id: "retention-store/keeps-the-trigger",
        clause: "RETENTION-5",
        how: "leaves trigger data and headers of a removed run",
        dies: &[
            ("retention-store/outputs-kept", "the trigger data are gone"),
            ("retention-store/outputs-kept", "the headers are gone"),
        ],
        backend: retention_store::<KeepsTrigger>,
    },
    Mutant {
        id: "retention-store/keeps-events",
        clause: "RETENTION-6",
        how: "leaves the events of a removed run",
        dies: &[("retention-store/events-kept", "the events are gone")],
        backend: retention_store::<KeepsEvents>,
    },
    Mutant {
        id: "retention-store/keeps-waiters",
        clause: "RETENTION-7",
        how: "leaves the waiters of a removed run",
        dies: &[("retention-store/waiters-kept", "the waiter of `wait-again` is gone")],
        backend: retention_store::<KeepsWaiters>,
    },
    Mutant {
        id: "retention-store/keeps-delivered-waiters",
        clause: "RETENTION-7",
        how: "removes only the waiters that still wait",
        dies: &[("retention-store/waiters-kept", "the waiter of `wait` is gone")],
        backend: retention_store::<KeepsDeliveredWaiters>,
    },
    Mutant {
        id: "retention-store/keeps-the-control-record",
        clause: "RETENTION-8",
        how: "leaves the control record of a removed run",
        dies: &[("retention-store/control-kept", "the record is gone")],
        backend: retention_store::<KeepsControls>,
    },
    Mutant {
        id: "retention-store/keeps-idempotency-keys",
        clause: "RETENTION-8",
        how: "leaves the idempotency keys of a removed run",
        dies: &[
            ("retention-store/idempotency-key-kept", "of `webhook` finds nothing"),
            ("retention-store/idempotency-key-kept", "it can be registered"),
        ],
        backend: retention_store::<KeepsKeys>,
    },
    Mutant {
        id: "retention-store/empties-the-other-tables",
        clause: "RETENTION-9",
        how: "empties every table of a run's belongings, whichever run they belong to",
        dies: &[
            ("retention-store/kept-run-loses-data", "run and steps stay"),
            ("retention-store/kept-run-loses-data", "the claim stays"),
            ("retention-store/kept-run-loses-data", "the dispatch entry stays"),
            ("retention-store/kept-run-loses-data", "the output stays"),
            ("retention-store/kept-run-loses-data", "the event stays"),
            ("retention-store/kept-run-loses-data", "the waiter stays"),
            ("retention-store/kept-run-loses-data", "the control record stays"),
        ],
        backend: retention_store::<EmptiesOtherTables>,
    },
    Mutant {
        id: "retention-store/removes-definitions",
        clause: "RETENTION-9",
        how: "removes the definitions that were last changed before the cutoff",
        dies: &[("retention-store/definitions-removed", "the definition stays")],
        backend: retention_store::<RemovesDefinitions>,
    },
    Mutant {
        id: "retention-store/removes-schedules",
        clause: "RETENTION-9",
        how: "removes the schedules that were last changed before the cutoff",
        dies: &[("retention-store/definitions-removed", "the schedule stays")],
        backend: retention_store::<RemovesSchedules>,
    },
    Mutant {
        id: "retention-store/removing-nothing-is-an-error",
        clause: "RETENTION-11",
        how: "puts an empty list of runs into its statement",
        dies: &[("retention-store/empty-sweep-fails", "is a no-op")],
        backend: retention_store::<RemovingNothingFails>,
    },
    Mutant {
        id: "retention-store/sweeps-table-by-table",
        clause: "RETENTION-10",
        how: "chooses the runs once and deletes table by table, without a lock",
        dies: &[("retention-store/run-removed-in-parts", "each run is whole or gone")],
        backend: racy::in_parts,
    },
    Mutant {
        id: "retention-store/deletes-attempts-by-step",
        clause: "RETENTION-3",
        how: "leaves the attempts of steps that were reset",
        dies: &[("retention-store/history-of-reset-step-kept", "the new run counts from 1")],
        backend: retention_store::<DeletesAttemptsByStep>,
    },
    Mutant {
        id: "retention-store/clears-the-webhook-log",
        clause: "RETENTION-9",
        how: "removes the rows of the webhook log that are older than the cutoff",
        dies: &[("retention-store/webhook-rows-removed", "the row stays")],
        backend: retention_store::<ClearsLog>,
    },
    Mutant {
        id: "retention-store/sweeps-every-namespace",
        clause: "BACKEND-19",
        how: "removes the old runs of all namespaces",
        dies: &[("retention-store/namespaces-mixed", "the run stays")],
        backend: retention_store::<SweepsEveryNamespace>,
    },
    Mutant {
        id: "retention-store/forgets-every-key",
        clause: "RETENTION-9",
        how: "removes the idempotency keys of runs that stay too",
        dies: &[("retention-store/kept-run-loses-data", "the idempotency key stays")],
        backend: retention_store::<ForgetsEveryKey>,
    },
    Mutant {
        id: "retention-store/sweeps-in-nanoseconds",
        clause: "BACKEND-12",
        how: "fails over a cutoff whose nanoseconds overflow 64 bits",
        dies: &[("retention-store/absurd-cutoff-kills", "gave no value: timestamp out of range")],
        backend: retention_store::<SweepsInNanoseconds>,
    },
    Mutant {
        id: "retention-store/sweeps-a-thousand",
        clause: "RETENTION-1",
        how: "removes a thousand runs at the most",
        dies: &[("retention-store/sweep-has-a-limit", "none is left")],
        backend: retention_store::<SweepsAThousand>,
    },
    Mutant {
        id: "retention-store/clears-the-source",
        clause: "RETENTION-9",
        how: "forgets the source of a run with the source",
        dies: &[("retention-store/kept-run-loses-data", "run and steps stay")],
        backend: retention_store::<ClearsSources>,
    },
    Mutant {
        id: "retention-store/removes-one-key",
        clause: "RETENTION-8",
        how: "removes one of the idempotency keys of a run",
        dies: &[("retention-store/idempotency-key-kept", "finds nothing")],
        backend: retention_store::<RemovesOneKey>,
    },
    Mutant {
        id: "retention-store/purges-nonces",
        clause: "REPLAY-4",
        how: "removes the nonces that expired before the cutoff",
        dies: &[("retention-store/nonces-removed", "the nonce still blocks")],
        backend: retention_store::<PurgesNonces>,
    },
    Mutant {
        id: "retention-store/timeouts-are-completions",
        clause: "RETENTION-2",
        how: "takes the timeout of a run that has not completed for its completion",
        dies: &[("retention-store/flagged-run-removed", "one that has timed out")],
        backend: retention_store::<TimeoutsAreCompletions>,
    },
    Mutant {
        id: "retention-store/keeps-events-of-later",
        clause: "RETENTION-6",
        how: "leaves the events of a removed run whose timestamp is not before the cutoff",
        dies: &[("retention-store/events-kept", "the events are gone")],
        backend: retention_store::<KeepsLaterEvents>,
    },
];

/// A mutant with an index beside the runs, which one of the lists comes from.
#[derive(Default)]
struct KeepsRunInIndex<const LIST: u8> {
    model: Model,
    started: Vec<RunId>,
}

const OF_FLOW: u8 = 0;
const OF_ALL: u8 = 1;
const ACTIVE: u8 = 2;

impl<const LIST: u8> KeepsRunInIndex<LIST> {
    fn by_starts(&self, runs: Vec<FlowRun>) -> Vec<FlowRun> {
        let starts = |run: &FlowRun| self.started.iter().filter(|id| **id == run.id).count();
        runs.into_iter().flat_map(|run| vec![run.clone(); starts(&run)]).collect()
    }
}

impl<const LIST: u8> Spec for KeepsRunInIndex<LIST> {
    fn state(&mut self) -> &mut State {
        self.model.state()
    }
}

impl<const LIST: u8> RunStore for KeepsRunInIndex<LIST> {
    fn start_run(&mut self, start: &StartRun) -> Answer<FlowRun> {
        let run = self.model.start_run(start)?;
        self.started.push(run.id);
        Ok(run)
    }

    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let runs = self.model.get_runs(flow, page)?;
        match (LIST, flow) {
            (OF_FLOW, Some(_)) | (OF_ALL, None) => Ok(self.by_starts(runs)),
            _ => Ok(runs),
        }
    }

    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        let runs = self.model.get_active_runs()?;
        Ok(if LIST == ACTIVE { self.by_starts(runs) } else { runs })
    }
}

models! {
    KeepsLaterEvents
    TimeoutsAreCompletions
    PurgesNonces
    RemovesOneKey
    RemovesAtCutoff CleanupIsAStub KeepsRun AgeBeginsWithStart EndOfAttemptsIsEnd KeepsSteps
    KeepsAttempts KeepsClaims DeletesClaimsByStep KeepsDispatches KeepsOutputs KeepsInputs
    KeepsTrigger KeepsEvents KeepsWaiters KeepsDeliveredWaiters KeepsControls KeepsKeys
    EmptiesOtherTables RemovesDefinitions RemovesSchedules RemovingNothingFails
    DeletesAttemptsByStep ClearsLog SweepsEveryNamespace
    ForgetsEveryKey SweepsInNanoseconds
    SweepsAThousand ClearsSources
}

/// Removes the runs that are old by another rule.
fn remove(model: &mut Model, cutoff: Instant, is_old: impl Fn(&FlowRun) -> bool) -> Answer<()> {
    let space = model.space()?;
    let before = space.runs.clone();
    for run in space.runs.values_mut() {
        run.completed_at = is_old(run).then_some(Instant::MIN_UTC);
    }
    model.cleanup(cutoff)?;
    model.space()?.runs.retain(|id, run| {
        run.clone_from(&before[id]);
        true
    });
    Ok(())
}

impl RetentionStore for RemovesAtCutoff {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        remove(&mut self.0, cutoff, |run| run.completed_at.is_some_and(|at| at <= cutoff))
    }
}

impl RetentionStore for CleanupIsAStub {
    fn cleanup(&mut self, _cutoff: Instant) -> Answer<()> {
        self.space().map(|_| ())
    }
}

impl RetentionStore for AgeBeginsWithStart {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        remove(&mut self.0, cutoff, |run| run.started_at < cutoff)
    }
}

impl RetentionStore for EndOfAttemptsIsEnd {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        let attempts = self.space()?.attempts.clone();
        remove(&mut self.0, cutoff, |run| {
            let of_run = attempts.iter().filter(|((of_run, _), _)| *of_run == run.id);
            let ended =
                of_run.flat_map(|(_, attempts)| attempts).map(|attempt| attempt.completed_at);
            ended.max().flatten().is_some_and(|at| at < cutoff)
        })
    }
}

/// Sweeps, and takes something from the state before.
fn sweep_and_keep(
    model: &mut Model,
    cutoff: Instant,
    keep: impl FnOnce(&mut Namespace, Namespace),
) -> Answer<()> {
    let before = model.space()?.clone();
    model.cleanup(cutoff)?;
    keep(model.space()?, before);
    Ok(())
}

macro_rules! keep_tables {
    ($($mutant:ident: $($table:ident)*;)*) => {
        $(impl RetentionStore for $mutant {
            fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
                sweep_and_keep(&mut self.0, cutoff, |space, before| {
                    $(space.$table = before.$table;)*
                })
            }
        })*
    };
}

keep_tables! {
    KeepsRun: runs;
    KeepsSteps: steps;
    KeepsAttempts: attempts;
    KeepsClaims: claims;
    KeepsDispatches: dispatches;
    KeepsOutputs: outputs;
    KeepsInputs: inputs;
    KeepsTrigger: trigger_data trigger_headers;
    KeepsEvents: events;
    KeepsWaiters: waiters;
    KeepsControls: controls;
    KeepsKeys: idempotency_keys;
}

impl RetentionStore for DeletesClaimsByStep {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        sweep_and_keep(&mut self.0, cutoff, |space, before| {
            space.claims = before.claims;
            space
                .claims
                .retain(|id| space.steps.contains_key(id) || !before.steps.contains_key(id));
        })
    }
}

impl RetentionStore for KeepsDeliveredWaiters {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        sweep_and_keep(&mut self.0, cutoff, |space, before| {
            let waiters = before.waiters.into_iter();
            space.waiters.extend(waiters.filter(|(_, waiter)| waiter.delivered_at.is_some()));
        })
    }
}

impl RetentionStore for EmptiesOtherTables {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.0.cleanup(cutoff)?;
        let space = self.space()?;
        *space = Namespace {
            definitions: std::mem::take(&mut space.definitions),
            runs: std::mem::take(&mut space.runs),
            schedules: std::mem::take(&mut space.schedules),
            webhook_rows: std::mem::take(&mut space.webhook_rows),
            nonces: std::mem::take(&mut space.nonces),
            ..Namespace::default()
        };
        Ok(())
    }
}

impl RetentionStore for RemovesDefinitions {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.space()?.definitions.retain(|_, definition| definition.updated_at >= cutoff);
        self.0.cleanup(cutoff)
    }
}

impl RetentionStore for RemovesSchedules {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.space()?.schedules.retain(|_, schedule| schedule.updated_at >= cutoff);
        self.0.cleanup(cutoff)
    }
}

impl RetentionStore for RemovingNothingFails {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        let before = self.space()?.runs.len();
        self.0.cleanup(cutoff)?;
        match self.space()?.runs.len() == before {
            true => Err(Error::Other("syntax error near `)`".to_owned())),
            false => Ok(()),
        }
    }
}

impl RetentionStore for DeletesAttemptsByStep {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        sweep_and_keep(&mut self.0, cutoff, |space, before| {
            let attempts = before.attempts.into_iter();
            space.attempts.extend(attempts.filter(|(id, _)| !before.steps.contains_key(id)));
        })
    }
}

impl RetentionStore for ClearsLog {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.space()?.webhook_rows.retain(|row| row.received_at >= cutoff);
        self.0.cleanup(cutoff)
    }
}

impl RetentionStore for SweepsEveryNamespace {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.space()?;
        let open = self.state().open.clone();
        let names: Vec<_> = self.state().namespaces.keys().cloned().collect();
        let swept = names.into_iter().try_for_each(|name| {
            self.state().open = Some(name);
            self.0.cleanup(cutoff)
        });
        self.state().open = open;
        swept
    }
}

impl RetentionStore for ForgetsEveryKey {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.0.cleanup(cutoff)?;
        self.space()?.idempotency_keys.clear();
        Ok(())
    }
}

impl RetentionStore for SweepsInNanoseconds {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.0.cleanup(in_nanoseconds(cutoff)?)
    }
}

impl RetentionStore for SweepsAThousand {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        let runs = self.space()?.runs.values();
        let old = runs.filter(|run| run.completed_at.is_some_and(|at| at < cutoff));
        let batch: BTreeSet<_> = old.take(1_000).map(|run| run.id).collect();
        remove(&mut self.0, cutoff, |run| batch.contains(&run.id))
    }
}

impl RetentionStore for ClearsSources {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.0.cleanup(cutoff)?;
        let runs = &mut self.space()?.runs;
        let left: BTreeSet<_> = runs.keys().copied().collect();
        for run in runs.values_mut() {
            run.source_run_id = run.source_run_id.filter(|source| left.contains(source));
        }
        Ok(())
    }
}

impl RetentionStore for RemovesOneKey {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        let before = self.space()?.idempotency_keys.clone();
        self.0.cleanup(cutoff)?;
        let keys = &mut self.space()?.idempotency_keys;
        let removed = before.into_iter().filter(|(key, _)| !keys.contains_key(key)).skip(1);
        let kept: Vec<_> = removed.collect();
        keys.extend(kept);
        Ok(())
    }
}

impl RetentionStore for PurgesNonces {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        self.space()?.nonces.retain(|_, expires_at| *expires_at >= cutoff);
        self.0.cleanup(cutoff)
    }
}

impl RetentionStore for TimeoutsAreCompletions {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        let controls = self.space()?.controls.clone();
        remove(&mut self.0, cutoff, |run| {
            let timed_out_at = controls.get(&run.id).and_then(|control| control.timed_out_at);
            run.completed_at.or(timed_out_at).is_some_and(|at| at < cutoff)
        })
    }
}

impl RetentionStore for KeepsLaterEvents {
    fn cleanup(&mut self, cutoff: Instant) -> Answer<()> {
        let before = self.space()?.events.clone();
        self.0.cleanup(cutoff)?;
        for (run, mut events) in before {
            events.retain(|event| event.timestamp >= cutoff);
            self.space()?.events.entry(run).or_insert(events);
        }
        Ok(())
    }
}
