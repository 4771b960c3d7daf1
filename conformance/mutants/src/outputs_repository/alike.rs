//! Mutants that take one name for another that is like it.

use plimsoll_contract::{Answer, RunId};
use plimsoll_model::{OutputsRepository, Spec};

use super::Headers;
use crate::Mutant;
use crate::broken::{models, outputs_repository};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "outputs-repository/inputs-are-prefixed-outputs",
        clause: "OUTPUT-2",
        how: "keeps the input of a step as the output of `input:` and its key",
        dies: &[("outputs-repository/input-shadows-output", "`input:a` has no output")],
        backend: outputs_repository::<InputsArePrefixed>,
    },
    Mutant {
        id: "outputs-repository/first-spelling-of-headers",
        clause: "OUTPUT-10",
        how: "spells a header name as the first one that differs in capitals alone",
        dies: &[("outputs-repository/headers-changed", "names that differ in capitals")],
        backend: outputs_repository::<FirstSpelling>,
    },
    Mutant {
        id: "outputs-repository/equal-headers-are-one",
        clause: "OUTPUT-12",
        how: "keeps one of several headers of one name and value",
        dies: &[("outputs-repository/repeated-header-dropped", "also if they are equal")],
        backend: outputs_repository::<EqualHeadersAreOne>,
    },
    Mutant {
        id: "outputs-repository/scope-ends-for-what-is-within",
        clause: "OUTPUT-15",
        how: "deletes the outputs of the steps within the one whose scope ends",
        dies: &[("outputs-repository/end-of-scope-deletes", "`charge.0` keeps its output")],
        backend: outputs_repository::<ScopeEndsWithin>,
    },
];

models! {
    InputsArePrefixed FirstSpelling ScopeEndsWithin EqualHeadersAreOne
}

impl OutputsRepository for InputsArePrefixed {
    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        self.0.save_step_output(run, &format!("input:{key}"), value)
    }

    fn get_step_input(&mut self, run: RunId, key: &str) -> Answer<Option<String>> {
        self.0.get_step_output(run, &format!("input:{key}"))
    }
}

impl OutputsRepository for FirstSpelling {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let mut spelled = headers.to_vec();
        for at in 1..spelled.len() {
            let first =
                spelled[..at].iter().find(|(name, _)| name.eq_ignore_ascii_case(&spelled[at].0));
            if let Some((name, _)) = first.cloned() {
                spelled[at].0 = name;
            }
        }
        self.0.save_trigger_headers(run, &spelled)
    }
}

impl OutputsRepository for EqualHeadersAreOne {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let mut kept = Vec::new();
        for header in headers {
            if !kept.contains(header) {
                kept.push(header.clone());
            }
        }
        self.0.save_trigger_headers(run, &kept)
    }
}

impl OutputsRepository for ScopeEndsWithin {
    fn end_scope(&mut self, run: RunId, key: &str) -> Answer<()> {
        let within = format!("{key}.");
        let outputs = &mut self.space()?.outputs;
        outputs.retain(|(of_run, other), _| *of_run != run || !other.starts_with(&within));
        Ok(())
    }
}
