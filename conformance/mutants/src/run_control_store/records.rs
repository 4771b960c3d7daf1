//! Mutants of the control record: configuration, cancellation, timeouts.

use chrono::{DateTime, SubsecRound, TimeDelta};
use plimsoll_contract::{Answer, FlowId, Instant, RunControl, RunId};
use plimsoll_model::{Model, Namespace, RunControlStore, Spec};

use crate::broken::{missing_parent, models, run_control_store, whole_before_1970};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-control-store/stores-the-normalised-key",
        clause: "CONTROL-1",
        how: "trims and lowers the key of the record",
        dies: &[("run-control-store/configuration-lost", "the record holds what was given")],
        backend: run_control_store::<StoresNormalisedKey>,
    },
    Mutant {
        id: "run-control-store/drops-the-deadline",
        clause: "CONTROL-1",
        how: "does not store the deadline",
        dies: &[("run-control-store/configuration-lost", "the record holds what was given")],
        backend: run_control_store::<DropsDeadline>,
    },
    Mutant {
        id: "run-control-store/run-is-a-foreign-key",
        clause: "CONTROL-2",
        how: "refuses the record of a run that it does not have",
        dies: &[(
            "run-control-store/configuration-needs-run",
            "gave no value: violates a foreign key",
        )],
        backend: run_control_store::<ConfigurationNeedsRun>,
    },
    Mutant {
        id: "run-control-store/cancellation-joins-the-run",
        clause: "CONTROL-2",
        how: "cancels only runs that it has",
        dies: &[("run-control-store/configuration-needs-run", "the run can be cancelled")],
        backend: run_control_store::<CancellationJoinsRun>,
    },
    Mutant {
        id: "run-control-store/configuring-replaces-the-record",
        clause: "CONTROL-3",
        how: "replaces the whole record",
        dies: &[("run-control-store/configuring-clears-flags", "flags, reason and instants stay")],
        backend: run_control_store::<ConfiguringReplaces>,
    },
    Mutant {
        id: "run-control-store/first-configuration-counts",
        clause: "CONTROL-3",
        how: "leaves a record alone that is there",
        dies: &[("run-control-store/configuring-changes-nothing", "the four values are replaced")],
        backend: run_control_store::<FirstConfigurationCounts>,
    },
    Mutant {
        id: "run-control-store/configuring-registers",
        clause: "CONTROL-4",
        how: "registers the key of the record",
        dies: &[
            ("run-control-store/configuring-registers-key", "the key is not found"),
            ("run-control-store/configuring-registers-key", "it can be registered"),
        ],
        backend: run_control_store::<ConfiguringRegisters>,
    },
    Mutant {
        id: "run-control-store/created-at-is-the-reading",
        clause: "CONTROL-5",
        how: "answers the present instant as created-at",
        dies: &[("run-control-store/control-read-differs", "both reads are the same")],
        backend: run_control_store::<CreatedAtIsReading>,
    },
    Mutant {
        id: "run-control-store/makes-up-records",
        clause: "CONTROL-5",
        how: "creates the record that it is to read",
        dies: &[("run-control-store/control-read-differs", "an unknown run has none")],
        backend: run_control_store::<MakesUpRecords>,
    },
    Mutant {
        id: "run-control-store/cancels-without-an-instant",
        clause: "CONTROL-6",
        how: "sets flag and reason and not cancel-requested-at",
        dies: &[(
            "run-control-store/cancellation-not-recorded",
            "flag, reason and instant are set",
        )],
        backend: run_control_store::<CancelsWithoutInstant>,
    },
    Mutant {
        id: "run-control-store/cancels-without-saying-so",
        clause: "CONTROL-6",
        how: "cancels a run and answers false",
        dies: &[("run-control-store/cancellation-not-recorded", "the caller is told yes")],
        backend: run_control_store::<CancelsSilently>,
    },
    Mutant {
        id: "run-control-store/every-cancellation-counts",
        clause: "CONTROL-7",
        how: "cancels without looking at the flag",
        dies: &[
            ("run-control-store/second-cancellation-wins", "the second caller is told no"),
            ("run-control-store/second-cancellation-wins", "nothing has changed"),
        ],
        backend: run_control_store::<EveryCancellationCounts>,
    },
    Mutant {
        id: "run-control-store/cancelling-makes-a-record-up",
        clause: "CONTROL-8",
        how: "creates the record that it is to flag",
        dies: &[
            ("run-control-store/cancelling-unknown-creates", "the caller is told no"),
            ("run-control-store/cancelling-unknown-creates", "no record was created"),
        ],
        backend: run_control_store::<CancellingCreates>,
    },
    Mutant {
        id: "run-control-store/two-callers-cancel-one-run",
        clause: "CONTROL-9",
        how: "looks at the flag and sets it in two steps",
        dies: &[
            ("run-control-store/cancel-race-has-two-winners", "one caller is told that"),
            ("run-control-store/flags-in-no-order", "the flags of one run"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-control-store/time-out-sets-no-flag",
        clause: "CONTROL-10",
        how: "leaves the cancel flag alone when a run times out",
        dies: &[("run-control-store/timeout-not-recorded", "the cancel flag is set")],
        backend: run_control_store::<TimeOutSetsNoFlag>,
    },
    Mutant {
        id: "run-control-store/time-out-moves-the-cancellation",
        clause: "CONTROL-10",
        how: "stamps cancel-requested-at anew when a run times out",
        dies: &[(
            "run-control-store/timeout-not-recorded",
            "cancel-requested-at is the first time",
        )],
        backend: run_control_store::<TimeOutMovesCancellation>,
    },
    Mutant {
        id: "run-control-store/times-out-without-saying-so",
        clause: "CONTROL-10",
        how: "marks a run and answers false",
        dies: &[("run-control-store/timeout-not-recorded", "the caller is told yes")],
        backend: run_control_store::<TimesOutSilently>,
    },
    Mutant {
        id: "run-control-store/every-time-out-counts",
        clause: "CONTROL-11",
        how: "marks a run without looking whether it was marked",
        dies: &[
            ("run-control-store/second-timeout-wins", "the second caller is told no"),
            ("run-control-store/second-timeout-wins", "nothing has changed"),
        ],
        backend: run_control_store::<EveryTimeOutCounts>,
    },
    Mutant {
        id: "run-control-store/timing-out-makes-a-record-up",
        clause: "CONTROL-12",
        how: "creates the record that it is to mark",
        dies: &[("run-control-store/timing-out-unknown-creates", "no record was created")],
        backend: run_control_store::<TimingOutCreates>,
    },
    Mutant {
        id: "run-control-store/late-cancellation-gives-the-reason",
        clause: "CONTROL-7",
        how: "takes the reason of a cancellation that comes after a timeout without one",
        dies: &[("run-control-store/second-cancellation-wins", "nothing has changed")],
        backend: run_control_store::<FillsTheReasonIn>,
    },
    Mutant {
        id: "run-control-store/empty-reason-is-none",
        clause: "CONTROL-13",
        how: "keeps the reason that is there when the new one is empty",
        dies: &[("run-control-store/timeout-erases-reason", "timeout with \"\"")],
        backend: run_control_store::<EmptyReasonIsNone>,
    },
    Mutant {
        id: "run-control-store/time-out-erases-the-reason",
        clause: "CONTROL-13",
        how: "replaces the reason by none",
        dies: &[("run-control-store/timeout-erases-reason", "after a timeout with none")],
        backend: run_control_store::<TimeOutErasesReason>,
    },
    Mutant {
        id: "run-control-store/time-out-keeps-the-first-reason",
        clause: "CONTROL-13",
        how: "keeps a reason that is there whatever the new one",
        dies: &[("run-control-store/timeout-erases-reason", "timeout with \"too late\"")],
        backend: run_control_store::<TimeOutKeepsReason>,
    },
    Mutant {
        id: "run-control-store/two-callers-time-one-run-out",
        clause: "CONTROL-15",
        how: "looks at timed-out-at and sets it in two steps",
        dies: &[
            ("run-control-store/timeout-race-has-two-winners", "one caller is told that"),
            ("run-control-store/flags-in-no-order", "the flags of one run"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-control-store/odd-deadline-wraps-around",
        clause: "BACKEND-12",
        how: "stores a deadline after year 9999 as the first day of 1970",
        dies: &[("run-control-store/absurd-deadline-kills", "the deadline is kept as it was")],
        backend: run_control_store::<OddDeadlineWraps>,
    },
    Mutant {
        id: "run-control-store/odd-deadline-panics",
        clause: "BACKEND-12",
        how: "panics over a deadline so late that adding to it leaves the calendar",
        dies: &[("run-control-store/absurd-deadline-kills", "the backend panicked")],
        backend: run_control_store::<OddDeadlinePanics>,
    },
    Mutant {
        id: "run-control-store/deadlines-end-in-2262",
        clause: "BACKEND-11",
        how: "keeps deadlines in nanoseconds, and so none after the year 2262",
        dies: &[("run-control-store/far-deadline-lost", "the deadline is kept")],
        backend: run_control_store::<DeadlinesEndIn2262>,
    },
    Mutant {
        id: "run-control-store/deadlines-in-milliseconds",
        clause: "BACKEND-10",
        how: "keeps deadlines in milliseconds",
        dies: &[("run-control-store/deadline-microseconds-lost", "the deadline is kept")],
        backend: run_control_store::<DeadlinesInMilliseconds>,
    },
    Mutant {
        id: "run-control-store/configuring-writes-old-flags-back",
        clause: "CONTROL-3",
        how: "reads a record, changes it and writes it back as a whole",
        dies: &[("run-control-store/configuring-race-loses-cancellation", "cancelled")],
        backend: racy::stale_fields,
    },
    Mutant {
        id: "run-control-store/time-out-writes-the-old-reason-back",
        clause: "CONTROL-13",
        how: "reads the reason of a run, times it out and writes the reason back",
        dies: &[("run-control-store/timeout-race-erases-reason", "its reason is kept")],
        backend: racy::stale_fields,
    },
    Mutant {
        id: "run-control-store/cuts-reasons",
        clause: "BACKEND-6",
        how: "cuts the reason of a cancellation to 65,535 characters",
        dies: &[("run-control-store/long-reason-cut", "the reason of the cancellation is whole")],
        backend: run_control_store::<CutsReasons>,
    },
    Mutant {
        id: "run-control-store/trims-reasons",
        clause: "BACKEND-4",
        how: "removes the blanks around the reason of a cancellation",
        dies: &[("backend/free-text-changed", "the reason of a cancellation")],
        backend: run_control_store::<TrimsReasons>,
    },
    Mutant {
        id: "run-control-store/second-cancellation-gives-the-reason",
        clause: "CONTROL-7",
        how: "takes the reason of a second cancellation where the first gave none",
        dies: &[("run-control-store/second-cancellation-wins", "nothing has changed")],
        backend: run_control_store::<SecondGivesReason>,
    },
    Mutant {
        id: "run-control-store/new-deadline-takes-time-out-back",
        clause: "CONTROL-3",
        how: "forgets that a run timed out when it gets another deadline",
        dies: &[("run-control-store/configuring-clears-flags", "with a new deadline too")],
        backend: run_control_store::<DeadlineTakesBack>,
    },
    Mutant {
        id: "run-control-store/cancelling-records-known-runs",
        clause: "CONTROL-8",
        how: "creates the record that it is to flag, for a run that was started",
        dies: &[(
            "run-control-store/cancelling-unknown-creates",
            "also for a run that was started",
        )],
        backend: run_control_store::<CancellingRecordsRuns>,
    },
    Mutant {
        id: "run-control-store/silent-cancellation-counts",
        clause: "CONTROL-13",
        how: "keeps the reason of a cancellation that gave none when the run times out with one",
        dies: &[("run-control-store/timeout-erases-reason", "after a cancellation without one")],
        backend: run_control_store::<SilentCancellationCounts>,
    },
    Mutant {
        id: "run-control-store/configuring-moves-the-cancellation",
        clause: "CONTROL-3",
        how: "takes the instant of the timeout for that of the cancellation when a run is configured again",
        dies: &[("run-control-store/configuring-clears-flags", "flags, reason and instants stay")],
        backend: run_control_store::<ConfiguringMoves>,
    },
    Mutant {
        id: "run-control-store/deadline-loses-its-fraction",
        clause: "CONTROL-1",
        how: "keeps deadlines before 1970 in whole seconds",
        dies: &[("run-control-store/configuration-lost", "the record holds what was given")],
        backend: run_control_store::<DeadlineLosesFraction>,
    },
    Mutant {
        id: "run-control-store/reads-flags-and-reasons-apart",
        clause: "BACKEND-28",
        how: "reads the flag of a record first and the rest later",
        dies: &[("run-control-store/flags-in-no-order", "the flags of one run")],
        backend: racy::flags_in_two_reads,
    },
];

models! {
    SilentCancellationCounts ConfiguringMoves DeadlineLosesFraction
    DeadlineTakesBack CancellingRecordsRuns
    SecondGivesReason
    StoresNormalisedKey DropsDeadline ConfigurationNeedsRun ConfiguringReplaces
    FirstConfigurationCounts ConfiguringRegisters CreatedAtIsReading CancelsWithoutInstant
    EveryCancellationCounts CancellingCreates TimeOutSetsNoFlag TimeOutMovesCancellation
    EveryTimeOutCounts TimingOutCreates TimeOutErasesReason TimeOutKeepsReason OddDeadlineWraps
    OddDeadlinePanics DeadlinesEndIn2262 DeadlinesInMilliseconds MakesUpRecords CancellationJoinsRun CancelsSilently TimesOutSilently
    CutsReasons FillsTheReasonIn EmptyReasonIsNone TrimsReasons
}

/// A call of `configure-run`.
#[derive(Clone, Copy)]
struct Configuration<'a> {
    run: RunId,
    flow: FlowId,
    trigger: &'a str,
    key: Option<&'a str>,
    timeout_at: Option<Instant>,
}

impl Configuration<'_> {
    fn on(self, model: &mut Model) -> Answer<()> {
        model.configure_run(self.run, self.flow, self.trigger, self.key, self.timeout_at)
    }
}

/// A mutant that breaks `configure-run`.
trait BreaksConfiguration {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()>;
}

macro_rules! override_configuration {
    ($($mutant:ident)*) => {
        $(impl RunControlStore for $mutant {
            fn configure_run(
                &mut self,
                run: RunId,
                flow: FlowId,
                trigger: &str,
                key: Option<&str>,
                timeout_at: Option<Instant>,
            ) -> Answer<()> {
                self.configure(Configuration { run, flow, trigger, key, timeout_at })
            }
        })*
    };
}

override_configuration! { DeadlineTakesBack }

override_configuration! {
    StoresNormalisedKey DropsDeadline ConfigurationNeedsRun ConfiguringReplaces
    FirstConfigurationCounts ConfiguringRegisters OddDeadlineWraps OddDeadlinePanics
    DeadlinesEndIn2262 DeadlinesInMilliseconds
}

impl BreaksConfiguration for StoresNormalisedKey {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        let key = configuration.key.map(|key| key.trim().to_lowercase());
        Configuration { key: key.as_deref(), ..configuration }.on(&mut self.0)
    }
}

