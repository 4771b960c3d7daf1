pub(super) mod races;

use SignalDeliveryResult::{AlreadyDelivered, Delivered, NotFound};
use chrono::TimeDelta;
use plimsoll_contract::Interface::{RunStore, SignalStore};
use plimsoll_contract::{
    Clock, Instant, RunId, RunStatus, SignalDelivery, SignalDeliveryResult, SignalWaiter,
};

use crate::given::NEAR_EQUAL;
use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "signal-store/registration-lost",
        clauses: &["SIGNAL-1"],
        goal: "Steps wait with an expiry and without.",
        usual_cause: "a column is missing, or created-at is not the present instant",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(registration_lost(t)),
    },
    Check {
        id: "signal-store/registering-again-queues-again",
        clauses: &["SIGNAL-2"],
        goal: "A step waits again an hour later, for another signal.",
        usual_cause: "the row is replaced as a whole, or the second registration is ignored",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(registering_again_queues_again(t)),
    },
    Check {
        id: "signal-store/registering-again-loses-delivery",
        clauses: &["SIGNAL-3"],
        goal: "A step whose signal was delivered waits again.",
        usual_cause: "the row is replaced as a whole",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(registering_again_loses_delivery(t)),
    },
    Check {
        id: "signal-store/delivery-not-stored",
        clauses: &["SIGNAL-5"],
        goal: "A signal is delivered; answer and waiter must agree.",
        usual_cause: "the payload or the instant is not stored, or the answer has another one",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(delivery_not_stored(t)),
    },
    Check {
        id: "signal-store/unknown-signal-delivered",
        clauses: &["SIGNAL-6"],
        goal: "Signals are sent for which nothing waits.",
        usual_cause: "any waiter of the run takes it, or the answer is `already-delivered`",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(unknown_signal_delivered(t)),
    },
    Check {
        id: "signal-store/second-delivery-overwrites",
        clauses: &["SIGNAL-7"],
        goal: "A signal is sent twice, an hour apart; the first payload stays.",
        usual_cause: "the update does not look whether it happened before, or the waiter is \
                      removed by the first",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(second_delivery_overwrites(t)),
    },
    Check {
        id: "signal-store/oldest-waiter-passed-over",
        clauses: &["SIGNAL-9"],
        goal: "Three steps wait for one name; the oldest gets the signal first.",
        usual_cause: "waiters come by key or by insertion, or by their expiry",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(oldest_waiter_passed_over(t)),
    },
    Check {
        id: "signal-store/equal-age-by-other-order",
        clauses: &["SIGNAL-9"],
        goal: "Steps start to wait in one instant; the bytes of their keys decide.",
        usual_cause: "the order has no tie-breaker, or the database collates keys",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(equal_age_by_other_order(t)),
    },
    Check {
        id: "signal-store/delivered-waiter-shadows-live-one",
        clauses: &["SIGNAL-9", "SIGNAL-7"],
        goal: "A name is used again by a second step after the first was answered.",
        usual_cause: "the oldest waiter is taken, delivered or not",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(delivered_waiter_shadows_live_one(t)),
    },
    Check {
        id: "signal-store/names-folded",
        clauses: &["SIGNAL-10"],
        goal: "A signal is sent in capitals and with a blank.",
        usual_cause: "names are trimmed or folded, or the database's collation ignores them",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(names_folded(t)),
    },
    Check {
        id: "signal-store/expired-waiter-refuses",
        clauses: &["SIGNAL-11"],
        goal: "A signal arrives after its waiter has expired.",
        usual_cause: "expired waiters are left out or purged",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(expired_waiter_refuses(t)),
    },
    Check {
        id: "signal-store/waiter-of-other-run-takes-signal",
        clauses: &["SIGNAL-12"],
        goal: "Two runs wait for one name; each gets its own signal.",
        usual_cause: "the run is missing from the WHERE",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(waiter_of_other_run_takes_signal(t)),
    },
    Check {
        id: "signal-store/delivered-waiter-removed",
        clauses: &["SIGNAL-13"],
        goal: "A waiter is asked for before and after its delivery; another never waited.",
        usual_cause: "delivering removes the waiter, as the source's documents suggest",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(delivered_waiter_removed(t)),
    },
    Check {
        id: "signal-store/removed-waiter-remembered",
        clauses: &["SIGNAL-15"],
        goal: "A delivered waiter is removed, and the step waits anew an hour later.",
        usual_cause: "removing only hides the row, and the new registration finds it again",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(removed_waiter_remembered(t)),
    },
    Check {
        id: "signal-store/removing-none-fails",
        clauses: &["SIGNAL-15"],
        goal: "A waiter is removed that is not there; others stay.",
        usual_cause: "an error because no row was deleted, or a DELETE without the step",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(removing_none_fails(t)),
    },
    Check {
        id: "signal-store/waiters-of-steps-merged",
        clauses: &["BACKEND-5"],
        goal: "Steps wait whose keys differ in letter case, a blank or a mark.",
        usual_cause: "keys are trimmed or folded, or the database's collation ignores them",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(waiters_of_steps_merged(t)),
    },
    Check {
        id: "signal-store/long-texts-cut",
        clauses: &["BACKEND-6", "BACKEND-4"],
        goal: "A name of 256 characters gets a payload of 256 KiB; longer names that begin alike \
               are others.",
        usual_cause: "a column is too short, and cuts what it is given",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(long_texts_cut(t)),
    },
    Check {
        id: "signal-store/expiry-microseconds-lost",
        clauses: &["BACKEND-10"],
        goal: "A waiter expires at an instant with microseconds.",
        usual_cause: "instants are stored in whole milliseconds",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(expiry_microseconds_lost(t)),
    },
    Check {
        id: "signal-store/waiter-needs-step",
        clauses: &["SIGNAL-16"],
        goal: "A step that has never started waits for a signal.",
        usual_cause: "a foreign key, or the waiter is a column of the step's row",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(waiter_needs_step(t)),
    },
    Check {
        id: "signal-store/waiter-needs-run",
        clauses: &["SIGNAL-17"],
        goal: "A step of a run that is not there waits for a signal.",
        usual_cause: "a foreign key",
        uses: &[SignalStore],
        run: |t| Box::pin(waiter_needs_run(t)),
    },
];

