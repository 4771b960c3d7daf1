pub(crate) mod deliveries;
pub(crate) mod texts;

use std::collections::BTreeMap;

use SignalDeliveryResult::{AlreadyDelivered, Delivered, NotFound};
use plimsoll_contract::{
    Answer, Error, Instant, RunId, SignalDelivery, SignalDeliveryResult, SignalWaiter,
};
use plimsoll_model::{Model, SignalStore, Spec};

use crate::broken::{keeping, models, signal_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "signal-store/drops-the-expiry",
        clause: "SIGNAL-1",
        how: "does not store when a waiter expires",
        dies: &[("signal-store/registration-lost", "the waiter holds what was given")],
        backend: signal_store::<DropsExpiry>,
    },
    Mutant {
        id: "signal-store/expires-in-a-day",
        clause: "SIGNAL-1",
        how: "gives a waiter an expiry that was given none",
        dies: &[("signal-store/registration-lost", "the waiter holds what was given")],
        backend: signal_store::<ExpiresInADay>,
    },
    Mutant {
        id: "signal-store/parking-again-queues-again",
        clause: "SIGNAL-2",
        how: "stamps created-at with every registration",
        dies: &[(
            "signal-store/registering-again-queues-again",
            "name and expiry are new, created-at is not",
        )],
        backend: signal_store::<ParkingQueuesAgain>,
    },
    Mutant {
        id: "signal-store/first-registration-counts",
        clause: "SIGNAL-2",
        how: "leaves a waiter alone that is there",
        dies: &[(
            "signal-store/registering-again-queues-again",
            "name and expiry are new, created-at is not",
        )],
        backend: signal_store::<FirstRegistrationCounts>,
    },
    Mutant {
        id: "signal-store/parking-again-takes-the-delivery-back",
        clause: "SIGNAL-3",
        how: "clears the delivery with every registration",
        dies: &[("signal-store/registering-again-loses-delivery", "the delivery stays")],
        backend: signal_store::<ParkingTakesDeliveryBack>,
    },
    Mutant {
        id: "signal-store/concurrent-registrations-clash",
        clause: "SIGNAL-4",
        how: "gives a key error to the loser of a race",
        dies: &[("signal-store/registration-race-fails", "every registration succeeds")],
        backend: racy::clashing,
    },
    Mutant {
        id: "signal-store/drops-the-payload",
        clause: "SIGNAL-5",
        how: "marks a waiter as delivered without its payload",
        dies: &[("signal-store/delivery-not-stored", "the waiter holds both")],
        backend: signal_store::<DropsPayload>,
    },
    Mutant {
        id: "signal-store/answers-when-it-was-parked",
        clause: "SIGNAL-5",
        how: "answers created-at for the instant of delivery",
        dies: &[("signal-store/delivery-not-stored", "the answer names step and instant")],
        backend: signal_store::<AnswersWhenParked>,
    },
    Mutant {
        id: "signal-store/any-waiter-takes-a-signal",
        clause: "SIGNAL-6",
        how: "delivers a signal to a waiter of the run whatever its name",
        dies: &[
            ("signal-store/unknown-signal-delivered", "nothing waits for that name"),
            ("signal-store/unknown-signal-delivered", "the waiter still waits"),
        ],
        backend: signal_store::<AnyWaiterTakesIt>,
    },
    Mutant {
        id: "signal-store/unknown-is-already-delivered",
        clause: "SIGNAL-6",
        how: "answers already-delivered where nothing waits",
        dies: &[("signal-store/unknown-signal-delivered", "nothing waits in the run")],
        backend: signal_store::<UnknownIsDelivered>,
    },
    Mutant {
        id: "signal-store/last-payload-counts",
        clause: "SIGNAL-7",
        how: "stores the payload of every signal",
        dies: &[("signal-store/second-delivery-overwrites", "its payload stays")],
        backend: signal_store::<LastPayloadCounts>,
    },
    Mutant {
        id: "signal-store/repeats-are-of-now",
        clause: "SIGNAL-7",
        how: "answers the present instant for a delivery that has been",
        dies: &[("signal-store/second-delivery-overwrites", "the answer names the first delivery")],
        backend: signal_store::<RepeatsAreOfNow>,
    },
    Mutant {
        id: "signal-store/two-callers-deliver-one-signal",
        clause: "SIGNAL-8",
        how: "looks for the waiter and marks it in two steps",
        dies: &[
            ("signal-store/delivery-race-has-two-winners", "one delivers the signal"),
            ("signal-store/deliveries-in-no-order", "the signals of one run"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "signal-store/concurrent-deliveries-clash",
        clause: "SIGNAL-8",
        how: "gives an error to the loser of a race instead of already-delivered",
        dies: &[("signal-store/delivery-race-has-two-winners", "one delivers the signal")],
        backend: racy::clashing,
    },
    Mutant {
        id: "signal-store/loser-finds-no-waiter",
        clause: "SIGNAL-8",
        how: "skips a waiter that is being delivered to, and answers not-found",
        dies: &[("signal-store/delivery-race-has-two-winners", "one delivers the signal")],
        backend: racy::skipping,
    },
    Mutant {
        id: "signal-store/youngest-waiter-first",
        clause: "SIGNAL-9",
        how: "delivers to the waiter that was registered last",
        dies: &[("signal-store/oldest-waiter-passed-over", "the oldest open waiter gets it")],
        backend: signal_store::<YoungestFirst>,
    },
    Mutant {
        id: "signal-store/waiters-come-by-key",
        clause: "SIGNAL-9",
        how: "delivers to the first waiter by key, whatever its age",
        dies: &[("signal-store/oldest-waiter-passed-over", "the oldest open waiter gets it")],
        backend: signal_store::<WaitersByKey>,
    },
    Mutant {
        id: "signal-store/first-to-expire-first",
        clause: "SIGNAL-9",
        how: "delivers to the waiter that expires first",
        dies: &[("signal-store/oldest-waiter-passed-over", "the oldest open waiter gets it")],
        backend: signal_store::<FirstToExpireFirst>,
    },
    Mutant {
        id: "signal-store/keys-are-collated",
        clause: "SIGNAL-9",
        how: "orders waiters of one age by their keys without case",
        dies: &[(
            "signal-store/equal-age-by-other-order",
            "the first by the bytes of its key gets it",
        )],
        backend: signal_store::<KeysAreCollated>,
    },
    Mutant {
        id: "signal-store/oldest-waiter-delivered-or-not",
        clause: "SIGNAL-9",
        how: "looks at the oldest waiter of a name alone, delivered or not",
        dies: &[(
            "signal-store/delivered-waiter-shadows-live-one",
            "the live waiter gets the signal",
        )],
        backend: signal_store::<OldestDeliveredOrNot>,
    },
    Mutant {
        id: "signal-store/expired-waiters-do-not-wait",
        clause: "SIGNAL-11",
        how: "leaves expired waiters out",
        dies: &[("signal-store/expired-waiter-refuses", "it still gets the signal")],
        backend: signal_store::<ExpiredDoNotWait>,
    },
    Mutant {
        id: "signal-store/waiters-lack-the-run",
        clause: "SIGNAL-12",
        how: "delivers a signal to the oldest waiter of any run",
        dies: &[
            ("signal-store/waiter-of-other-run-takes-signal", "a run without a waiter has none"),
            ("signal-store/waiter-of-other-run-takes-signal", "the other run's still waits"),
        ],
        backend: signal_store::<WaitersLackRun>,
    },
    Mutant {
        id: "signal-store/delivery-removes-the-waiter",
        clause: "SIGNAL-13",
        how: "removes a waiter when its signal is delivered",
        dies: &[("signal-store/delivered-waiter-removed", "and after, with its payload")],
        backend: signal_store::<DeliveryRemovesWaiter>,
    },
    Mutant {
        id: "signal-store/makes-up-waiters",
        clause: "SIGNAL-13",
        how: "answers a waiter of its own for a step that never waited",
        dies: &[("signal-store/delivered-waiter-removed", "a step that never waited has none")],
        backend: signal_store::<MakesUpWaiters>,
    },
    Mutant {
        id: "signal-store/waiters-come-with-the-signal",
        clause: "SIGNAL-13",
        how: "answers a waiter once its signal was delivered",
        dies: &[("signal-store/delivered-waiter-removed", "it is there before")],
        backend: signal_store::<WaitersComeWithSignal>,
    },
    Mutant {
        id: "signal-store/removal-is-a-stub",
        clause: "SIGNAL-15",
        how: "removes nothing",
        dies: &[
            ("signal-store/removed-waiter-remembered", "it is gone"),
            ("signal-store/removed-waiter-remembered", "no signal finds it"),
        ],
        backend: signal_store::<RemovalIsAStub>,
    },
    Mutant {
        id: "signal-store/removal-hides",
        clause: "SIGNAL-15",
        how: "hides a removed waiter, and shows it again when the step waits anew",
        dies: &[("signal-store/removed-waiter-remembered", "the step waits afresh")],
        backend: signal_store::<RemovalHides>,
    },
    Mutant {
        id: "signal-store/removing-nothing-is-an-error",
        clause: "SIGNAL-15",
        how: "answers not-found when there is nothing to remove",
        dies: &[("signal-store/removing-none-fails", "it is a no-op")],
        backend: signal_store::<RemovingNothingFails>,
    },
    Mutant {
        id: "signal-store/removes-every-waiter",
        clause: "SIGNAL-15",
        how: "removes all waiters of the run",
        dies: &[("signal-store/removing-none-fails", "the other waiter stays")],
        backend: signal_store::<RemovesEveryWaiter>,
    },
    Mutant {
        id: "signal-store/stores-the-payload-later",
        clause: "SIGNAL-14",
        how: "writes the payload after the instant of delivery",
        dies: &[("signal-store/delivery-seen-in-parts", "instant and payload come together")],
        backend: racy::tearing,
    },
    Mutant {
        id: "signal-store/parking-again-writes-the-old-payload-back",
        clause: "SIGNAL-3",
        how: "reads the payload of a waiter, registers it and writes the payload back",
        dies: &[("signal-store/registering-race-loses-delivery", "its payload stays")],
        backend: racy::stale_fields,
    },
    Mutant {
        id: "signal-store/chooses-its-waiter-too-early",
        clause: "SIGNAL-7",
        how: "chooses an open waiter and delivers to it, whoever was first",
        dies: &[(
            "signal-store/delivery-race-passes-over-waiter",
            "each step gets the signal once",
        )],
        backend: racy::stale_choices,
    },
    Mutant {
        id: "signal-store/gives-up-a-taken-waiter",
        clause: "SIGNAL-7",
        how: "chooses an open waiter, and answers that it is delivered when another call was first",
        dies: &[(
            "signal-store/delivery-race-passes-over-waiter",
            "each step gets the signal once",
        )],
        backend: racy::gives_up,
    },
    Mutant {
        id: "signal-store/removes-by-beginning",
        clause: "BACKEND-5",
        how: "removes the waiters of all steps whose keys begin with the key",
        dies: &[("signal-store/waiters-of-steps-merged", "\"charg\" alone is removed")],
        backend: signal_store::<RemovesByBeginning>,
    },
];

models! {
    RemovesByBeginning
    DropsExpiry ExpiresInADay ParkingQueuesAgain FirstRegistrationCounts ParkingTakesDeliveryBack
    DropsPayload AnswersWhenParked AnyWaiterTakesIt UnknownIsDelivered LastPayloadCounts
    RepeatsAreOfNow YoungestFirst WaitersByKey FirstToExpireFirst KeysAreCollated
    OldestDeliveredOrNot ExpiredDoNotWait WaitersLackRun
    DeliveryRemovesWaiter MakesUpWaiters RemovalIsAStub RemovingNothingFails RemovesEveryWaiter WaitersComeWithSignal
}

/// A call of `register-waiter`.
#[derive(Clone, Copy)]
struct Registration<'a> {
    run: RunId,
    key: &'a str,
    name: &'a str,
    expires_at: Option<Instant>,
}

