//! Instants that callers give and read back, as far as they go and beyond.

use chrono::{DateTime, TimeDelta};
use plimsoll_contract::Interface::{
    EventReader, OutputsRepository, RetentionStore, RunControlStore, RunStore, SignalStore,
    WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_contract::{
    FlowEvent, Instant, Page, Result, RunStatus, RunTimeseriesGranularity, WebhookRejection,
};

use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "signal-store/far-expiry-lost",
        clauses: &["BACKEND-11"],
        goal: "Waiters expire in year 1, before 1970 and in year 9999.",
        usual_cause: "the instant overflows a timestamp, or its fraction is lost below zero",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(far_expiry_lost(t)),
    },
    Check {
        id: "signal-store/absurd-expiry-kills",
        clauses: &["BACKEND-12"],
        goal: "Waiters expire before year 1 and after year 9999; it is kept or refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(absurd_expiry_kills(t)),
    },
    Check {
        id: "outputs-repository/far-timestamp-lost",
        clauses: &["BACKEND-11"],
        goal: "Events happened in year 1, before 1970 and in year 9999.",
        usual_cause: "the instant overflows a timestamp, or its fraction is lost below zero",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(far_timestamp_lost(t)),
    },
    Check {
        id: "outputs-repository/absurd-timestamp-kills",
        clauses: &["BACKEND-12"],
        goal: "Events happened before year 1 and after year 9999; they are kept or refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(absurd_timestamp_kills(t)),
    },
    Check {
        id: "webhook-rejection-store/far-receipt-lost",
        clauses: &["BACKEND-11"],
        goal: "Deliveries were received in year 1, before 1970 and in year 9999.",
        usual_cause: "the instant overflows a timestamp, or its fraction is lost below zero",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(far_receipt_lost(t)),
    },
    Check {
        id: "webhook-rejection-store/absurd-receipt-kills",
        clauses: &["BACKEND-12"],
        goal: "Deliveries were received before year 1 and after year 9999; they are kept or \
               refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(absurd_receipt_kills(t)),
    },
    Check {
        id: "webhook-replay-store/absurd-expiry-kills",
        clauses: &["BACKEND-12"],
        goal: "Nonces expire before year 1 and after year 9999; they are kept or refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(absurd_nonce_kills(t)),
    },
    Check {
        id: "webhook-replay-store/absurd-purge-kills",
        clauses: &["BACKEND-12"],
        goal: "Nonces are purged as of instants before year 1 and after year 9999; the call does \
               what it says or is refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(absurd_purge_kills(t)),
    },
    Check {
        id: "retention-store/absurd-cutoff-kills",
        clauses: &["BACKEND-12"],
        goal: "The cutoff is before year 1 and after year 9999; the call does what it says or is \
               refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[RunStore, RetentionStore],
        run: |t| Box::pin(absurd_cutoff_kills(t)),
    },
    Check {
        id: "run-store/absurd-window-kills",
        clauses: &["BACKEND-12"],
        goal: "A timeseries is asked for an hour before year 1 and after year 9999; it is empty \
               or refused.",
        usual_cause: "the database's type is narrower: the conversion panics, wraps around or clamps",
        uses: &[RunStore],
        run: |t| Box::pin(absurd_window_kills(t)),
    },
    Check {
        id: "outputs-repository/timestamp-microseconds-lost",
        clauses: &["BACKEND-10"],
        goal: "An event happened at an instant with microseconds.",
        usual_cause: "instants are kept in milliseconds, or in a float of seconds",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(timestamp_microseconds_lost(t)),
    },
    Check {
        id: "webhook-rejection-store/receipt-microseconds-lost",
        clauses: &["BACKEND-10"],
        goal: "A delivery was received at an instant with microseconds.",
        usual_cause: "instants are kept in milliseconds, or in a float of seconds",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(receipt_microseconds_lost(t)),
    },
    Check {
        id: "run-control-store/deadline-microseconds-lost",
        clauses: &["BACKEND-10"],
        goal: "A deadline is an instant with microseconds.",
        usual_cause: "instants are kept in milliseconds, or in a float of seconds",
        uses: &[RunControlStore],
        run: |t| Box::pin(deadline_microseconds_lost(t)),
    },
    Check {
        id: "webhook-replay-store/expiry-microseconds-lost",
        clauses: &["BACKEND-10"],
        goal: "A nonce expires at an instant with microseconds; it is purged one before and one after.",
        usual_cause: "instants are kept in milliseconds, or in a float of seconds",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(nonce_microseconds_lost(t)),
    },
    Check {
        id: "webhook-replay-store/far-expiry-misjudged",
        clauses: &["BACKEND-11"],
        goal: "Nonces expire in year 1, before 1970 and in year 9999; they are purged as of the \
               instants before and at each.",
        usual_cause: "the instant overflows a timestamp, or one before 1970 is kept as 1970",
        uses: &[WebhookReplayStore],
        run: |t| Box::pin(far_expiry_misjudged(t)),
    },
];