async fn register(t: &Trial, run: RunId, step_key: &str, name: &str) -> Outcome {
    Ok(t.signal_store().register_waiter(run, step_key, name, None).await?)
}

async fn deliver(
    t: &Trial,
    run: RunId,
    name: &str,
    payload: &str,
) -> Result<SignalDeliveryResult, Halt> {
    Ok(t.signal_store().deliver_signal(run, name, payload).await?)
}

async fn waiter(t: &Trial, run: RunId, step_key: &str) -> Result<Option<SignalWaiter>, Halt> {
    Ok(t.signal_store().get_waiter(run, step_key).await?)
}

fn a_waiter(run_id: RunId, created_at: Instant) -> SignalWaiter {
    SignalWaiter {
        run_id,
        step_key: "wait".to_owned(),
        signal_name: "approval".to_owned(),
        created_at,
        expires_at: None,
        delivered_at: None,
        payload_json: None,
    }
}

/// The step that got the signal.
fn receiver(result: &SignalDeliveryResult) -> Option<&str> {
    match result {
        Delivered(delivery) => Some(&delivery.step_key),
        NotFound | AlreadyDelivered(_) => None,
    }
}

async fn registration_lost(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    for expires_at in [Some(clock.now() + TimeDelta::hours(1)), None] {
        let run = t.a_run().await?;
        t.signal_store().register_waiter(run, "wait", "approval", expires_at).await?;
        let expected = SignalWaiter { expires_at, ..a_waiter(run, clock.now()) };
        let got = waiter(t, run, "wait").await?;
        t.expect("the waiter holds what was given", &got, &Some(expected));
    }
    Ok(())
}

async fn registering_again_queues_again(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    let created_at = clock.now();
    clock.advance(TimeDelta::hours(1));
    let expires_at = Some(clock.now());
    t.signal_store().register_waiter(run, "wait", "payment", expires_at).await?;
    let signal_name = "payment".to_owned();
    let expected = SignalWaiter { signal_name, expires_at, ..a_waiter(run, created_at) };
    let got = waiter(t, run, "wait").await?;
    t.expect("name and expiry are new, created-at is not", &got, &Some(expected));
    Ok(())
}