impl BreaksConfiguration for DropsDeadline {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        Configuration { timeout_at: None, ..configuration }.on(&mut self.0)
    }
}

impl BreaksConfiguration for ConfigurationNeedsRun {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        self.space()?.runs.get(&configuration.run).ok_or_else(missing_parent)?;
        configuration.on(&mut self.0)
    }
}

impl BreaksConfiguration for ConfiguringReplaces {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        self.space()?.controls.remove(&configuration.run);
        configuration.on(&mut self.0)
    }
}

impl BreaksConfiguration for FirstConfigurationCounts {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        match self.space()?.controls.contains_key(&configuration.run) {
            true => Ok(()),
            false => configuration.on(&mut self.0),
        }
    }
}

impl BreaksConfiguration for ConfiguringRegisters {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        let Configuration { run, flow, trigger, key, .. } = configuration;
        if let Some(key) = key {
            self.0.try_register_idempotency_key(flow, trigger, key, run)?;
        }
        configuration.on(&mut self.0)
    }
}

impl RunControlStore for CreatedAtIsReading {
    fn get_run_control(&mut self, run: RunId) -> Answer<Option<RunControl>> {
        let created_at = self.now();
        let control = self.0.get_run_control(run)?;
        Ok(control.map(|control| RunControl { created_at, ..control }))
    }
}

