use async_trait::async_trait;
use plimsoll_contract::{
    Instant, Result, RunId, SignalDelivery, SignalDeliveryResult, SignalStore, SignalWaiter,
};

use crate::MemoryBackend;

#[async_trait]
impl SignalStore for MemoryBackend {
    async fn register_waiter(
        &self,
        run_id: RunId,
        step_key: &str,
        signal_name: &str,
        expires_at: Option<Instant>,
    ) -> Result<()> {
        self.with(|store, now| {
            let slot = &mut store.step_mut(run_id, step_key).waiter;
            match slot {
                Some(waiter) => {
                    signal_name.clone_into(&mut waiter.signal_name);
                    waiter.expires_at = expires_at;
                }
                None => {
                    *slot = Some(SignalWaiter {
                        run_id,
                        step_key: step_key.to_owned(),
                        signal_name: signal_name.to_owned(),
                        created_at: now,
                        expires_at,
                        delivered_at: None,
                        payload_json: None,
                    });
                }
            }
            Ok(())
        })
    }

    async fn deliver_signal(
        &self,
        run_id: RunId,
        signal_name: &str,
        payload_json: &str,
    ) -> Result<SignalDeliveryResult> {
        self.with(|store, now| {
            let data = store.runs.get_mut(&run_id);
            let steps = data.into_iter().flat_map(|data| data.steps.values_mut());
            let waiters = steps.filter_map(|step| step.waiter.as_mut());
            let named = waiters.filter(|waiter| waiter.signal_name == signal_name);
            // Undelivered ones stand before delivered ones, then the oldest comes first.
            let next = named.min_by(|a, b| age(a).cmp(&age(b)));
            let Some(waiter) = next else { return Ok(SignalDeliveryResult::NotFound) };
            if let Some(delivered_at) = waiter.delivered_at {
                let earlier = SignalDelivery { step_key: waiter.step_key.clone(), delivered_at };
                return Ok(SignalDeliveryResult::AlreadyDelivered(earlier));
            }
            waiter.delivered_at = Some(now);
            waiter.payload_json = Some(payload_json.to_owned());
            let delivery = SignalDelivery { step_key: waiter.step_key.clone(), delivered_at: now };
            Ok(SignalDeliveryResult::Delivered(delivery))
        })
    }

    async fn get_waiter(&self, run_id: RunId, step_key: &str) -> Result<Option<SignalWaiter>> {
        self.with(|store, _| Ok(store.step(run_id, step_key).and_then(|step| step.waiter.clone())))
    }

    async fn remove_waiter(&self, run_id: RunId, step_key: &str) -> Result<()> {
        self.with(|store, _| {
            if let Some(step) = store.existing_step(run_id, step_key) {
                step.waiter = None;
            }
            Ok(())
        })
    }
}

fn age(waiter: &SignalWaiter) -> (bool, Instant, &str) {
    (waiter.delivered_at.is_some(), waiter.created_at, &waiter.step_key)
}