impl Registration<'_> {
    fn on(self, model: &mut impl SignalStore) -> Answer<()> {
        model.register_waiter(self.run, self.key, self.name, self.expires_at)
    }
}

/// A call of `deliver-signal`.
#[derive(Clone, Copy)]
struct Signal<'a> {
    run: RunId,
    name: &'a str,
    payload: &'a str,
}

impl Signal<'_> {
    fn on(self, model: &mut impl SignalStore) -> Answer<SignalDeliveryResult> {
        model.deliver_signal(self.run, self.name, self.payload)
    }

    /// Delivers it as if only those waiters were there that are left.
    fn on_those(
        self,
        model: &mut Model,
        is_left: impl Fn(&SignalWaiter) -> bool,
    ) -> Answer<SignalDeliveryResult> {
        let waiters = model.space()?.waiters.clone();
        let (left, out) = waiters.into_iter().partition(|(_, waiter)| is_left(waiter));
        model.space()?.waiters = left;
        let result = self.on(model);
        model.space()?.waiters.extend::<BTreeMap<_, _>>(out);
        result
    }

    /// Delivers it to the open waiter of its name that comes first by another order.
    fn to_first_by<K: Ord>(
        self,
        model: &mut Model,
        order: impl Fn(&SignalWaiter) -> K,
    ) -> Answer<SignalDeliveryResult> {
        let waiters = model.space()?.waiters.values();
        let open = waiters.filter(|waiter| {
            waiter.run_id == self.run
                && waiter.signal_name == self.name
                && waiter.delivered_at.is_none()
        });
        match open.min_by_key(|waiter| order(waiter)).map(|first| first.step_key.clone()) {
            Some(first) => self.on_those(model, |waiter| waiter.step_key == first),
            None => self.on(model),
        }
    }
}