/// Changes a control record, if there is one.
fn amend(space: &mut Namespace, run: RunId, amend: impl FnOnce(&mut RunControl)) {
    space.controls.entry(run).and_modify(amend);
}

impl RunControlStore for CancelsWithoutInstant {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let cancelled = self.0.request_cancel(run, reason)?;
        if cancelled {
            amend(self.space()?, run, |control| control.cancel_requested_at = None);
        }
        Ok(cancelled)
    }
}

impl RunControlStore for EveryCancellationCounts {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        amend(self.space()?, run, |control| control.cancel_requested = false);
        self.0.request_cancel(run, reason)
    }
}

/// Creates a control record of which only the run is known, as an upsert does.
fn make_up_record(model: &mut Model, run: RunId) -> Answer<()> {
    match model.space()?.controls.contains_key(&run) {
        true => Ok(()),
        false => model.configure_run(run, FlowId::default(), "", None, None),
    }
}

impl RunControlStore for CancellingCreates {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        make_up_record(&mut self.0, run)?;
        self.0.request_cancel(run, reason)
    }
}

impl RunControlStore for TimeOutSetsNoFlag {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let before = self.space()?.controls.get(&run).is_some_and(|found| found.cancel_requested);
        let marked = self.0.mark_timed_out(run, reason)?;
        amend(self.space()?, run, |control| control.cancel_requested = before);
        Ok(marked)
    }
}

