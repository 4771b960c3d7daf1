//! Mutants of how the texts of a step are kept.

use plimsoll_contract::{Answer, Error};
use plimsoll_model::Spec;

use super::calls::{BreaksCompletion, BreaksStart, Completion, Start, override_run_store};
use crate::Mutant;
use crate::broken::{models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/folds-step-keys",
        clause: "BACKEND-5",
        how: "keeps step keys in lower case",
        dies: &[("run-store/step-keys-merged", "every key is a step of its own")],
        backend: run_store::<FoldsStepKeys>,
    },
    Mutant {
        id: "run-store/completes-keys-that-look-alike",
        clause: "BACKEND-5",
        how: "completes every step whose key differs in letter case or blanks alone",
        dies: &[("run-store/step-keys-merged", "completing one completes no other")],
        backend: run_store::<CompletesLookalikes>,
    },
    Mutant {
        id: "run-store/cuts-step-keys",
        clause: "BACKEND-4",
        how: "cuts step keys to 128 characters",
        dies: &[("run-store/long-step-keys-cut", "they are started whole")],
        backend: run_store::<CutsStepKeys>,
    },
    Mutant {
        id: "run-store/refuses-long-step-keys",
        clause: "BACKEND-6",
        how: "refuses step keys of more than 128 characters",
        dies: &[("run-store/long-step-keys-cut", "gave no value: invalid argument")],
        backend: run_store::<RefusesLongStepKeys>,
    },
    Mutant {
        id: "run-store/keeps-the-attempt-of-a-refused-start",
        clause: "BACKEND-2",
        how: "refuses a type of more than 64 KiB after it has counted the attempt",
        dies: &[("run-store/refused-start-leaves-attempt", "no attempt was counted")],
        backend: run_store::<KeepsRefusedAttempt>,
    },
    Mutant {
        id: "run-store/cuts-types",
        clause: "BACKEND-4",
        how: "cuts step types to 256 characters",
        dies: &[("run-store/refused-start-leaves-attempt", "the type is whole")],
        backend: run_store::<CutsTypes>,
    },
    Mutant {
        id: "run-store/cuts-inputs",
        clause: "BACKEND-6",
        how: "cuts the input of a step to 4,000 characters",
        dies: &[("run-store/long-outcomes-cut", "the input is whole")],
        backend: run_store::<CutsInputs>,
    },
    Mutant {
        id: "run-store/cuts-outcomes",
        clause: "BACKEND-6",
        how: "cuts output and error of a step to 4,000 characters",
        dies: &[
            ("run-store/long-outcomes-cut", "the output is whole"),
            ("run-store/long-outcomes-cut", "the error is whole"),
        ],
        backend: run_store::<CutsOutcomes>,
    },
    Mutant {
        id: "run-store/cuts-wide-step-keys",
        clause: "BACKEND-4",
        how: "cuts step keys to 255 characters",
        dies: &[("run-store/wide-step-keys-cut", "the keys that were not refused are whole")],
        backend: run_store::<CutsWideStepKeys>,
    },
    Mutant {
        id: "run-store/step-keys-end-at-nul",
        clause: "BACKEND-4",
        how: "keeps what is before the first U+0000 of a step key",
        dies: &[("run-store/text-cut-at-nul", "the keys that were not refused are whole")],
        backend: run_store::<KeysEndAtNul>,
    },
    Mutant {
        id: "run-store/errors-end-at-nul",
        clause: "BACKEND-4",
        how: "keeps what is before the first U+0000 of an error",
        dies: &[("run-store/text-cut-at-nul", "the error is whole")],
        backend: run_store::<ErrorsEndAtNul>,
    },
];

models! {
    FoldsStepKeys CompletesLookalikes CutsStepKeys RefusesLongStepKeys KeepsRefusedAttempt CutsTypes
    CutsInputs CutsOutcomes CutsWideStepKeys KeysEndAtNul ErrorsEndAtNul
}

override_run_store! {
    record_step_start: FoldsStepKeys CutsStepKeys RefusesLongStepKeys KeepsRefusedAttempt CutsTypes
        CutsInputs CutsWideStepKeys KeysEndAtNul
}

override_run_store! {
    record_step_complete: CompletesLookalikes CutsOutcomes ErrorsEndAtNul
}

impl BreaksStart for FoldsStepKeys {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        Start { key: &start.key.to_lowercase(), ..start }.on(&mut self.0)
    }
}

impl BreaksCompletion for CompletesLookalikes {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let folded = |key: &str| key.trim().to_lowercase();
        let of_run = self.space()?.steps.keys().filter(|(run, _)| *run == completion.run);
        let alike = of_run.filter(|(_, key)| folded(key) == folded(completion.key));
        let keys: Vec<_> = alike.map(|(_, key)| key.clone()).collect();
        keys.iter().try_for_each(|key| Completion { key, ..completion }.on(&mut self.0))
    }
}

impl BreaksStart for CutsStepKeys {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let key: String = start.key.chars().take(128).collect();
        Start { key: &key, ..start }.on(&mut self.0)
    }
}

impl BreaksStart for RefusesLongStepKeys {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        match start.key.len() {
            0..=128 => start.on(&mut self.0),
            _ => Err(Error::InvalidArgument("step key too long".to_owned())),
        }
    }
}

impl BreaksStart for KeepsRefusedAttempt {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let is_refused = start.kind.len() > 64 << 10;
        start.on(&mut self.0)?;
        if is_refused {
            self.space()?.steps.remove(&(start.run, start.key.to_owned()));
            return Err(Error::InvalidArgument("step type too long".to_owned()));
        }
        Ok(())
    }
}

/// The first characters of a text.
fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

impl BreaksStart for CutsTypes {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        Start { kind: &cut(start.kind, 256), ..start }.on(&mut self.0)
    }
}

impl BreaksStart for CutsInputs {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        let input = start.input.map(|input| cut(input, 4_000));
        Start { input: input.as_deref(), ..start }.on(&mut self.0)
    }
}

impl BreaksCompletion for CutsOutcomes {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        let output = completion.output.map(|output| cut(output, 4_000));
        let error = completion.error.map(|error| cut(error, 4_000));
        let (output, error) = (output.as_deref(), error.as_deref());
        Completion { output, error, ..completion }.on(&mut self.0)
    }
}

impl BreaksStart for CutsWideStepKeys {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        Start { key: &cut(start.key, 255), ..start }.on(&mut self.0)
    }
}

/// What a C string holds of a text.
fn before_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

impl BreaksStart for KeysEndAtNul {
    fn start(&mut self, start: Start<'_>) -> Answer<()> {
        Start { key: before_nul(start.key), ..start }.on(&mut self.0)
    }
}

impl BreaksCompletion for ErrorsEndAtNul {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()> {
        Completion { error: completion.error.map(before_nul), ..completion }.on(&mut self.0)
    }
}
