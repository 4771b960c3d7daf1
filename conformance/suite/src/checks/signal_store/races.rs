//! Waiters and deliveries that meet.

use SignalDeliveryResult::{AlreadyDelivered, Delivered, NotFound};
use plimsoll_contract::Interface::{RunStore, SignalStore};
use plimsoll_contract::{CallError, SignalDeliveryResult};

use super::{deliver, receiver, register, waiter};
use crate::race::{CALLERS, is_of_first_half};
use crate::watch::writers;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "signal-store/registration-race-fails",
        clauses: &["SIGNAL-4"],
        goal: "Many callers register one step at once, and a signal is delivered once.",
        usual_cause: "select, then insert: the second inserter gets a key error",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(registration_race_fails(t)),
    },
    Check {
        id: "signal-store/delivery-race-has-two-winners",
        clauses: &["SIGNAL-8"],
        goal: "Many callers send one signal at once; one delivers it, the others learn that it \
               was delivered.",
        usual_cause: "finding the waiter and marking it are two steps, or losers do not see the \
                      row that is being written (SKIP LOCKED)",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(delivery_race_has_two_winners(t)),
    },
    Check {
        id: "signal-store/delivery-seen-in-parts",
        clauses: &["SIGNAL-14"],
        goal: "Signals are delivered while others read the waiters.",
        usual_cause: "instant and payload are written by two statements",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(delivery_seen_in_parts(t)),
    },
    Check {
        id: "signal-store/registering-race-loses-delivery",
        clauses: &["SIGNAL-3"],
        goal: "Many callers register a step again and send its signal at once; the delivery stays.",
        usual_cause: "a registration reads the row, changes it and writes it back as a whole",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(registering_race_loses_delivery(t)),
    },
    Check {
        id: "signal-store/delivery-race-passes-over-waiter",
        clauses: &["SIGNAL-7"],
        goal: "Many callers send one signal at once, and as many steps wait for it; each step \
               gets it once.",
        usual_cause: "whoever loses the oldest waiter gives up instead of taking the next",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(delivery_race_passes_over_waiter(t)),
    },
    Check {
        id: "signal-store/first-registration-race-loses-delivery",
        clauses: &["SIGNAL-3", "SIGNAL-4"],
        goal: "Many callers register one step that does not wait yet, and deliver its signal at \
               once; one delivers it, and the delivery stays.",
        usual_cause: "looking for the waiter and inserting it are two steps",
        uses: &[RunStore, SignalStore],
        run: |t| Box::pin(first_registration_race_loses_delivery(t)),
    },
];

async fn registration_race_fails(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |_, caller| async move {
                caller.signal_store().register_waiter(run, "wait", "approval", None).await
            })
            .await;
        t.expect_all_succeed("every registration succeeds", &answers);
        let first = deliver(t, run, "approval", "1").await?;
        let second = deliver(t, run, "approval", "2").await?;
        t.expect("there is a waiter", &receiver(&first), &Some("wait"));
        t.expect("there is one alone", &receiver(&second), &None);
    }
    t.overlap_shown()
}

async fn delivery_race_has_two_winners(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        register(t, run, "wait", "approval").await?;
        let answers = t
            .release(move |caller, instance| async move {
                let payload = format!("{caller}");
                instance.signal_store().deliver_signal(run, "approval", &payload).await
            })
            .await;
        let winner = answers.iter().position(|answer| matches!(answer, Ok(Delivered(_))));
        let answers: Vec<_> = answers.into_iter().map(has_won).collect();
        t.expect_one_true("one delivers the signal, to the others it is delivered", &answers);
        let payload = waiter(t, run, "wait").await?.and_then(|waiter| waiter.payload_json);
        let expected = winner.map(|caller| format!("{caller}"));
        t.expect("its payload is stored", &payload, &expected);
    }
    t.overlap_shown()
}