impl RunControlStore for TimeOutMovesCancellation {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let now = self.now();
        let marked = self.0.mark_timed_out(run, reason)?;
        if marked {
            amend(self.space()?, run, |control| control.cancel_requested_at = Some(now));
        }
        Ok(marked)
    }
}

impl RunControlStore for EveryTimeOutCounts {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        amend(self.space()?, run, |control| control.timed_out_at = None);
        self.0.mark_timed_out(run, reason)
    }
}

impl RunControlStore for TimingOutCreates {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        make_up_record(&mut self.0, run)?;
        self.0.mark_timed_out(run, reason)
    }
}

impl RunControlStore for TimeOutErasesReason {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let marked = self.0.mark_timed_out(run, reason)?;
        if marked {
            amend(self.space()?, run, |control| {
                control.cancel_reason = reason.map(str::to_owned);
            });
        }
        Ok(marked)
    }
}

impl RunControlStore for TimeOutKeepsReason {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let before = self.0.get_run_control(run)?.and_then(|control| control.cancel_reason);
        self.0.mark_timed_out(run, before.as_deref().or(reason))
    }
}

/// The first second of year 10000.
const AFTER_9999: i64 = 253_402_300_800;

impl BreaksConfiguration for OddDeadlineWraps {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        let timeout_at = configuration.timeout_at.map(|at| match at.timestamp() < AFTER_9999 {
            true => at,
            false => Instant::UNIX_EPOCH,
        });
        Configuration { timeout_at, ..configuration }.on(&mut self.0)
    }
}