/// A mutant that breaks `register-waiter`.
trait BreaksRegistration {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()>;
}

/// A mutant that breaks `deliver-signal`.
trait BreaksDelivery: Spec {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult>;
}

macro_rules! override_registration {
    ($($mutant:ident)*) => {
        $(impl SignalStore for $mutant {
            fn register_waiter(
                &mut self,
                run: RunId,
                key: &str,
                name: &str,
                expires_at: Option<Instant>,
            ) -> Answer<()> {
                self.register(Registration { run, key, name, expires_at })
            }
        })*
    };
}

macro_rules! override_delivery {
    ($($mutant:ident)*) => {
        $(impl SignalStore for $mutant {
            fn deliver_signal(
                &mut self,
                run: RunId,
                name: &str,
                payload: &str,
            ) -> Answer<SignalDeliveryResult> {
                self.deliver(Signal { run, name, payload })
            }
        })*
    };
}
use {override_delivery, override_registration};

override_registration! {
    DropsExpiry ExpiresInADay ParkingQueuesAgain FirstRegistrationCounts ParkingTakesDeliveryBack
}

override_delivery! {
    DropsPayload AnswersWhenParked AnyWaiterTakesIt UnknownIsDelivered LastPayloadCounts
    RepeatsAreOfNow YoungestFirst WaitersByKey FirstToExpireFirst KeysAreCollated
    OldestDeliveredOrNot ExpiredDoNotWait WaitersLackRun
    DeliveryRemovesWaiter
}

