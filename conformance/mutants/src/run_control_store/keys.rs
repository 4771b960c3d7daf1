//! Mutants of idempotency keys.

use plimsoll_contract::{Answer, Error, FlowId, RunId};
use plimsoll_model::{Model, RunControlStore, Spec};

use crate::broken::{AsSpecified, missing_parent, models, run_control_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-control-store/finds-configured-keys",
        clause: "CONTROL-16",
        how: "looks for a key in the control records",
        dies: &[("run-control-store/registered-key-not-found", "the key finds its run")],
        backend: run_control_store::<FindsConfiguredKeys>,
    },
    Mutant {
        id: "run-control-store/finds-any-key",
        clause: "CONTROL-16",
        how: "finds a key by flow and trigger alone",
        dies: &[("run-control-store/registered-key-not-found", "another finds none")],
        backend: run_control_store::<FindsAnyKey>,
    },
    Mutant {
        id: "run-control-store/registration-is-an-upsert",
        clause: "CONTROL-17",
        how: "replaces a registration and says true",
        dies: &[
            ("run-control-store/second-registration-wins", "nor may another"),
            ("run-control-store/second-registration-wins", "the first run is found"),
        ],
        backend: run_control_store::<RegistrationIsAnUpsert>,
    },
    Mutant {
        id: "run-control-store/same-run-may-register-again",
        clause: "CONTROL-17",
        how: "says true to the run that has the key",
        dies: &[("run-control-store/second-registration-wins", "it may not do so twice")],
        backend: run_control_store::<SameRunRegistersAgain>,
    },
    Mutant {
        id: "run-control-store/registers-without-saying-so",
        clause: "CONTROL-17",
        how: "registers a key and answers false",
        dies: &[(
            "run-control-store/second-registration-wins",
            "the first caller may start the run",
        )],
        backend: run_control_store::<RegistersSilently>,
    },
    Mutant {
        id: "run-control-store/two-callers-register-one-key",
        clause: "CONTROL-18",
        how: "looks for the key and inserts it in two steps",
        dies: &[
            ("run-control-store/registration-race-has-two-winners", "one caller registers"),
            ("run-control-store/registrations-in-no-order", "the registrations of one key"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-control-store/concurrent-registrations-clash",
        clause: "CONTROL-18",
        how: "gives a key error to the loser of a race instead of false",
        dies: &[("run-control-store/registration-race-has-two-winners", "the others are told no")],
        backend: racy::clashing,
    },
    Mutant {
        id: "run-control-store/keys-lack-the-flow",
        clause: "CONTROL-19",
        how: "keeps registrations without their flow",
        dies: &[("run-control-store/key-not-scoped-by-flow", "it can register it")],
        backend: run_control_store::<KeysLackFlow>,
    },
    Mutant {
        id: "run-control-store/keys-lack-the-trigger",
        clause: "CONTROL-19",
        how: "keeps registrations without their trigger key",
        dies: &[("run-control-store/key-not-scoped-by-trigger", "it can register it")],
        backend: run_control_store::<KeysLackTrigger>,
    },
    Mutant {
        id: "run-control-store/joins-trigger-and-key",
        clause: "CONTROL-19",
        how: "keeps trigger key and key as one text with a colon between",
        dies: &[("run-control-store/key-not-scoped-by-trigger", "not one with \":\" between")],
        backend: run_control_store::<JoinsKeys>,
    },
    Mutant {
        id: "run-control-store/finds-folded-keys",
        clause: "CONTROL-20",
        how: "folds letter case beyond ASCII in what it looks for, and not in what it registers",
        dies: &[("run-control-store/find-and-register-disagree", "so it is beyond ASCII")],
        backend: run_control_store::<FindsFoldedKeys>,
    },
    Mutant {
        id: "run-control-store/end-frees-the-keys",
        clause: "CONTROL-17",
        how: "lets a key be registered again when its run has ended",
        dies: &[("run-control-store/end-frees-keys", "nobody may register it again")],
        backend: run_control_store::<EndFreesKeys>,
    },
    Mutant {
        id: "run-control-store/finds-exact-keys",
        clause: "CONTROL-20",
        how: "normalises what it registers and not what it looks for",
        dies: &[
            ("run-control-store/find-and-register-disagree", "if, and only if, they collide"),
            ("run-control-store/find-and-register-disagree", "the same text is found"),
        ],
        backend: run_control_store::<FindsExactKeys>,
    },
    Mutant {
        id: "run-control-store/registers-exact-keys",
        clause: "CONTROL-20",
        how: "normalises what it looks for and not what it registers",
        dies: &[("run-control-store/find-and-register-disagree", "if, and only if, they collide")],
        backend: run_control_store::<RegistersExactKeys>,
    },
    Mutant {
        id: "run-control-store/keys-are-exact",
        clause: "CONTROL-21",
        how: "compares keys as they are",
        dies: &[("run-control-store/key-spelling-counts", "\"KEY-1\" find the run")],
        backend: run_control_store::<KeysAreExact>,
    },
    Mutant {
        id: "run-control-store/blanks-never-count",
        clause: "CONTROL-21",
        how: "removes the blanks within a key too",
        dies: &[("run-control-store/key-spelling-counts", "a blank within the key counts")],
        backend: run_control_store::<BlanksNeverCount>,
    },
    Mutant {
        id: "run-control-store/cuts-keys",
        clause: "BACKEND-4",
        how: "cuts idempotency keys to 256 characters",
        dies: &[("run-control-store/long-keys-cut", "a longer key is not taken for one that")],
        backend: run_control_store::<CutsKeys>,
    },
    Mutant {
        id: "run-control-store/refuses-long-keys",
        clause: "BACKEND-6",
        how: "refuses idempotency keys of more than 200 characters",
        dies: &[("run-control-store/long-keys-cut", "gave no value: invalid argument")],
        backend: run_control_store::<RefusesLongKeys>,
    },
    Mutant {
        id: "run-control-store/keys-reference-runs",
        clause: "CONTROL-23",
        how: "refuses a key whose run does not exist",
        dies: &[("run-control-store/key-needs-run", "gave no value: violates a foreign key")],
        backend: run_control_store::<KeyNeedsRun>,
    },
    Mutant {
        id: "run-control-store/trims-every-blank",
        clause: "CONTROL-17",
        how: "trims every blank that Unicode knows",
        dies: &[
            ("run-control-store/other-keys-collide", "is a key of its own"),
            ("run-control-store/other-keys-collide", "is another trigger key"),
        ],
        backend: run_control_store::<TrimsEveryBlank>,
    },
    Mutant {
        id: "run-control-store/one-key-a-run",
        clause: "CONTROL-17",
        how: "refuses a second key of a run",
        dies: &[("run-control-store/second-registration-wins", "a run may have a second key")],
        backend: run_control_store::<OneKeyARun>,
    },
];

models! {
    OneKeyARun
    TrimsEveryBlank
    FindsConfiguredKeys FindsAnyKey RegistrationIsAnUpsert SameRunRegistersAgain KeysLackFlow
    KeysLackTrigger FindsExactKeys RegistersExactKeys KeysAreExact BlanksNeverCount CutsKeys RefusesLongKeys RegistersSilently
    KeyNeedsRun JoinsKeys FindsFoldedKeys EndFreesKeys
}

/// What an idempotency key is registered under.
#[derive(Clone, Copy)]
struct Key<'a> {
    flow: FlowId,
    trigger: &'a str,
    key: &'a str,
}