impl BreaksConfiguration for OddDeadlinePanics {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        // The sum of an instant and a span panics where it leaves the calendar.
        let given_up_at = configuration.timeout_at.map(|at| at + TimeDelta::days(3_650_000));
        let timeout_at = configuration.timeout_at.min(given_up_at);
        Configuration { timeout_at, ..configuration }.on(&mut self.0)
    }
}

impl BreaksConfiguration for DeadlinesInMilliseconds {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        let timeout_at = configuration.timeout_at.map(|at| at.trunc_subsecs(3));
        Configuration { timeout_at, ..configuration }.on(&mut self.0)
    }
}

impl BreaksConfiguration for DeadlinesEndIn2262 {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        let timeout_at = configuration.timeout_at.map(|at| {
            let limit = if at < Instant::UNIX_EPOCH { i64::MIN } else { i64::MAX };
            DateTime::from_timestamp_nanos(at.timestamp_nanos_opt().unwrap_or(limit))
        });
        Configuration { timeout_at, ..configuration }.on(&mut self.0)
    }
}

impl RunControlStore for MakesUpRecords {
    fn get_run_control(&mut self, run: RunId) -> Answer<Option<RunControl>> {
        make_up_record(&mut self.0, run)?;
        self.0.get_run_control(run)
    }
}