async fn registering_again_loses_delivery(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    deliver(t, run, "approval", "1").await?;
    let before = waiter(t, run, "wait").await?;
    register(t, run, "wait", "approval").await?;
    t.expect("the delivery stays", &waiter(t, run, "wait").await?, &before);
    register(t, run, "wait", "payment").await?;
    let renamed = before.map(|before| SignalWaiter { signal_name: "payment".to_owned(), ..before });
    t.expect("under another name too", &waiter(t, run, "wait").await?, &renamed);
    Ok(())
}

async fn delivery_not_stored(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    let created_at = clock.now();
    clock.advance(TimeDelta::minutes(5));
    let payload = r#"{"by": "Ada",  "n":1.0}"#;
    let result = deliver(t, run, "approval", payload).await?;
    let now = clock.now();
    let delivery = SignalDelivery { step_key: "wait".to_owned(), delivered_at: now };
    let expected = SignalWaiter {
        delivered_at: Some(now),
        payload_json: Some(payload.to_owned()),
        ..a_waiter(run, created_at)
    };
    t.expect("the answer names step and instant", &result, &Delivered(delivery));
    t.expect("the waiter holds both", &waiter(t, run, "wait").await?, &Some(expected));
    // Off the microsecond: a store may keep less, but then it must not answer more.
    register(t, run, "pay", "payment").await?;
    clock.advance(TimeDelta::nanoseconds(1_007));
    let result = deliver(t, run, "payment", "1").await?;
    let stored = waiter(t, run, "pay").await?.and_then(|waiter| waiter.delivered_at);
    let expected = stored
        .map(|delivered_at| Delivered(SignalDelivery { step_key: "pay".to_owned(), delivered_at }));
    t.expect("the answer names the instant that is stored", &Some(result), &expected);
    register(t, run, "late", "refund").await?;
    t.run_store().complete_run(run, RunStatus::Failed).await?;
    let late = deliver(t, run, "refund", "1").await?;
    t.expect("a step of a run that has ended gets it too", &receiver(&late), &Some("late"));
    Ok(())
}

async fn unknown_signal_delivered(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let without_waiters = deliver(t, run, "approval", "1").await?;
    register(t, run, "wait", "approval").await?;
    let other_name = deliver(t, run, "payment", "1").await?;
    let untouched = waiter(t, run, "wait").await?.and_then(|waiter| waiter.delivered_at);
    t.expect("nothing waits in the run", &without_waiters, &NotFound);
    t.expect("nothing waits for that name", &other_name, &NotFound);
    t.expect("the waiter still waits", &untouched, &None);
    Ok(())
}

