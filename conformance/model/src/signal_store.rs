use plimsoll_contract::{
    Answer, Instant, RunId, SignalDelivery, SignalDeliveryResult, SignalWaiter,
};

use crate::Spec;
use crate::state::step_id;

/// The interface `signal-store`.
pub trait SignalStore: Spec {
    /// SIGNAL-1 to 4, 16.
    fn register_waiter(
        &mut self,
        run_id: RunId,
        step_key: &str,
        signal_name: &str,
        expires_at: Option<Instant>,
    ) -> Answer<()> {
        let now = self.now();
        let waiters = &mut self.space()?.waiters;
        let waiter = waiters.entry(step_id(run_id, step_key)).or_insert_with(|| SignalWaiter {
            run_id,
            step_key: step_key.to_owned(),
            signal_name: String::new(),
            created_at: now,
            expires_at: None,
            delivered_at: None,
            payload_json: None,
        });
        signal_name.clone_into(&mut waiter.signal_name);
        waiter.expires_at = expires_at;
        Ok(())
    }

    /// SIGNAL-5 to 12.
    fn deliver_signal(
        &mut self,
        run_id: RunId,
        signal_name: &str,
        payload_json: &str,
    ) -> Answer<SignalDeliveryResult> {
        let now = self.now();
        let all = self.space()?.waiters.values_mut();
        let mut named: Vec<_> = all
            .filter(|waiter| waiter.run_id == run_id && waiter.signal_name == signal_name)
            .collect();
        named.sort_by(|a, b| {
            a.created_at.cmp(&b.created_at).then_with(|| a.step_key.cmp(&b.step_key))
        });
        if let Some(waiter) = named.iter_mut().find(|waiter| waiter.delivered_at.is_none()) {
            waiter.delivered_at = Some(now);
            waiter.payload_json = Some(payload_json.to_owned());
            return Ok(SignalDeliveryResult::Delivered(delivery(waiter, now)));
        }
        Ok(match named.first().and_then(|waiter| Some((waiter, waiter.delivered_at?))) {
            Some((waiter, at)) => SignalDeliveryResult::AlreadyDelivered(delivery(waiter, at)),
            None => SignalDeliveryResult::NotFound,
        })
    }

    /// SIGNAL-13, 14.
    fn get_waiter(&mut self, run_id: RunId, step_key: &str) -> Answer<Option<SignalWaiter>> {
        Ok(self.space()?.waiters.get(&step_id(run_id, step_key)).cloned())
    }

    /// SIGNAL-15.
    fn remove_waiter(&mut self, run_id: RunId, step_key: &str) -> Answer<()> {
        self.space()?.waiters.remove(&step_id(run_id, step_key));
        Ok(())
    }
}

fn delivery(waiter: &SignalWaiter, delivered_at: Instant) -> SignalDelivery {
    SignalDelivery { step_key: waiter.step_key.clone(), delivered_at }
}
