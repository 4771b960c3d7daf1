use crate::Memory;
use crate::clock::now;
use crate::exports::flow::storage::signal_store::{
    Error, Guest, Instant, SignalDeliveryResult, SignalWaiter, Uuid,
};
use crate::flow::storage::types::SignalDelivery;
use crate::state::{of_run, with_namespace};

impl Guest for Memory {
    fn register_waiter(
        run_id: Uuid,
        step_key: String,
        signal_name: String,
        expires_at: Option<Instant>,
    ) -> Result<(), Error> {
        with_namespace(|space| {
            let id = (run_id, step_key.clone());
            let waiter = space.waiters.entry(id).or_insert_with(|| SignalWaiter {
                run_id,
                step_key,
                signal_name: String::new(),
                created_at: now(),
                expires_at: None,
                delivered_at: None,
                payload_json: None,
            });
            waiter.signal_name = signal_name;
            waiter.expires_at = expires_at;
            Ok(())
        })
    }

    fn deliver_signal(
        run_id: Uuid,
        signal_name: String,
        payload_json: String,
    ) -> Result<SignalDeliveryResult, Error> {
        with_namespace(|space| {
            let waiters = of_run(&space.waiters, run_id).map(|(_, waiter)| waiter);
            let named = waiters.filter(|waiter| waiter.signal_name == signal_name);
            // Open waiters come first, the oldest of them at the front.
            let next = named.min_by_key(|w| (w.delivered_at.is_some(), w.created_at, &w.step_key));
            let Some(waiter) = next else { return Ok(SignalDeliveryResult::NotFound) };
            let step_key = waiter.step_key.clone();
            if let Some(delivered_at) = waiter.delivered_at {
                let earlier = SignalDelivery { step_key, delivered_at };
                return Ok(SignalDeliveryResult::AlreadyDelivered(earlier));
            }
            let delivered_at = now();
            if let Some(waiter) = space.waiters.get_mut(&(run_id, step_key.clone())) {
                waiter.delivered_at = Some(delivered_at);
                waiter.payload_json = Some(payload_json);
            }
            Ok(SignalDeliveryResult::Delivered(SignalDelivery { step_key, delivered_at }))
        })
    }

    fn get_waiter(run_id: Uuid, step_key: String) -> Result<Option<SignalWaiter>, Error> {
        with_namespace(|space| Ok(space.waiters.get(&(run_id, step_key)).cloned()))
    }

    fn remove_waiter(run_id: Uuid, step_key: String) -> Result<(), Error> {
        with_namespace(|space| {
            space.waiters.remove(&(run_id, step_key));
            Ok(())
        })
    }
}