async fn second_delivery_overwrites(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    deliver(t, run, "approval", r#""first""#).await?;
    let delivered_at = clock.now();
    clock.advance(TimeDelta::hours(1));
    let second = deliver(t, run, "approval", r#""second""#).await?;
    let first = SignalDelivery { step_key: "wait".to_owned(), delivered_at };
    let payload = waiter(t, run, "wait").await?.and_then(|waiter| waiter.payload_json);
    t.expect("the answer names the first delivery", &second, &AlreadyDelivered(first));
    t.expect("its payload stays", &payload.as_deref(), &Some(r#""first""#));
    clock.advance(TimeDelta::hours(1));
    register(t, run, "later", "refund").await?;
    deliver(t, run, "refund", "1").await?;
    clock.advance(TimeDelta::hours(-2));
    register(t, run, "older", "refund").await?;
    clock.advance(TimeDelta::hours(3));
    let delivered_at = clock.now();
    deliver(t, run, "refund", "2").await?;
    let third = deliver(t, run, "refund", "3").await?;
    let oldest = SignalDelivery { step_key: "older".to_owned(), delivered_at };
    t.expect("of two it names the one that waited first", &third, &AlreadyDelivered(oldest));
    Ok(())
}

async fn oldest_waiter_passed_over(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    let far = clock.now() + TimeDelta::days(1);
    for (minute, key) in ["m", "z", "a"].into_iter().enumerate() {
        // The oldest expires last.
        let expires_at = Some(far - TimeDelta::hours(minute as i64));
        t.signal_store().register_waiter(run, key, "approval", expires_at).await?;
        clock.advance(TimeDelta::minutes(1));
    }
    for expected in ["m", "z", "a"] {
        let result = deliver(t, run, "approval", "1").await?;
        t.expect("the oldest open waiter gets it", &receiver(&result), &Some(expected));
    }
    let run = t.a_run().await?;
    let soon = Some(clock.now() + TimeDelta::minutes(1));
    t.signal_store().register_waiter(run, "old", "approval", soon).await?;
    clock.advance(TimeDelta::hours(1));
    register(t, run, "young", "approval").await?;
    let result = deliver(t, run, "approval", "1").await?;
    t.expect("the oldest gets it, expired or not", &receiver(&result), &Some("old"));
    Ok(())
}

async fn equal_age_by_other_order(t: &Trial) -> Outcome {
    t.clock()?;
    let run = t.a_run().await?;
    for key in ["b", "B", "a", "é", "_"] {
        register(t, run, key, "approval").await?;
    }
    for expected in ["B", "_", "a", "b", "é"] {
        let result = deliver(t, run, "approval", "1").await?;
        t.expect("the first by the bytes of its key gets it", &receiver(&result), &Some(expected));
    }
    Ok(())
}

async fn delivered_waiter_shadows_live_one(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    register(t, run, "first", "approval").await?;
    deliver(t, run, "approval", "1").await?;
    let delivered_at = clock.now();
    clock.advance(TimeDelta::minutes(1));
    register(t, run, "second", "approval").await?;
    let second = deliver(t, run, "approval", "2").await?;
    let third = deliver(t, run, "approval", "3").await?;
    let oldest = SignalDelivery { step_key: "first".to_owned(), delivered_at };
    t.expect("the live waiter gets the signal", &receiver(&second), &Some("second"));
    t.expect("then the oldest delivery is named", &third, &AlreadyDelivered(oldest));
    Ok(())
}

async fn names_folded(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    register(t, run, "wait", "Approval").await?;
    for name in ["approval", "APPROVAL", "Approval ", " Approval"] {
        let result = deliver(t, run, name, "1").await?;
        t.expect(&format!("{name:?} is another name"), &result, &NotFound);
    }
    let exact = deliver(t, run, "Approval", "1").await?;
    t.expect("the exact name is delivered", &receiver(&exact), &Some("wait"));
    let run = t.a_run().await?;
    for (key, name) in NEAR_EQUAL.iter().enumerate() {
        register(t, run, &format!("{key}"), name).await?;
    }
    for (key, name) in NEAR_EQUAL.iter().enumerate().rev() {
        let result = deliver(t, run, name, "1").await?;
        let what = format!("{name:?} reaches the step that waits for it");
        t.expect(&what, &receiver(&result), &Some(&*format!("{key}")));
    }
    Ok(())
}

async fn expired_waiter_refuses(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    let expires_at = Some(clock.now() + TimeDelta::minutes(1));
    t.signal_store().register_waiter(run, "wait", "approval", expires_at).await?;
    clock.advance(TimeDelta::days(1));
    let result = deliver(t, run, "approval", "1").await?;
    t.expect("it still gets the signal", &receiver(&result), &Some("wait"));
    Ok(())
}

async fn waiter_of_other_run_takes_signal(t: &Trial) -> Outcome {
    let (run, other) = (t.a_run().await?, t.a_run().await?);
    register(t, other, "wait", "approval").await?;
    let early = deliver(t, run, "approval", "1").await?;
    register(t, run, "wait", "approval").await?;
    let result = deliver(t, run, "approval", "2").await?;
    let untouched = waiter(t, other, "wait").await?.and_then(|waiter| waiter.payload_json);
    t.expect("a run without a waiter has none", &early, &NotFound);
    t.expect("its own waiter gets the signal", &receiver(&result), &Some("wait"));
    t.expect("the other run's still waits", &untouched, &None);
    Ok(())
}

async fn delivered_waiter_removed(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    let before = waiter(t, run, "wait").await?;
    deliver(t, run, "approval", "1").await?;
    let after = waiter(t, run, "wait").await?;
    let never = waiter(t, run, "never").await?;
    t.expect("it is there before", &before.is_some(), &true);
    let payload = after.and_then(|waiter| waiter.payload_json);
    t.expect("and after, with its payload", &payload.as_deref(), &Some("1"));
    let clock = t.clock()?;
    let soon = Some(clock.now() + TimeDelta::minutes(1));
    t.signal_store().register_waiter(run, "soon", "payment", soon).await?;
    deliver(t, run, "payment", "2").await?;
    clock.advance(TimeDelta::hours(1));
    let late = waiter(t, run, "soon").await?.and_then(|waiter| waiter.payload_json);
    t.expect("also when it has expired", &late.as_deref(), &Some("2"));
    t.expect("a step that never waited has none", &never, &None);
    Ok(())
}

async fn removed_waiter_remembered(t: &Trial) -> Outcome {
    let clock = t.clock()?;
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    deliver(t, run, "approval", "1").await?;
    t.signal_store().remove_waiter(run, "wait").await?;
    let removed = waiter(t, run, "wait").await?;
    let signal = deliver(t, run, "approval", "2").await?;
    clock.advance(TimeDelta::hours(1));
    register(t, run, "wait", "approval").await?;
    let anew = waiter(t, run, "wait").await?;
    t.expect("it is gone", &removed, &None);
    t.expect("no signal finds it", &signal, &NotFound);
    t.expect("the step waits afresh", &anew, &Some(a_waiter(run, clock.now())));
    Ok(())
}

async fn removing_none_fails(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    let outcome = t.signal_store().remove_waiter(run, "never").await;
    t.expect("it is a no-op", &outcome, &Ok(()));
    t.expect("the other waiter stays", &waiter(t, run, "wait").await?.is_some(), &true);
    Ok(())
}

async fn waiters_of_steps_merged(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for (name, key) in NEAR_EQUAL.iter().enumerate() {
        register(t, run, key, &format!("{name}")).await?;
    }
    for (name, key) in NEAR_EQUAL.iter().enumerate() {
        let found = waiter(t, run, key).await?.map(|waiter| waiter.signal_name);
        t.expect(&format!("{key:?} has a waiter of its own"), &found, &Some(format!("{name}")));
    }
    t.signal_store().remove_waiter(run, "charg").await?;
    for key in NEAR_EQUAL {
        let is_there = waiter(t, run, key).await?.is_some();
        t.expect(&format!("\"charg\" alone is removed, not {key:?}"), &is_there, &(key != "charg"));
    }
    Ok(())
}

async fn long_texts_cut(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let name = "n".repeat(256);
    let payload = format!("\"{}\"", "p".repeat((256 << 10) - 2));
    register(t, run, "wait", &name).await?;
    for ending in ["-1", " "] {
        let longer = format!("{name}{ending}");
        let outcome = t.signal_store().deliver_signal(run, &longer, "1").await;
        if let Ok(result) = &outcome {
            t.expect("a longer name is not taken for one that begins alike", result, &NotFound);
        }
        t.kept_or_refused(outcome)?;
    }
    let result = deliver(t, run, &name, &payload).await?;
    let got = waiter(t, run, "wait").await?;
    let stored = got.as_ref().and_then(|waiter| waiter.payload_json.as_deref());
    t.expect("256 characters are found", &receiver(&result), &Some("wait"));
    t.expect("the payload is whole", &(stored == Some(&payload)), &true);
    t.expect("so is the name", &got.map(|waiter| waiter.signal_name), &Some(name));
    Ok(())
}

async fn expiry_microseconds_lost(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let expires_at = Some(START + TimeDelta::microseconds(123_456));
    t.signal_store().register_waiter(run, "wait", "approval", expires_at).await?;
    let kept = waiter(t, run, "wait").await?.and_then(|waiter| waiter.expires_at);
    t.expect("the expiry is kept", &kept, &expires_at);
    Ok(())
}

async fn waiter_needs_step(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    register(t, run, "wait", "approval").await?;
    let receives = deliver(t, run, "approval", "1").await?;
    t.expect("the step gets the signal", &receiver(&receives), &Some("wait"));
    Ok(())
}

async fn waiter_needs_run(t: &Trial) -> Outcome {
    let run = t.run_id();
    register(t, run, "wait", "approval").await?;
    let receives = deliver(t, run, "approval", "1").await?;
    t.expect("the step gets the signal", &receiver(&receives), &Some("wait"));
    Ok(())
}