/// Changes the waiter of a step.
fn amend(model: &mut Model, run: RunId, key: &str, amend: impl FnOnce(&mut SignalWaiter)) {
    let waiters = model.space().ok().map(|space| &mut space.waiters);
    if let Some(waiter) = waiters.and_then(|waiters| waiters.get_mut(&(run, key.to_owned()))) {
        amend(waiter);
    }
}

impl BreaksRegistration for DropsExpiry {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        Registration { expires_at: None, ..registration }.on(&mut self.0)
    }
}

impl BreaksRegistration for ExpiresInADay {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        let tomorrow = self.now() + chrono::TimeDelta::days(1);
        let expires_at = registration.expires_at.or(Some(tomorrow));
        Registration { expires_at, ..registration }.on(&mut self.0)
    }
}

impl BreaksRegistration for ParkingQueuesAgain {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        let now = self.now();
        registration.on(&mut self.0)?;
        amend(&mut self.0, registration.run, registration.key, |waiter| waiter.created_at = now);
        Ok(())
    }
}

impl BreaksRegistration for FirstRegistrationCounts {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        match self.0.get_waiter(registration.run, registration.key)? {
            Some(_) => Ok(()),
            None => registration.on(&mut self.0),
        }
    }
}

impl BreaksRegistration for ParkingTakesDeliveryBack {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        registration.on(&mut self.0)?;
        amend(&mut self.0, registration.run, registration.key, |waiter| {
            waiter.delivered_at = None;
            waiter.payload_json = None;
        });
        Ok(())
    }
}