impl RunControlStore for FillsTheReasonIn {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let cancelled = self.0.request_cancel(run, reason)?;
        amend(self.space()?, run, |control| {
            control.cancel_reason = control.cancel_reason.take().or(reason.map(str::to_owned));
        });
        Ok(cancelled)
    }
}

impl RunControlStore for EmptyReasonIsNone {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        self.0.mark_timed_out(run, reason.filter(|text| !text.is_empty()))
    }
}

impl RunControlStore for CancellationJoinsRun {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        match self.space()?.runs.contains_key(&run) {
            true => self.0.request_cancel(run, reason),
            false => Ok(false),
        }
    }
}

impl RunControlStore for CancelsSilently {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        self.0.request_cancel(run, reason).map(|_| false)
    }
}

impl RunControlStore for TimesOutSilently {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        self.0.mark_timed_out(run, reason).map(|_| false)
    }
}

impl RunControlStore for CutsReasons {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let cut: Option<String> = reason.map(|text| text.chars().take(65_535).collect());
        self.0.request_cancel(run, cut.as_deref())
    }
}

impl RunControlStore for TrimsReasons {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        self.0.request_cancel(run, reason.map(str::trim))
    }
}

impl RunControlStore for SecondGivesReason {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let is_first = self.0.request_cancel(run, reason)?;
        if let Some(control) = self.space()?.controls.get_mut(&run)
            && control.cancel_reason.is_none()
        {
            control.cancel_reason = reason.map(str::to_owned);
        }
        Ok(is_first)
    }
}

impl BreaksConfiguration for DeadlineTakesBack {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        if let Some(control) = self.space()?.controls.get_mut(&configuration.run)
            && control.timeout_at != configuration.timeout_at
        {
            control.timed_out_at = None;
        }
        configuration.on(&mut self.0)
    }
}

impl RunControlStore for CancellingRecordsRuns {
    fn request_cancel(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        if let Some(row) = self.space()?.runs.get(&run).cloned()
            && self.0.get_run_control(run)?.is_none()
        {
            self.0.configure_run(run, row.flow_id, &row.trigger_key, None, None)?;
        }
        self.0.request_cancel(run, reason)
    }
}

override_configuration! { ConfiguringMoves DeadlineLosesFraction }

impl RunControlStore for SilentCancellationCounts {
    fn mark_timed_out(&mut self, run: RunId, reason: Option<&str>) -> Answer<bool> {
        let control = self.space()?.controls.get(&run);
        let is_silent =
            control.is_some_and(|row| row.cancel_requested && row.cancel_reason.is_none());
        self.0.mark_timed_out(run, reason.filter(|_| !is_silent))
    }
}

impl BreaksConfiguration for ConfiguringMoves {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        amend(self.space()?, configuration.run, |control| {
            control.cancel_requested_at = control.timed_out_at.or(control.cancel_requested_at);
        });
        configuration.on(&mut self.0)
    }
}

impl BreaksConfiguration for DeadlineLosesFraction {
    fn configure(&mut self, configuration: Configuration<'_>) -> Answer<()> {
        let timeout_at = configuration.timeout_at.map(whole_before_1970);
        Configuration { timeout_at, ..configuration }.on(&mut self.0)
    }
}
