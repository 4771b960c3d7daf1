//! Mutants of names, payloads and expiries, and of what a waiter must refer to.

use std::collections::BTreeMap;

use chrono::SubsecRound;
use plimsoll_contract::{Answer, Error, Instant, RunId, SignalDeliveryResult};
use plimsoll_model::{SignalStore, Spec};

use super::{
    BreaksDelivery, BreaksRegistration, Registration, Signal, override_delivery,
    override_registration,
};
use crate::Mutant;
use crate::broken::{
    AsSpecified, in_nanoseconds, missing_parent, models, signal_store, whole_before_1970,
};
use crate::run_store::step;

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "signal-store/folds-names",
        clause: "SIGNAL-10",
        how: "compares names without case",
        dies: &[("signal-store/names-folded", "\"APPROVAL\" is another name")],
        backend: signal_store::<FoldsNames>,
    },
    Mutant {
        id: "signal-store/trims-names",
        clause: "SIGNAL-10",
        how: "compares names without blanks around them",
        dies: &[
            ("signal-store/names-folded", "\"Approval \" is another name"),
            ("signal-store/names-folded", "the exact name is delivered"),
        ],
        backend: signal_store::<TrimsNames>,
    },
    Mutant {
        id: "signal-store/trims-step-keys",
        clause: "BACKEND-5",
        how: "keeps step keys without blanks around them",
        dies: &[("signal-store/waiters-of-steps-merged", "has a waiter of its own")],
        backend: signal_store::<TrimsStepKeys>,
    },
    Mutant {
        id: "signal-store/cuts-names",
        clause: "BACKEND-4",
        how: "compares the first 256 characters of names",
        dies: &[("signal-store/long-texts-cut", "is not taken for one")],
        backend: signal_store::<CutsNames>,
    },
    Mutant {
        id: "signal-store/refuses-long-payloads",
        clause: "BACKEND-6",
        how: "refuses payloads of more than 64 KiB",
        dies: &[("signal-store/long-texts-cut", "gave no value: invalid argument")],
        backend: signal_store::<RefusesLongPayloads>,
    },
    Mutant {
        id: "signal-store/expires-on-whole-milliseconds",
        clause: "BACKEND-10",
        how: "stores the expiry of a waiter in whole milliseconds",
        dies: &[("signal-store/expiry-microseconds-lost", "the expiry is kept")],
        backend: signal_store::<ExpiresOnMilliseconds>,
    },
    Mutant {
        id: "signal-store/expiry-loses-its-fraction",
        clause: "BACKEND-11",
        how: "drops the fraction of an expiry before 1970",
        dies: &[("signal-store/far-expiry-lost", "the expiry is kept")],
        backend: signal_store::<ExpiryLosesFraction>,
    },
    Mutant {
        id: "signal-store/expires-in-nanoseconds",
        clause: "BACKEND-12",
        how: "fails over an expiry whose nanoseconds overflow 64 bits",
        dies: &[("signal-store/absurd-expiry-kills", "gave no value: timestamp out of range")],
        backend: signal_store::<ExpiresInNanoseconds>,
    },
    Mutant {
        id: "signal-store/waiters-reference-steps",
        clause: "SIGNAL-16",
        how: "refuses a waiter whose step has no row",
        dies: &[("signal-store/waiter-needs-step", "gave no value: violates a foreign key")],
        backend: signal_store::<WaiterNeedsStep>,
    },
    Mutant {
        id: "signal-store/waiters-reference-runs",
        clause: "SIGNAL-17",
        how: "refuses a waiter whose run it does not have",
        dies: &[("signal-store/waiter-needs-run", "gave no value: violates a foreign key")],
        backend: signal_store::<WaiterNeedsRun>,
    },
    Mutant {
        id: "signal-store/answers-the-clock",
        clause: "SIGNAL-5",
        how: "stores the delivery in milliseconds and answers what the clock said",
        dies: &[("signal-store/delivery-not-stored", "the instant that is stored")],
        backend: signal_store::<AnswersTheClock>,
    },
    Mutant {
        id: "signal-store/composes-names",
        clause: "SIGNAL-10",
        how: "takes a letter with a combining accent for the accented letter",
        dies: &[("signal-store/names-folded", "reaches the step that waits for it")],
        backend: signal_store::<ComposesNames>,
    },
    Mutant {
        id: "signal-store/prints-slashes-without-escape",
        clause: "BACKEND-7",
        how: "parses a payload and prints it again, without the escapes of slashes",
        dies: &[("backend/free-text-changed", "is whole")],
        backend: signal_store::<PrintsSlashes>,
    },
    Mutant {
        id: "signal-store/expired-waiters-come-last",
        clause: "SIGNAL-9",
        how: "prefers waiters that have not expired",
        dies: &[("signal-store/oldest-waiter-passed-over", "the oldest gets it, expired or not")],
        backend: signal_store::<ExpiredComeLast>,
    },
];