/// An instant whose microseconds neither milliseconds nor a float of seconds can keep.
fn fine() -> Instant {
    START + TimeDelta::microseconds(123_457)
}

/// The first and the last second that are kept, and one before 1970, with their milliseconds.
fn far() -> impl Iterator<Item = Instant> {
    instants([-62_135_596_800, -2, 253_402_300_799])
}

/// The last second of year 0, the first of year 10000, and far beyond both.
fn absurd() -> impl Iterator<Item = Instant> {
    instants([-62_135_596_801, 253_402_300_800, -8_000_000_000_000, 8_000_000_000_000])
}

fn instants<const N: usize>(seconds: [i64; N]) -> impl Iterator<Item = Instant> {
    seconds.into_iter().filter_map(|seconds| DateTime::from_timestamp(seconds, 125_000_000))
}

/// Registers a waiter, and answers the expiry that is stored.
async fn expiry(t: &Trial, at: Instant) -> std::result::Result<Result<Option<Instant>>, Halt> {
    let run = t.a_run().await?;
    let outcome = t.signal_store().register_waiter(run, "wait", "approval", Some(at)).await;
    let waiter = t.signal_store().get_waiter(run, "wait").await?;
    Ok(outcome.map(|()| waiter.and_then(|waiter| waiter.expires_at)))
}

async fn far_expiry_lost(t: &Trial) -> Outcome {
    for at in far() {
        t.expect("the expiry is kept", &expiry(t, at).await??, &Some(at));
    }
    Ok(())
}

async fn absurd_expiry_kills(t: &Trial) -> Outcome {
    for at in absurd() {
        let outcome = expiry(t, at).await?;
        if t.kept_or_refused(outcome.clone())? {
            t.expect("the expiry is kept as it was given", &outcome?, &Some(at));
        }
    }
    Ok(())
}

/// Records an event, and answers the timestamp that is stored.
async fn timestamp(t: &Trial, at: Instant) -> std::result::Result<Result<Option<Instant>>, Halt> {
    let run = t.a_run().await?;
    let event = FlowEvent {
        timestamp: at,
        event_type: "run.started".to_owned(),
        step_key: None,
        message: None,
    };
    let outcome = t.outputs_repository().record_event(run, &event).await;
    let events = t.event_reader().get_run_events(run, Page::all()).await?;
    Ok(outcome.map(|()| events.first().map(|event| event.timestamp)))
}

async fn far_timestamp_lost(t: &Trial) -> Outcome {
    for at in far() {
        t.expect("the timestamp is kept", &timestamp(t, at).await??, &Some(at));
    }
    Ok(())
}

async fn absurd_timestamp_kills(t: &Trial) -> Outcome {
    for at in absurd() {
        let outcome = timestamp(t, at).await?;
        if t.kept_or_refused(outcome.clone())? {
            t.expect("the timestamp is kept as it was given", &outcome?, &Some(at));
        }
    }
    Ok(())
}

/// Writes a row, and answers the instant of the newest one.
async fn receipt(t: &Trial, at: Instant) -> std::result::Result<Result<Option<Instant>>, Halt> {
    let log = t.webhook_rejection_store();
    let outcome = log.write(&WebhookRejection { received_at: at, ..t.a_rejection("replay") }).await;
    let rows = log.query_recent(None, None, true, Page::new(0, 1)).await?;
    Ok(outcome.map(|()| rows.first().map(|row| row.received_at)))
}

async fn far_receipt_lost(t: &Trial) -> Outcome {
    for at in far() {
        t.expect("the receipt is kept", &receipt(t, at).await??, &Some(at));
    }
    Ok(())
}

