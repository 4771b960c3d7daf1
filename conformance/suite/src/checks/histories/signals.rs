//! Steps that wait, and signals that come once.

use plimsoll_contract::Interface::{RunStore, SignalStore};
use plimsoll_contract::{SignalDeliveryResult, SignalWaiter};
use plimsoll_histories::specs::waiters::{Answer, Call, Seen, Waiters};

use super::ASKS;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[Check {
    id: "signal-store/deliveries-in-no-order",
    clauses: &["SIGNAL-8", "BACKEND-28"],
    goal: "Callers register waiters of one signal, deliver it and read the waiters at once; some \
           order of their calls must explain all answers.",
    usual_cause: "looking for an open waiter and writing the delivery are two steps",
    uses: &[RunStore, SignalStore],
    run: |t| Box::pin(deliveries_in_no_order(t)),
}];

const NAME: &str = "approval";

async fn deliveries_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let history = t
            .history::<Waiters<String, String>, _>(move |mut scribe, instance| async move {
                let (signals, name) = (instance.signal_store(), NAME.to_owned());
                for number in 0..ASKS {
                    let key = format!("wait-{}", scribe.choose(2));
                    match scribe.choose(4) {
                        0 => {
                            // The clock stands still, so all waiters are of one age.
                            let call =
                                Call::Register { key: key.clone(), name: name.clone(), at: 0 };
                            let register = signals.register_waiter(run, &key, NAME, None);
                            scribe.ask(call, register, |()| Answer::Done).await?;
                        }
                        1 => {
                            let get = signals.get_waiter(run, &key);
                            scribe.ask(Call::Get(key.clone()), get, seen).await?;
                        }
                        _ => {
                            let payload = format!("{}-{number}", scribe.caller);
                            let deliver = signals.deliver_signal(run, NAME, &payload);
                            let (name, payload) = (name.clone(), payload.clone());
                            let call = Call::Deliver { name, payload };
                            scribe.ask(call, deliver, delivered).await?;
                        }
                    }
                }
                Ok(scribe)
            })
            .await?;
        t.expect_an_order("the signals of one run", &Waiters::default(), &history)?;
    }
    t.overlap_shown()
}

fn seen(waiter: Option<SignalWaiter>) -> Answer<String, String> {
    Answer::Waiter(waiter.map(|waiter| Seen {
        name: waiter.signal_name,
        delivered: waiter.delivered_at.is_some(),
        payload: waiter.payload_json,
    }))
}

fn delivered(result: SignalDeliveryResult) -> Answer<String, String> {
    match result {
        SignalDeliveryResult::Delivered(to) => Answer::Delivered(to.step_key),
        SignalDeliveryResult::AlreadyDelivered(to) => Answer::AlreadyDelivered(to.step_key),
        SignalDeliveryResult::NotFound => Answer::NotFound,
    }
}
