pub(super) mod keys;

use chrono::{DateTime, TimeDelta};
use plimsoll_contract::Interface::{RunControlStore, RunStore};
use plimsoll_contract::show;
use plimsoll_contract::{Clock, RunControl, RunId, RunStatus};

use crate::race::is_of_first_half;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "run-control-store/configuration-lost",
        clauses: &["CONTROL-1"],
        goal: "Runs are configured with every argument, and without those that may be absent.",
        usual_cause: "a column is missing, none is stored as an empty text, or the key is \
                      normalised before it is stored",
        uses: &[RunControlStore],
        run: |t| Box::pin(configuration_lost(t)),
    },
    Check {
        id: "run-control-store/configuration-needs-run",
        clauses: &["CONTROL-2"],
        goal: "A run is configured and cancelled before it exists.",
        usual_cause: "a foreign key",
        uses: &[RunControlStore],
        run: |t| Box::pin(configuration_needs_run(t)),
    },
    Check {
        id: "run-control-store/configuring-clears-flags",
        clauses: &["CONTROL-3"],
        goal: "A run that was cancelled and has timed out is configured again.",
        usual_cause: "the second configuration replaces the whole record",
        uses: &[RunControlStore],
        run: |t| Box::pin(configuring_clears_flags(t)),
    },
    Check {
        id: "run-control-store/configuring-changes-nothing",
        clauses: &["CONTROL-3"],
        goal: "A run is configured again with other values.",
        usual_cause: "the second configuration is ignored (ON CONFLICT DO NOTHING)",
        uses: &[RunControlStore],
        run: |t| Box::pin(configuring_changes_nothing(t)),
    },
    Check {
        id: "run-control-store/configuring-registers-key",
        clauses: &["CONTROL-4"],
        goal: "A run is configured with a key, which must stay free.",
        usual_cause: "the record is looked up as if it were the registration",
        uses: &[RunControlStore],
        run: |t| Box::pin(configuring_registers_key(t)),
    },
    Check {
        id: "run-control-store/control-read-differs",
        clauses: &["CONTROL-5"],
        goal: "A record is read twice, an hour apart; one is asked for that is not there.",
        usual_cause: "created-at is not stored and filled in at each read",
        uses: &[RunControlStore],
        run: |t| Box::pin(control_read_differs(t)),
    },
    Check {
        id: "run-control-store/end-of-run-sets-flags",
        clauses: &["CONTROL-5"],
        goal: "Runs end as cancelled and as timed out; their records are as they were written.",
        usual_cause: "completing a run writes the flags of its control record",
        uses: &[RunStore, RunControlStore],
        run: |t| Box::pin(end_of_run_sets_flags(t)),
    },
    Check {
        id: "run-control-store/cancellation-not-recorded",
        clauses: &["CONTROL-6"],
        goal: "A run is cancelled with a reason, an hour after it was configured.",
        usual_cause: "one of flag, reason and instant is not set",
        uses: &[RunControlStore],
        run: |t| Box::pin(cancellation_not_recorded(t)),
    },
    Check {
        id: "run-control-store/second-cancellation-wins",
        clauses: &["CONTROL-7"],
        goal: "A run is cancelled twice, and one that has timed out is cancelled.",
        usual_cause: "the update does not look at the flag",
        uses: &[RunControlStore],
        run: |t| Box::pin(second_cancellation_wins(t)),
    },
    Check {
        id: "run-control-store/cancelling-unknown-creates",
        clauses: &["CONTROL-8"],
        goal: "Runs without a record are cancelled, one of which was started.",
        usual_cause: "an upsert; the record that it makes up is lost when the run is configured",
        uses: &[RunStore, RunControlStore],
        run: |t| Box::pin(cancelling_unknown_creates(t)),
    },
    Check {
        id: "run-control-store/cancel-race-has-two-winners",
        clauses: &["CONTROL-9"],
        goal: "Many callers cancel one run at once; one is told yes, and its reason is kept.",
        usual_cause: "looking at the flag and setting it are two steps",
        uses: &[RunControlStore],
        run: |t| Box::pin(cancel_race_has_two_winners(t)),
    },
    Check {
        id: "run-control-store/timeout-not-recorded",
        clauses: &["CONTROL-10"],
        goal: "A run times out; one that was cancelled before keeps the instant of that.",
        usual_cause: "the cancel flag is not set, or cancel-requested-at is overwritten",
        uses: &[RunControlStore],
        run: |t| Box::pin(timeout_not_recorded(t)),
    },
    Check {
        id: "run-control-store/second-timeout-wins",
        clauses: &["CONTROL-11"],
        goal: "A run times out twice, an hour apart.",
        usual_cause: "the update does not look whether it happened before",
        uses: &[RunControlStore],
        run: |t| Box::pin(second_timeout_wins(t)),
    },
    Check {
        id: "run-control-store/timing-out-unknown-creates",
        clauses: &["CONTROL-12"],
        goal: "A run without a record times out.",
        usual_cause: "an upsert",
        uses: &[RunControlStore],
        run: |t| Box::pin(timing_out_unknown_creates(t)),
    },
    Check {
        id: "run-control-store/timeout-erases-reason",
        clauses: &["CONTROL-13"],
        goal: "A run that a person cancelled times out, without a reason and with one.",
        usual_cause: "none overwrites the reason, or a given one is ignored",
        uses: &[RunControlStore],
        run: |t| Box::pin(timeout_erases_reason(t)),
    },
    Check {
        id: "run-control-store/default-timeout-reason",
        clauses: &["CONTROL-14"],
        goal: "A run times out and nobody gave a reason.",
        usual_cause: "either serves",
        uses: &[RunControlStore],
        run: |t| Box::pin(default_timeout_reason(t)),
    },
    Check {
        id: "run-control-store/timeout-race-has-two-winners",
        clauses: &["CONTROL-15"],
        goal: "Many callers find one run out of time at once; one is told yes.",
        usual_cause: "looking at timed-out-at and setting it are two steps",
        uses: &[RunControlStore],
        run: |t| Box::pin(timeout_race_has_two_winners(t)),
    },
    Check {
        id: "run-control-store/absurd-deadline-kills",
        clauses: &["BACKEND-12"],
        goal: "Deadlines lie before year 1 and after year 9999; they are kept or refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[RunControlStore],
        run: |t| Box::pin(absurd_deadline_kills(t)),
    },
    Check {
        id: "run-control-store/far-deadline-lost",
        clauses: &["BACKEND-11"],
        goal: "Deadlines lie on the first day of year 1 and on the last of year 9999.",
        usual_cause: "the instant overflows a timestamp",
        uses: &[RunControlStore],
        run: |t| Box::pin(far_deadline_lost(t)),
    },
    Check {
        id: "run-control-store/configuring-race-loses-cancellation",
        clauses: &["CONTROL-3"],
        goal: "Many callers configure and cancel one run at once; the cancellation that was \
               granted stays.",
        usual_cause: "the record is read, changed and written back as a whole",
        uses: &[RunControlStore],
        run: |t| Box::pin(configuring_race_loses_cancellation(t)),
    },
    Check {
        id: "run-control-store/timeout-race-erases-reason",
        clauses: &["CONTROL-13"],
        goal: "Many callers cancel a run and time it out at once; the reason of a granted \
               cancellation stays.",
        usual_cause: "the flags are looked at before the record is written as a whole",
        uses: &[RunControlStore],
        run: |t| Box::pin(timeout_race_erases_reason(t)),
    },
    Check {
        id: "run-control-store/long-reason-cut",
        clauses: &["BACKEND-6"],
        goal: "Runs are cancelled and time out with reasons of 256 KiB.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[RunControlStore],
        run: |t| Box::pin(long_reason_cut(t)),
    },
];