async fn absurd_receipt_kills(t: &Trial) -> Outcome {
    for at in absurd() {
        let outcome = receipt(t, at).await?;
        if t.kept_or_refused(outcome.clone())? {
            t.expect("the receipt is kept as it was given", &outcome?, &Some(at));
        }
    }
    Ok(())
}

async fn absurd_nonce_kills(t: &Trial) -> Outcome {
    let flow = t.flow_id();
    let replays = t.webhook_replay_store();
    let mut expired = 0;
    for (at, nonce) in absurd().zip(["before", "after", "long-before", "long-after"]) {
        let outcome = replays.try_register(flow, "orders", nonce, at).await;
        let is_new = *outcome.as_ref().unwrap_or(&true);
        t.expect(&format!("`{nonce}` is new"), &is_new, &true);
        if t.kept_or_refused(outcome)? && at < START {
            expired += 1;
        }
    }
    let purged = replays.purge_expired(START).await?;
    t.expect("of those that were kept, the ones before have expired", &purged, &expired);
    Ok(())
}

async fn absurd_purge_kills(t: &Trial) -> Outcome {
    let (flow, replays) = (t.flow_id(), t.webhook_replay_store());
    for at in absurd() {
        replays.try_register(flow, "orders", "n-1", START).await?;
        let outcome = replays.purge_expired(at).await;
        if t.kept_or_refused(outcome.clone())? {
            let expected = u64::from(at > START);
            t.expect("it forgets what has expired by then", &outcome?, &expected);
        }
    }
    Ok(())
}

async fn absurd_cutoff_kills(t: &Trial) -> Outcome {
    let runs = t.run_store();
    for at in absurd() {
        let run = t.a_run().await?;
        runs.complete_run(run, RunStatus::Succeeded).await?;
        let is_done = t.kept_or_refused(t.retention_store().cleanup(at).await)?;
        let stays = runs.get_run_detail(run).await?.is_some();
        let what = "a run that completed before the cutoff goes, any other stays";
        t.expect(what, &stays, &!(is_done && at > START));
    }
    Ok(())
}

async fn absurd_window_kills(t: &Trial) -> Outcome {
    t.a_run().await?;
    for at in absurd() {
        let (hour, until) = (RunTimeseriesGranularity::Hour, at + TimeDelta::minutes(1));
        let outcome = t.run_store().get_run_timeseries(hour, at, until, None).await;
        if t.kept_or_refused(outcome.clone())? {
            let counted: u64 = outcome?.iter().map(|bucket| bucket.total).sum();
            t.expect("no run started then", &counted, &0);
        }
    }
    Ok(())
}

async fn timestamp_microseconds_lost(t: &Trial) -> Outcome {
    t.expect("the timestamp is kept", &timestamp(t, fine()).await??, &Some(fine()));
    Ok(())
}

async fn receipt_microseconds_lost(t: &Trial) -> Outcome {
    t.expect("the receipt is kept", &receipt(t, fine()).await??, &Some(fine()));
    Ok(())
}

async fn deadline_microseconds_lost(t: &Trial) -> Outcome {
    let (run, controls) = (t.run_id(), t.run_control_store());
    controls.configure_run(run, t.flow_id(), "manual", None, Some(fine())).await?;
    let control = controls.get_run_control(run).await?;
    let kept = control.and_then(|control| control.timeout_at);
    t.expect("the deadline is kept", &kept, &Some(fine()));
    Ok(())
}

async fn nonce_microseconds_lost(t: &Trial) -> Outcome {
    let replays = t.webhook_replay_store();
    replays.try_register(t.flow_id(), "orders", "n-1", fine()).await?;
    for (by, expected) in [(-1, 0), (1, 1)] {
        let purged = replays.purge_expired(fine() + TimeDelta::microseconds(by)).await?;
        t.expect(&format!("purged at {by} µs from the expiry"), &purged, &expected);
    }
    Ok(())
}

async fn far_expiry_misjudged(t: &Trial) -> Outcome {
    let (flow, replays) = (t.flow_id(), t.webhook_replay_store());
    for at in far() {
        replays.try_register(flow, "orders", &at.to_rfc3339(), at).await?;
    }
    for at in far() {
        let before = replays.purge_expired(at - TimeDelta::milliseconds(1)).await?;
        t.expect(&format!("just before {at} none has expired"), &before, &0);
        let purged = replays.purge_expired(at).await?;
        t.expect(&format!("at {at} one has"), &purged, &1);
    }
    Ok(())
}