models! {
    ExpiredComeLast
    PrintsSlashes
    ComposesNames
    FoldsNames TrimsNames TrimsStepKeys CutsNames RefusesLongPayloads ExpiresOnMilliseconds
    ExpiryLosesFraction ExpiresInNanoseconds WaiterNeedsStep WaiterNeedsRun
    AnswersTheClock
}

override_registration! {
    TrimsStepKeys ExpiresOnMilliseconds ExpiryLosesFraction ExpiresInNanoseconds
    WaiterNeedsStep WaiterNeedsRun
}

override_delivery! { ExpiredComeLast  PrintsSlashes  ComposesNames  FoldsNames TrimsNames CutsNames RefusesLongPayloads }

/// Delivers a signal under the name of a waiter that is taken for the same.
fn deliver_alike(
    mutant: &mut impl Spec,
    signal: Signal<'_>,
    is_same: impl Fn(&str, &str) -> bool,
) -> Answer<SignalDeliveryResult> {
    let mut waiters = mutant.space()?.waiters.values();
    let alike = waiters
        .find(|waiter| waiter.run_id == signal.run && is_same(&waiter.signal_name, signal.name));
    let name = alike.map_or(signal.name.to_owned(), |waiter| waiter.signal_name.clone());
    Signal { name: &name, ..signal }.on(&mut AsSpecified(mutant.state()))
}

impl BreaksDelivery for FoldsNames {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        deliver_alike(self, signal, |name, sent| name.eq_ignore_ascii_case(sent))
    }
}

impl BreaksDelivery for TrimsNames {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        deliver_alike(self, signal, |name, sent| name.trim() == sent.trim())
    }
}

impl BreaksRegistration for TrimsStepKeys {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        Registration { key: registration.key.trim(), ..registration }.on(&mut self.0)
    }
}

impl BreaksDelivery for CutsNames {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        deliver_alike(self, signal, |name, sent| name.chars().take(256).eq(sent.chars().take(256)))
    }
}

impl BreaksDelivery for RefusesLongPayloads {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        match signal.payload.len() > 64 << 10 {
            true => Err(Error::InvalidArgument("payload too long".to_owned())),
            false => signal.on(&mut self.0),
        }
    }
}

impl BreaksRegistration for ExpiresOnMilliseconds {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        let expires_at = registration.expires_at.map(|instant| instant.trunc_subsecs(3));
        Registration { expires_at, ..registration }.on(&mut self.0)
    }
}

impl BreaksRegistration for ExpiryLosesFraction {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        let expires_at = registration.expires_at.map(whole_before_1970);
        Registration { expires_at, ..registration }.on(&mut self.0)
    }
}

impl BreaksRegistration for ExpiresInNanoseconds {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        let expires_at = registration.expires_at.map(in_nanoseconds).transpose()?;
        Registration { expires_at, ..registration }.on(&mut self.0)
    }
}

impl BreaksRegistration for WaiterNeedsRun {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        self.space()?.runs.get(&registration.run).ok_or_else(missing_parent)?;
        registration.on(&mut self.0)
    }
}

impl BreaksRegistration for WaiterNeedsStep {
    fn register(&mut self, registration: Registration<'_>) -> Answer<()> {
        step(self.space()?, registration.run, registration.key).ok_or_else(missing_parent)?;
        registration.on(&mut self.0)
    }
}

impl SignalStore for AnswersTheClock {
    fn deliver_signal(
        &mut self,
        run: RunId,
        name: &str,
        payload: &str,
    ) -> Answer<SignalDeliveryResult> {
        let result = self.0.deliver_signal(run, name, payload)?;
        for waiter in self.space()?.waiters.values_mut() {
            waiter.delivered_at = waiter.delivered_at.map(|at| at.trunc_subsecs(3));
        }
        Ok(result)
    }
}

impl BreaksDelivery for ComposesNames {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let composed = |name: &str| name.replace("e\u{301}", "é");
        deliver_alike(&mut self.0, signal, |a, b| composed(a) == composed(b))
    }
}

impl BreaksDelivery for PrintsSlashes {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let payload = signal.payload.replace("\\/", "/");
        Signal { payload: &payload, ..signal }.on(&mut self.0)
    }
}

impl BreaksDelivery for ExpiredComeLast {
    fn deliver(&mut self, signal: Signal<'_>) -> Answer<SignalDeliveryResult> {
        let now = self.0.now();
        let is_expired = |at: Option<Instant>| at.is_some_and(|at| at < now);
        let (hidden, seen) = self.space()?.waiters.clone().into_iter().partition(|(_, waiter)| {
            is_expired(waiter.expires_at) && waiter.delivered_at.is_none()
        });
        let everything: BTreeMap<_, _> = hidden;
        self.space()?.waiters = seen;
        let result = signal.on(&mut self.0);
        self.space()?.waiters.extend(everything);
        match result {
            Ok(SignalDeliveryResult::Delivered(_)) => result,
            _ => signal.on(&mut self.0),
        }
    }
}