impl BreaksDelivery for DropsPayload {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let result = signal.on(&mut self.0)?;
        if let Delivered(delivery) = &result {
            amend(&mut self.0, signal.run, &delivery.step_key, |waiter| waiter.payload_json = None);
        }
        Ok(result)
    }
}

impl BreaksDelivery for AnswersWhenParked {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let mut result = signal.on(&mut self.0)?;
        if let Delivered(delivery) = &mut result {
            let waiter = self.0.get_waiter(signal.run, &delivery.step_key)?;
            delivery.delivered_at = waiter.map_or(delivery.delivered_at, |it| it.created_at);
        }
        Ok(result)
    }
}

impl BreaksDelivery for AnyWaiterTakesIt {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let mut waiters = self.space()?.waiters.values();
        let first = waiters.find(|waiter| waiter.run_id == signal.run);
        let name = first.map_or(signal.name.to_owned(), |waiter| waiter.signal_name.clone());
        Signal { name: &name, ..signal }.on(&mut self.0)
    }
}

impl BreaksDelivery for UnknownIsDelivered {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let delivered_at = self.now();
        Ok(match signal.on(&mut self.0)? {
            NotFound => AlreadyDelivered(SignalDelivery { step_key: String::new(), delivered_at }),
            found => found,
        })
    }
}

impl BreaksDelivery for LastPayloadCounts {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let result = signal.on(&mut self.0)?;
        if let AlreadyDelivered(delivery) = &result {
            amend(&mut self.0, signal.run, &delivery.step_key, |waiter| {
                waiter.payload_json = Some(signal.payload.to_owned());
            });
        }
        Ok(result)
    }
}

impl BreaksDelivery for RepeatsAreOfNow {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let now = self.now();
        let mut result = signal.on(&mut self.0)?;
        if let AlreadyDelivered(delivery) = &mut result {
            delivery.delivered_at = now;
        }
        Ok(result)
    }
}

impl BreaksDelivery for YoungestFirst {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        signal.to_first_by(&mut self.0, |waiter| std::cmp::Reverse(waiter.created_at))
    }
}

impl BreaksDelivery for WaitersByKey {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        signal.to_first_by(&mut self.0, |waiter| waiter.step_key.clone())
    }
}

impl BreaksDelivery for FirstToExpireFirst {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        signal.to_first_by(&mut self.0, |waiter| waiter.expires_at)
    }
}

impl BreaksDelivery for KeysAreCollated {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        signal
            .to_first_by(&mut self.0, |waiter| (waiter.created_at, waiter.step_key.to_lowercase()))
    }
}

impl BreaksDelivery for OldestDeliveredOrNot {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let waiters = self.space()?.waiters.values();
        let named = waiters.filter(|it| it.run_id == signal.run && it.signal_name == signal.name);
        let oldest = named.min_by_key(|waiter| (waiter.created_at, waiter.step_key.clone()));
        let oldest = oldest.map(|waiter| waiter.step_key.clone()).unwrap_or_default();
        signal.on_those(&mut self.0, |waiter| waiter.step_key == oldest)
    }
}

