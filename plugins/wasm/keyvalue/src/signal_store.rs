use crate::KeyValue;
use crate::exports::flow::storage::signal_store::{
    Error, Guest, Instant, SignalDeliveryResult, SignalWaiter, Uuid,
};
use crate::flow::storage::types::SignalDelivery;
use crate::run::{Run, Waiter};
use crate::session::{now, session};
use crate::texts::Texts;

impl Guest for KeyValue {
    fn register_waiter(
        run_id: Uuid,
        step_key: String,
        signal_name: String,
        expires_at: Option<Instant>,
    ) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            let waiter = run.body.waiters.entry(step_key.clone()).or_insert_with(|| Waiter {
                signal_name: String::new(),
                created_at: now(),
                expires_at: None,
                delivery: None,
            });
            waiter.signal_name.clone_from(&signal_name);
            waiter.expires_at = expires_at;
            Ok(())
        })
    }

    fn deliver_signal(
        run_id: Uuid,
        signal_name: String,
        payload_json: String,
    ) -> Result<SignalDeliveryResult, Error> {
        session()?.change(run_id, |run, texts| Ok(run.deliver(&signal_name, &payload_json, texts)))
    }

    fn get_waiter(run_id: Uuid, step_key: String) -> Result<Option<SignalWaiter>, Error> {
        let session = session()?;
        loop {
            let Some((number, run)) = session.view(run_id)? else { return Ok(None) };
            let Some(waiter) = run.body.waiters.get(&step_key) else { return Ok(None) };
            let payload = waiter.delivery.as_ref().map(|(_, payload)| payload);
            let Some(found) = session.texts(number, payload)? else { continue };
            return Ok(Some(SignalWaiter {
                run_id,
                step_key,
                signal_name: waiter.signal_name.clone(),
                created_at: waiter.created_at,
                expires_at: waiter.expires_at,
                delivered_at: waiter.delivery.as_ref().map(|(at, _)| *at),
                payload_json: found.some(payload),
            }));
        }
    }

    fn remove_waiter(run_id: Uuid, step_key: String) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            run.body.waiters.remove(&step_key);
            Ok(())
        })
    }
}

impl Run {
    fn deliver(&mut self, name: &str, payload: &str, texts: &mut Texts) -> SignalDeliveryResult {
        let named = self.body.waiters.iter_mut().filter(|(_, waiter)| waiter.signal_name == name);
        // Open waiters come first, the oldest of them at the front.
        let next = named.min_by(|(a_key, a), (b_key, b)| {
            let order = |waiter: &Waiter| (waiter.delivery.is_some(), waiter.created_at);
            order(a).cmp(&order(b)).then_with(|| a_key.cmp(b_key))
        });
        let Some((step_key, waiter)) = next else { return SignalDeliveryResult::NotFound };
        let step_key = step_key.clone();
        if let Some((delivered_at, _)) = waiter.delivery {
            let earlier = SignalDelivery { step_key, delivered_at };
            return SignalDeliveryResult::AlreadyDelivered(earlier);
        }
        let delivered_at = now();
        waiter.delivery = Some((delivered_at, texts.keep(payload)));
        SignalDeliveryResult::Delivered(SignalDelivery { step_key, delivered_at })
    }
}
