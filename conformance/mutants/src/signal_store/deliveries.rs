//! Mutants of what is answered about deliveries of before.

use SignalDeliveryResult::AlreadyDelivered;
use plimsoll_contract::{Answer, RunId, SignalDelivery, SignalDeliveryResult};
use plimsoll_model::{SignalStore, Spec};

use super::{BreaksDelivery, Signal, override_delivery};
use crate::Mutant;
use crate::broken::{models, signal_store};

pub(crate) const MUTANTS: &[Mutant] = &[Mutant {
    id: "signal-store/names-the-first-delivery",
    clause: "SIGNAL-7",
    how: "answers the delivery that came first, not that of the oldest waiter",
    dies: &[("signal-store/second-delivery-overwrites", "of two it names the one that waited")],
    backend: signal_store::<NamesFirstDelivery>,
}];

models! { NamesFirstDelivery }

override_delivery! { NamesFirstDelivery }

impl BreaksDelivery for NamesFirstDelivery {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let result = signal.on(&mut self.0)?;
        let AlreadyDelivered(_) = &result else { return Ok(result) };
        let waiters = self.space()?.waiters.values();
        let named = waiters.filter(|it| it.run_id == signal.run && it.signal_name == signal.name);
        let delivered = named.filter_map(|it| Some((it.delivered_at?, it.step_key.clone())));
        Ok(delivered.min().map_or(result, |(delivered_at, step_key)| {
            AlreadyDelivered(SignalDelivery { step_key, delivered_at })
        }))
    }
}