async fn configured(t: &Trial) -> Result<RunId, Halt> {
    let run = t.run_id();
    t.run_control_store().configure_run(run, t.flow_id(), "manual", None, None).await?;
    Ok(run)
}

async fn control(t: &Trial, run: RunId) -> Result<RunControl, Halt> {
    let control = t.run_control_store().get_run_control(run).await?;
    t.expect_that("the record is there", control.is_some(), "a record", &control);
    control.ok_or(Halt::Enough)
}

async fn configuration_lost(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let deadline = clock.now() + TimeDelta::hours(1);
    // Before 1970, where what is cut towards zero gets later.
    let early = DateTime::from_timestamp_millis(-61_750);
    for (key, timeout_at) in [(Some(" Key-1 "), Some(deadline)), (None, None), (None, early)] {
        let (run, flow) = (t.run_id(), t.flow_id());
        t.run_control_store().configure_run(run, flow, "Webhook ", key, timeout_at).await?;
        let expected = RunControl {
            run_id: run,
            flow_id: flow,
            trigger_key: "Webhook ".to_owned(),
            idempotency_key: key.map(str::to_owned),
            created_at: clock.now(),
            timeout_at,
            cancel_requested: false,
            cancel_reason: None,
            cancel_requested_at: None,
            timed_out_at: None,
        };
        t.expect("the record holds what was given", &control(t, run).await?, &expected);
    }
    Ok(())
}

