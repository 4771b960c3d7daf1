//! Mutants of what is answered about deliveries of before.

use std::cmp::Reverse;

use SignalDeliveryResult::AlreadyDelivered;
use plimsoll_contract::{Answer, RunId, SignalDelivery, SignalDeliveryResult, SignalWaiter};
use plimsoll_model::{Model, SignalStore, Spec};

use super::{BreaksDelivery, Signal, override_delivery};

use crate::broken::{models, signal_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "signal-store/names-the-latest-delivery",
        clause: "SIGNAL-7",
        how: "answers the youngest delivery instead of the oldest",
        dies: &[(
            "signal-store/delivered-waiter-shadows-live-one",
            "then the oldest delivery is named",
        )],
        backend: signal_store::<NamesLatestDelivery>,
    },
    Mutant {
        id: "signal-store/names-the-first-delivery",
        clause: "SIGNAL-7",
        how: "answers the delivery that came first, not that of the oldest waiter",
        dies: &[("signal-store/second-delivery-overwrites", "of two it names the one that waited")],
        backend: signal_store::<NamesFirstDelivery>,
    },
    Mutant {
        id: "signal-store/forgets-what-has-expired",
        clause: "SIGNAL-13",
        how: "answers none for a waiter that was delivered and has expired",
        dies: &[("signal-store/delivered-waiter-removed", "also when it has expired")],
        backend: signal_store::<ForgetsExpired>,
    },
    Mutant {
        id: "signal-store/ended-runs-get-no-signal",
        clause: "SIGNAL-5",
        how: "delivers to running runs alone",
        dies: &[("signal-store/delivery-not-stored", "a step of a run that has ended")],
        backend: signal_store::<EndedGetNone>,
    },
    Mutant {
        id: "signal-store/first-registration-comes-late",
        clause: "BACKEND-28",
        how: "looks whether a step waits and inserts a fresh waiter in two steps",
        dies: &[("signal-store/deliveries-in-no-order", "the signals of one run")],
        backend: racy::late_registration,
    },
    Mutant {
        id: "signal-store/inserts-over-a-delivery",
        clause: "SIGNAL-3",
        how: "looks whether a step waits and inserts a fresh waiter in two steps",
        dies: &[("signal-store/first-registration-race-loses-delivery", "one delivers the signal")],
        backend: racy::late_registration,
    },
    Mutant {
        id: "signal-store/inserts-over-a-waiter",
        clause: "SIGNAL-4",
        how: "looks whether a step waits and inserts a fresh waiter in two steps",
        dies: &[("signal-store/first-registration-race-loses-delivery", "one delivers the signal")],
        backend: racy::late_registration,
    },
];

models! {
ForgetsExpired EndedGetNone NamesLatestDelivery NamesFirstDelivery }

override_delivery! { NamesLatestDelivery NamesFirstDelivery }

/// Delivers, and where every waiter was delivered before names the one with the least rank.
fn naming_the_least<R: Ord>(
    model: &mut Model,
    signal: Signal<'_>,
    rank: impl Fn(&SignalWaiter) -> R,
) -> Answer<SignalDeliveryResult> {
    let result = signal.on(model)?;
    let AlreadyDelivered(_) = &result else { return Ok(result) };
    let waiters = model.space()?.waiters.values();
    let named = waiters.filter(|it| it.run_id == signal.run && it.signal_name == signal.name);
    let least = named.min_by_key(|waiter| rank(waiter));
    let least = least.and_then(|waiter| Some((waiter.step_key.clone(), waiter.delivered_at?)));
    Ok(least.map_or(result, |(step_key, delivered_at)| {
        AlreadyDelivered(SignalDelivery { step_key, delivered_at })
    }))
}

impl BreaksDelivery for NamesLatestDelivery {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        naming_the_least(&mut self.0, signal, |waiter| Reverse(waiter.created_at))
    }
}

impl BreaksDelivery for NamesFirstDelivery {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        naming_the_least(&mut self.0, signal, |waiter| waiter.delivered_at)
    }
}

override_delivery! { EndedGetNone }

impl SignalStore for ForgetsExpired {
    fn get_waiter(&mut self, run: RunId, key: &str) -> Answer<Option<SignalWaiter>> {
        let now = self.now();
        let waiter = self.0.get_waiter(run, key)?;
        Ok(waiter.filter(|waiter| {
            waiter.delivered_at.is_none() || waiter.expires_at.is_none_or(|at| at > now)
        }))
    }
}

impl BreaksDelivery for EndedGetNone {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        match self.space()?.runs.get(&signal.run).is_some_and(|run| run.completed_at.is_some()) {
            true => Ok(SignalDeliveryResult::NotFound),
            false => signal.on(&mut self.0),
        }
    }
}