impl BreaksDelivery for ExpiredDoNotWait {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let now = self.now();
        let is_live = |waiter: &SignalWaiter| waiter.expires_at.is_none_or(|at| at > now);
        signal.on_those(&mut self.0, is_live)
    }
}

impl BreaksDelivery for WaitersLackRun {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let waiters = self.space()?.waiters.values();
        let open = waiters
            .filter(|waiter| waiter.signal_name == signal.name && waiter.delivered_at.is_none());
        let run = open.min_by_key(|waiter| waiter.created_at).map_or(signal.run, |it| it.run_id);
        Signal { run, ..signal }.on(&mut self.0)
    }
}

impl BreaksDelivery for DeliveryRemovesWaiter {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let result = signal.on(&mut self.0)?;
        if let Delivered(delivery) = &result {
            self.0.remove_waiter(signal.run, &delivery.step_key)?;
        }
        Ok(result)
    }
}

impl SignalStore for MakesUpWaiters {
    fn get_waiter(&mut self, run_id: RunId, step_key: &str) -> Answer<Option<SignalWaiter>> {
        let made_up = SignalWaiter {
            run_id,
            step_key: step_key.to_owned(),
            signal_name: String::new(),
            created_at: self.now(),
            expires_at: None,
            delivered_at: None,
            payload_json: None,
        };
        Ok(self.0.get_waiter(run_id, step_key)?.or(Some(made_up)))
    }
}

impl SignalStore for RemovalIsAStub {
    fn remove_waiter(&mut self, _run_id: RunId, _step_key: &str) -> Answer<()> {
        self.space().map(|_| ())
    }
}

keeping! {
    RemovalHides {
        hidden: BTreeMap<(RunId, String), SignalWaiter>,
    }
}

impl SignalStore for RemovalHides {
    fn register_waiter(
        &mut self,
        run_id: RunId,
        step_key: &str,
        signal_name: &str,
        expires_at: Option<Instant>,
    ) -> Answer<()> {
        let id = (run_id, step_key.to_owned());
        if let Some(hidden) = self.hidden.remove(&id) {
            self.space()?.waiters.entry(id).or_insert(hidden);
        }
        self.model.register_waiter(run_id, step_key, signal_name, expires_at)
    }

    fn remove_waiter(&mut self, run_id: RunId, step_key: &str) -> Answer<()> {
        let id = (run_id, step_key.to_owned());
        if let Some(removed) = self.space()?.waiters.remove(&id) {
            self.hidden.insert(id, removed);
        }
        Ok(())
    }
}

impl SignalStore for RemovingNothingFails {
    fn remove_waiter(&mut self, run_id: RunId, step_key: &str) -> Answer<()> {
        self.0.get_waiter(run_id, step_key)?.ok_or(Error::NotFound)?;
        self.0.remove_waiter(run_id, step_key)
    }
}

impl SignalStore for RemovesEveryWaiter {
    fn remove_waiter(&mut self, run_id: RunId, _step_key: &str) -> Answer<()> {
        self.space()?.waiters.retain(|(of_run, _), _| *of_run != run_id);
        Ok(())
    }
}

impl SignalStore for WaitersComeWithSignal {
    fn get_waiter(&mut self, run_id: RunId, step_key: &str) -> Answer<Option<SignalWaiter>> {
        let waiter = self.0.get_waiter(run_id, step_key)?;
        Ok(waiter.filter(|waiter| waiter.delivered_at.is_some()))
    }
}

impl SignalStore for RemovesByBeginning {
    fn remove_waiter(&mut self, run_id: RunId, step_key: &str) -> Answer<()> {
        let waiters = &mut self.space()?.waiters;
        waiters.retain(|(run, key), _| *run != run_id || !key.starts_with(step_key));
        Ok(())
    }
}