async fn configuration_needs_run(t: &Trial) -> Outcome {
    let run = configured(t).await?;
    let cancelled = t.run_control_store().request_cancel(run, None).await?;
    t.expect("the run can be cancelled", &cancelled, &true);
    Ok(())
}

async fn configuring_clears_flags(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = configured(t).await?;
    t.run_control_store().request_cancel(run, Some("by hand")).await?;
    clock.advance(TimeDelta::hours(1));
    t.run_control_store().mark_timed_out(run, None).await?;
    let before = control(t, run).await?;
    clock.advance(TimeDelta::hours(1));
    t.run_control_store().configure_run(run, before.flow_id, "manual", None, None).await?;
    t.expect("flags, reason and instants stay", &control(t, run).await?, &before);
    let deadline = Some(clock.now() + TimeDelta::hours(1));
    let (flow, controls) = (before.flow_id, t.run_control_store());
    controls.configure_run(run, flow, "manual", None, deadline).await?;
    let expected = RunControl { timeout_at: deadline, ..before };
    t.expect("with a new deadline too", &control(t, run).await?, &expected);
    Ok(())
}

async fn configuring_changes_nothing(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = configured(t).await?;
    let before = control(t, run).await?;
    let (flow, deadline) = (t.flow_id(), clock.now() + TimeDelta::hours(1));
    let controls = t.run_control_store();
    controls.configure_run(run, flow, "webhook", Some("key-1"), Some(deadline)).await?;
    let expected = RunControl {
        flow_id: flow,
        trigger_key: "webhook".to_owned(),
        idempotency_key: Some("key-1".to_owned()),
        timeout_at: Some(deadline),
        ..before
    };
    t.expect("the four values are replaced", &control(t, run).await?, &expected);
    Ok(())
}

async fn configuring_registers_key(t: &Trial) -> Outcome {
    let (run, flow) = (t.run_id(), t.flow_id());
    let controls = t.run_control_store();
    controls.configure_run(run, flow, "webhook", Some("key-1"), None).await?;
    let found = controls.find_run_id_by_idempotency_key(flow, "webhook", "key-1").await?;
    let free = controls.try_register_idempotency_key(flow, "webhook", "key-1", run).await?;
    t.expect("the key is not found", &found, &None);
    t.expect("it can be registered", &free, &true);
    Ok(())
}

async fn control_read_differs(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = configured(t).await?;
    let first = control(t, run).await?;
    clock.advance(TimeDelta::hours(1));
    let second = control(t, run).await?;
    let unknown = t.run_control_store().get_run_control(t.run_id()).await?;
    t.expect("both reads are the same", &second, &first);
    t.expect("an unknown run has none", &unknown, &None);
    Ok(())
}

async fn cancellation_not_recorded(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = configured(t).await?;
    let before = control(t, run).await?;
    clock.advance(TimeDelta::hours(1));
    let cancelled = t.run_control_store().request_cancel(run, Some("by hand")).await?;
    let expected = RunControl {
        cancel_requested: true,
        cancel_reason: Some("by hand".to_owned()),
        cancel_requested_at: Some(clock.now()),
        ..before
    };
    t.expect("the caller is told yes", &cancelled, &true);
    t.expect("flag, reason and instant are set", &control(t, run).await?, &expected);
    Ok(())
}

async fn end_of_run_sets_flags(t: &Trial) -> Outcome {
    for status in [RunStatus::Cancelled, RunStatus::TimedOut] {
        let (run, controls) = (t.a_run().await?, t.run_control_store());
        controls.configure_run(run, t.flow_id(), "manual", None, None).await?;
        let before = control(t, run).await?;
        t.run_store().complete_run(run, status).await?;
        let what = format!("the record is as it was before the run was {}", status.name());
        t.expect(&what, &control(t, run).await?, &before);
    }
    Ok(())
}

