use std::collections::BTreeSet;

use plimsoll_contract::RunId;
use plimsoll_model::{Model, Spec, State};

/// A mutant that lists claims or dispatch entries from a table which only grows.
#[derive(Default)]
pub(crate) struct StaleList {
    pub(crate) model: Model,
    index: BTreeSet<(RunId, String)>,
}

impl Spec for StaleList {
    fn state(&mut self) -> &mut State {
        self.model.state()
    }
}

impl StaleList {
    pub(crate) fn note(&mut self, run: RunId, key: &str) {
        self.index.insert((run, key.to_owned()));
    }

    pub(crate) fn listed(&self, run: RunId) -> Vec<String> {
        let of_run = self.index.iter().filter(|(of_run, _)| *of_run == run);
        of_run.map(|(_, key)| key.clone()).collect()
    }
}