impl Key<'_> {
    fn find(self, model: &mut impl RunControlStore) -> Answer<Option<RunId>> {
        model.find_run_id_by_idempotency_key(self.flow, self.trigger, self.key)
    }

    fn register(self, model: &mut impl RunControlStore, run: RunId) -> Answer<bool> {
        model.try_register_idempotency_key(self.flow, self.trigger, self.key, run)
    }

    /// The key of the registration in a state, as it would be without being normalised.
    fn exact(self) -> (FlowId, String, String) {
        (self.flow, self.trigger.to_owned(), self.key.to_owned())
    }
}

/// A mutant that breaks the registration of keys.
trait BreaksKeys: Spec {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        key.find(&mut AsSpecified(self.state()))
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        key.register(&mut AsSpecified(self.state()), run)
    }
}

macro_rules! override_keys {
    ($($mutant:ident)*) => {
        $(impl RunControlStore for $mutant {
            fn find_run_id_by_idempotency_key(
                &mut self,
                flow: FlowId,
                trigger: &str,
                key: &str,
            ) -> Answer<Option<RunId>> {
                self.find(Key { flow, trigger, key })
            }

            fn try_register_idempotency_key(
                &mut self,
                flow: FlowId,
                trigger: &str,
                key: &str,
                run: RunId,
            ) -> Answer<bool> {
                self.register(Key { flow, trigger, key }, run)
            }
        })*
    };
}

override_keys! { TrimsEveryBlank
    FindsConfiguredKeys FindsAnyKey RegistrationIsAnUpsert SameRunRegistersAgain KeysLackFlow
    KeysLackTrigger FindsExactKeys RegistersExactKeys KeysAreExact BlanksNeverCount CutsKeys RefusesLongKeys RegistersSilently
    KeyNeedsRun JoinsKeys FindsFoldedKeys EndFreesKeys
}

impl BreaksKeys for FindsConfiguredKeys {
    fn find(&mut self, Key { flow, trigger, key }: Key<'_>) -> Answer<Option<RunId>> {
        let mut controls = self.space()?.controls.values();
        let found = controls.find(|control| {
            control.flow_id == flow
                && control.trigger_key == trigger
                && control.idempotency_key.as_deref() == Some(key)
        });
        Ok(found.map(|control| control.run_id))
    }
}

impl BreaksKeys for FindsAnyKey {
    fn find(&mut self, Key { flow, trigger, .. }: Key<'_>) -> Answer<Option<RunId>> {
        let mut keys = self.space()?.idempotency_keys.iter();
        let found = keys.find(|((of, by, _), _)| *of == flow && by == trigger);
        Ok(found.map(|(_, run)| *run))
    }
}