async fn second_cancellation_wins(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let (cancelled, timed_out) = (configured(t).await?, configured(t).await?);
    t.run_control_store().request_cancel(cancelled, Some("first")).await?;
    t.run_control_store().mark_timed_out(timed_out, Some("late")).await?;
    let silent = configured(t).await?;
    t.run_control_store().mark_timed_out(silent, None).await?;
    let quiet = configured(t).await?;
    t.run_control_store().request_cancel(quiet, None).await?;
    for run in [cancelled, timed_out, silent, quiet] {
        let before = control(t, run).await?;
        clock.advance(TimeDelta::hours(1));
        let again = t.run_control_store().request_cancel(run, Some("second")).await?;
        t.expect("the second caller is told no", &again, &false);
        t.expect("nothing has changed", &control(t, run).await?, &before);
    }
    Ok(())
}

async fn cancelling_unknown_creates(t: &Trial) -> Outcome {
    let run = t.run_id();
    let cancelled = t.run_control_store().request_cancel(run, Some("by hand")).await?;
    let control = t.run_control_store().get_run_control(run).await?;
    t.expect("the caller is told no", &cancelled, &false);
    t.expect("no record was created", &control, &None);
    let run = t.a_run().await?;
    let cancelled = t.run_control_store().request_cancel(run, None).await?;
    t.expect("also for a run that was started", &cancelled, &false);
    Ok(())
}

async fn cancel_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = configured(t).await?;
        let answers = t
            .release(move |caller, instance| async move {
                let reason = format!("caller {caller}");
                instance.run_control_store().request_cancel(run, Some(&reason)).await
            })
            .await;
        t.expect_one_true("one caller is told that it cancelled the run", &answers);
        let winner = answers.iter().position(|answer| *answer == Ok(true));
        let expected = winner.map(|caller| format!("caller {caller}"));
        t.expect("its reason is kept", &control(t, run).await?.cancel_reason, &expected);
    }
    t.overlap_shown()
}

async fn timeout_not_recorded(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let (run, cancelled) = (configured(t).await?, configured(t).await?);
    t.run_control_store().request_cancel(cancelled, None).await?;
    let cancelled_at = clock.now();
    clock.advance(TimeDelta::hours(1));
    let now = clock.now();
    for (run, requested_at) in [(run, now), (cancelled, cancelled_at)] {
        let marked = t.run_control_store().mark_timed_out(run, Some("late")).await?;
        let control = control(t, run).await?;
        t.expect("the caller is told yes", &marked, &true);
        t.expect("timed-out-at is now", &control.timed_out_at, &Some(now));
        t.expect("the cancel flag is set", &control.cancel_requested, &true);
        let what = "cancel-requested-at is the first time";
        t.expect(what, &control.cancel_requested_at, &Some(requested_at));
    }
    Ok(())
}

async fn second_timeout_wins(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = configured(t).await?;
    t.run_control_store().mark_timed_out(run, Some("first")).await?;
    let before = control(t, run).await?;
    clock.advance(TimeDelta::hours(1));
    let again = t.run_control_store().mark_timed_out(run, Some("second")).await?;
    t.expect("the second caller is told no", &again, &false);
    t.expect("nothing has changed", &control(t, run).await?, &before);
    Ok(())
}

async fn timing_out_unknown_creates(t: &Trial) -> Outcome {
    let run = t.run_id();
    let marked = t.run_control_store().mark_timed_out(run, Some("late")).await?;
    let control = t.run_control_store().get_run_control(run).await?;
    t.expect("the caller is told no", &marked, &false);
    t.expect("no record was created", &control, &None);
    Ok(())
}

async fn timeout_erases_reason(t: &Trial) -> Outcome {
    for (given, kept) in [(None, "by hand"), (Some("too late"), "too late"), (Some(""), "")] {
        let run = configured(t).await?;
        t.run_control_store().request_cancel(run, Some("by hand")).await?;
        t.run_control_store().mark_timed_out(run, given).await?;
        let reason = control(t, run).await?.cancel_reason;
        let what = format!("the reason after a timeout with {}", show::value(&given));
        t.expect(&what, &reason.as_deref(), &Some(kept));
    }
    let run = configured(t).await?;
    t.run_control_store().request_cancel(run, None).await?;
    t.run_control_store().mark_timed_out(run, Some("too late")).await?;
    let reason = control(t, run).await?.cancel_reason;
    let what = "the reason of a timeout after a cancellation without one";
    t.expect(what, &reason.as_deref(), &Some("too late"));
    Ok(())
}