/// Whether a caller delivered the signal; not to find a waiter that is there is an error.
fn has_won(answer: Result<SignalDeliveryResult, CallError>) -> Result<bool, CallError> {
    match answer? {
        Delivered(_) => Ok(true),
        AlreadyDelivered(_) => Ok(false),
        NotFound => Err(plimsoll_contract::Error::NotFound.into()),
    }
}

async fn delivery_seen_in_parts(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        for writer in writers() {
            register(t, run, &format!("wait-{writer}"), &format!("signal-{writer}")).await?;
        }
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let name = format!("signal-{writer}");
                    instance.signal_store().deliver_signal(run, &name, "{}").await.map(|_| ())
                },
                move |instance| async move {
                    let mut waiters = Vec::new();
                    for writer in writers().take(2) {
                        let key = format!("wait-{writer}");
                        waiters.extend(instance.signal_store().get_waiter(run, &key).await?);
                    }
                    Ok(waiters)
                },
            )
            .await?;
        let mut waiters = seen.iter().flatten().flatten();
        let torn = waiters.find(|w| w.delivered_at.is_some() != w.payload_json.is_some());
        t.expect("instant and payload come together", &torn, &None);
    }
    t.overlap_shown()
}

async fn registering_race_loses_delivery(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        register(t, run, "wait", "approval").await?;
        let answers = t
            .release(move |caller, instance| async move {
                let (signals, payload) = (instance.signal_store(), format!("{caller}"));
                if is_of_first_half(caller) {
                    return has_won(signals.deliver_signal(run, "approval", &payload).await);
                }
                signals.register_waiter(run, "wait", "approval", None).await?;
                Ok(false)
            })
            .await;
        t.expect_one_true("one delivers the signal", &answers);
        let winner = answers.iter().position(|answer| *answer == Ok(true));
        let got = waiter(t, run, "wait").await?;
        let delivered = got.as_ref().is_some_and(|waiter| waiter.delivered_at.is_some());
        let payload = got.and_then(|waiter| waiter.payload_json);
        t.expect("the waiter is delivered", &delivered, &true);
        t.expect("its payload stays", &payload, &winner.map(|caller| format!("{caller}")));
    }
    t.overlap_shown()
}

async fn delivery_race_passes_over_waiter(t: &Trial) -> Outcome {
    let steps: Vec<_> = (0..CALLERS).map(|step| format!("step-{step}")).collect();
    while t.next_round().await? {
        let run = t.a_run().await?;
        for key in &steps {
            register(t, run, key, "approval").await?;
        }
        let answers = t
            .release(move |caller, instance| async move {
                let payload = format!("{caller}");
                instance.signal_store().deliver_signal(run, "approval", &payload).await
            })
            .await;
        t.expect_all_succeed("every call succeeds", &answers);
        let woken = answers.iter().flatten().filter_map(receiver);
        let woken: Vec<_> = woken.map(str::to_owned).collect();
        t.expect_same_items("each step gets the signal once", &woken, &steps);
        for (caller, answer) in answers.iter().enumerate() {
            let Some(key) = answer.as_ref().ok().and_then(receiver) else { continue };
            let payload = waiter(t, run, key).await?.and_then(|waiter| waiter.payload_json);
            t.expect("its payload is its caller's", &payload, &Some(format!("{caller}")));
        }
    }
    t.overlap_shown()
}

async fn first_registration_race_loses_delivery(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |caller, instance| async move {
                let (signals, payload) = (instance.signal_store(), format!("{caller}"));
                signals.register_waiter(run, "wait", "approval", None).await?;
                has_won(signals.deliver_signal(run, "approval", &payload).await)
            })
            .await;
        t.expect_one_true("one delivers the signal", &answers);
        let winner = answers.iter().position(|answer| *answer == Ok(true));
        let payload = waiter(t, run, "wait").await?.and_then(|waiter| waiter.payload_json);
        t.expect("its payload stays", &payload, &winner.map(|caller| format!("{caller}")));
    }
    t.overlap_shown()
}