impl BreaksKeys for RegistrationIsAnUpsert {
    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        if let Some(registered) = self.find(key)? {
            self.space()?.idempotency_keys.retain(|_, of| *of != registered);
        }
        key.register(&mut self.0, run)
    }
}

impl BreaksKeys for SameRunRegistersAgain {
    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        Ok(key.register(&mut self.0, run)? || self.find(key)? == Some(run))
    }
}

impl BreaksKeys for JoinsKeys {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        let joined = format!("{}:{}", key.trigger, key.key);
        Key { trigger: "", key: &joined, ..key }.find(&mut self.0)
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        let joined = format!("{}:{}", key.trigger, key.key);
        Key { trigger: "", key: &joined, ..key }.register(&mut self.0, run)
    }
}

impl BreaksKeys for FindsFoldedKeys {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        let folded = key.key.to_lowercase();
        Key { key: &folded, ..key }.find(&mut self.0)
    }
}

impl BreaksKeys for EndFreesKeys {
    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        let space = self.space()?;
        let runs = &space.runs;
        space
            .idempotency_keys
            .retain(|_, of| runs.get(of).is_none_or(|record| record.completed_at.is_none()));
        key.register(&mut self.0, run)
    }
}

impl BreaksKeys for KeysLackFlow {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        Key { flow: FlowId::default(), ..key }.find(&mut self.0)
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        Key { flow: FlowId::default(), ..key }.register(&mut self.0, run)
    }
}

impl BreaksKeys for KeysLackTrigger {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        Key { trigger: "", ..key }.find(&mut self.0)
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        Key { trigger: "", ..key }.register(&mut self.0, run)
    }
}

impl BreaksKeys for FindsExactKeys {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        Ok(self.space()?.idempotency_keys.get(&key.exact()).copied())
    }
}

impl BreaksKeys for RegistersExactKeys {
    fn find(&mut self, Key { flow, trigger, key }: Key<'_>) -> Answer<Option<RunId>> {
        let is_same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
        let mut keys = self.space()?.idempotency_keys.iter();
        let found = keys
            .find(|((of, by, text), _)| *of == flow && is_same(by, trigger) && is_same(text, key));
        Ok(found.map(|(_, run)| *run))
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        register_exact(&mut self.0, key, run)
    }
}

/// Registers a key as it is.
fn register_exact(model: &mut Model, key: Key<'_>, run: RunId) -> Answer<bool> {
    let keys = &mut model.space()?.idempotency_keys;
    let is_new = !keys.contains_key(&key.exact());
    keys.entry(key.exact()).or_insert(run);
    Ok(is_new)
}

impl BreaksKeys for KeysAreExact {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        Ok(self.space()?.idempotency_keys.get(&key.exact()).copied())
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        register_exact(&mut self.0, key, run)
    }
}

impl BreaksKeys for BlanksNeverCount {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        Key { key: &key.key.replace(' ', ""), ..key }.find(&mut self.0)
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        Key { key: &key.key.replace(' ', ""), ..key }.register(&mut self.0, run)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(256).collect()
}

impl BreaksKeys for CutsKeys {
    fn find(&mut self, key: Key<'_>) -> Answer<Option<RunId>> {
        Key { key: &cut(key.key), ..key }.find(&mut self.0)
    }

    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        Key { key: &cut(key.key), ..key }.register(&mut self.0, run)
    }
}

impl BreaksKeys for RefusesLongKeys {
    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        match key.key.len() {
            0..=200 => key.register(&mut self.0, run),
            _ => Err(Error::InvalidArgument("idempotency key too long".to_owned())),
        }
    }
}

impl BreaksKeys for RegistersSilently {
    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        key.register(&mut self.0, run).map(|_| false)
    }
}

impl BreaksKeys for KeyNeedsRun {
    fn register(&mut self, key: Key<'_>, run: RunId) -> Answer<bool> {
        self.space()?.runs.get(&run).ok_or_else(missing_parent)?;
        key.register(&mut self.0, run)
    }
}

impl BreaksKeys for TrimsEveryBlank {
    fn find(&mut self, Key { flow, trigger, key }: Key<'_>) -> Answer<Option<RunId>> {
        Key { flow, trigger: trigger.trim(), key: key.trim() }.find(&mut self.0)
    }

    fn register(&mut self, Key { flow, trigger, key }: Key<'_>, run: RunId) -> Answer<bool> {
        Key { flow, trigger: trigger.trim(), key: key.trim() }.register(&mut self.0, run)
    }
}

impl RunControlStore for OneKeyARun {
    fn try_register_idempotency_key(
        &mut self,
        flow: FlowId,
        trigger: &str,
        key: &str,
        run: RunId,
    ) -> Answer<bool> {
        match self.space()?.idempotency_keys.values().any(|of_key| *of_key == run) {
            true => Ok(false),
            false => self.0.try_register_idempotency_key(flow, trigger, key, run),
        }
    }
}