async fn default_timeout_reason(t: &Trial) -> Outcome {
    let run = configured(t).await?;
    t.run_control_store().mark_timed_out(run, None).await?;
    t.observe(match control(t, run).await?.cancel_reason {
        None => "a timeout without a reason has none".to_owned(),
        Some(reason) => format!("a timeout without a reason gets `{reason}`"),
    });
    Ok(())
}

async fn timeout_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = configured(t).await?;
        let answers = t
            .release(move |_, caller| async move {
                caller.run_control_store().mark_timed_out(run, Some("late")).await
            })
            .await;
        t.expect_one_true("one caller is told that it timed the run out", &answers);
    }
    t.overlap_shown()
}

/// Configures a run with a deadline, and answers what is stored; none if it is refused.
async fn deadline(t: &Trial, seconds: i64) -> Result<Option<RunControl>, Halt> {
    let timeout_at = DateTime::from_timestamp(seconds, 0);
    let (run, flow) = (t.run_id(), t.flow_id());
    let controls = t.run_control_store();
    let outcome = controls.configure_run(run, flow, "manual", None, timeout_at).await;
    Ok(match t.kept_or_refused(outcome)? {
        true => Some(control(t, run).await?),
        false => None,
    })
}

async fn absurd_deadline_kills(t: &Trial) -> Outcome {
    // The last second of year 0, the first of year 10000, and far beyond both.
    for seconds in [-62_135_596_801, 253_402_300_800, -8_000_000_000_000, 8_000_000_000_000] {
        if let Some(control) = deadline(t, seconds).await? {
            let kept = control.timeout_at.map(|at| at.timestamp());
            t.expect("the deadline is kept as it was given", &kept, &Some(seconds));
        }
    }
    Ok(())
}

async fn far_deadline_lost(t: &Trial) -> Outcome {
    for seconds in [-62_135_596_800, 253_402_300_799] {
        let control = deadline(t, seconds).await?;
        let kept = control.and_then(|control| control.timeout_at).map(|at| at.timestamp());
        t.expect("the deadline is kept", &kept, &Some(seconds));
    }
    Ok(())
}

async fn configuring_race_loses_cancellation(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let (run, flow) = (configured(t).await?, t.flow_id());
        let answers = t
            .release(move |caller, instance| async move {
                let controls = instance.run_control_store();
                if is_of_first_half(caller) {
                    return controls.request_cancel(run, Some("by hand")).await;
                }
                controls.configure_run(run, flow, "manual", None, None).await?;
                Ok(false)
            })
            .await;
        t.expect_one_true("one caller is told that it cancelled the run", &answers);
        let control = control(t, run).await?;
        t.expect("the run is still cancelled", &control.cancel_requested, &true);
        t.expect("with its reason", &control.cancel_reason.as_deref(), &Some("by hand"));
    }
    t.overlap_shown()
}

async fn timeout_race_erases_reason(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = configured(t).await?;
        let answers = t
            .release(move |caller, instance| async move {
                let (controls, reason) = (instance.run_control_store(), format!("{caller}"));
                match is_of_first_half(caller) {
                    true => controls.request_cancel(run, Some(&reason)).await,
                    false => controls.mark_timed_out(run, None).await,
                }
            })
            .await;
        let (cancels, marks): (Vec<_>, Vec<_>) =
            (0..).zip(answers).partition(|(caller, _)| is_of_first_half(*caller));
        let marks: Vec<_> = marks.into_iter().map(|(_, answer)| answer).collect();
        t.expect_one_true("one caller is told that it timed the run out", &marks);
        let granted: Vec<_> = cancels.iter().filter(|(_, won)| *won == Ok(true)).collect();
        t.expect_that("at most one cancels it", granted.len() < 2, "0 or 1", &granted);
        if let Some((caller, _)) = granted.first() {
            let expected = Some(format!("{caller}"));
            t.expect("its reason is kept", &control(t, run).await?.cancel_reason, &expected);
        }
    }
    t.overlap_shown()
}

async fn long_reason_cut(t: &Trial) -> Outcome {
    let (cancelled, timed_out) = (configured(t).await?, configured(t).await?);
    let reason = Some("r".repeat(256 << 10));
    t.run_control_store().request_cancel(cancelled, reason.as_deref()).await?;
    t.run_control_store().mark_timed_out(timed_out, reason.as_deref()).await?;
    for (what, run) in [("the cancellation", cancelled), ("the timeout", timed_out)] {
        let is_whole = control(t, run).await?.cancel_reason == reason;
        t.expect(&format!("the reason of {what} is whole"), &is_whole, &true);
    }
    Ok(())
}
