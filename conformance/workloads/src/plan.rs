//! What a bench measures, in its order.

use thiserror::Error;

use crate::workload::SMALL;
use crate::{Crowd, Group, Growth, Workload};

/// What a bench is asked to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ids of the workloads; empty for all.
    pub only: Vec<String>,
    /// How many callers whole workloads have, one measure each.
    pub callers: Vec<u64>,
    /// The same for operations that several may call at once.
    pub operation_callers: Vec<u64>,
    /// How long a measure takes for each target.
    pub seconds: f64,
    /// Into how many turns of the targets that is cut.
    pub rounds: u64,
    /// The longest history, in runs; 0 for none, and so no queries.
    pub history: u64,
    /// Gives every id, content and choice.
    pub seed: u64,
    /// Begins the name of every namespace, so that two benches never share one.
    pub nonce: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            callers: vec![1, 2, 8, 32],
            operation_callers: vec![1],
            seconds: 1.0,
            rounds: 10,
            history: 100_000,
            seed: 1,
            nonce: 0,
        }
    }
}

/// There is no workload of that id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no workload `{id}`; there are {}", all_ids())]
pub struct UnknownWorkload {
    /// What was asked for.
    pub id: String,
}

fn all_ids() -> String {
    Workload::all().map(|workload| workload.id).collect::<Vec<_>>().join(", ")
}

impl Settings {
    /// Looks for the ids of `only` in the list.
    ///
    /// # Errors
    ///
    /// The first that names no workload.
    pub fn validate(&self) -> Result<(), UnknownWorkload> {
        match self.only.iter().find(|id| Workload::find(id).is_none()) {
            Some(id) => Err(UnknownWorkload { id: id.clone() }),
            None => Ok(()),
        }
    }

    fn selects(&self, workload: &Workload) -> bool {
        self.only.is_empty() || self.only.iter().any(|id| id == workload.id)
    }

    /// The lengths of history, each ten times the one before.
    pub(crate) fn levels(&self) -> Vec<u64> {
        if self.history == 0 {
            return Vec::new();
        }
        let mut levels: Vec<u64> = std::iter::successors(Some(1_000), |runs| Some(runs * 10))
            .take_while(|runs| *runs < self.history)
            .collect();
        levels.push(self.history.max(1_000));
        levels
    }

    /// What is measured in empty namespaces.
    pub(crate) fn apart(&self) -> Vec<Measure> {
        let mut measures = Vec::new();
        for workload in Workload::all().filter(|workload| self.selects(workload)) {
            let callers: &[u64] = match (workload.group, workload.crowd) {
                (Group::Query, _) => continue,
                (Group::Operation, Crowd::Alone) => &[1],
                (Group::Operation, _) => &self.operation_callers,
                (Group::Flow, _) => &self.callers,
            };
            for payload in workload.payloads() {
                let with = |callers: &u64| Measure::new(workload, *callers, *payload, 0);
                measures.extend(callers.iter().map(with));
            }
        }
        measures
    }

    /// What is measured beside a history.
    pub(crate) fn beside(&self, history: u64) -> Vec<Measure> {
        let grows = |workload: &&Workload| workload.growth != Growth::Apart;
        let chosen = Workload::all().filter(grows).filter(|workload| self.selects(workload));
        let payload = |workload: &Workload| if workload.payloads.is_empty() { 0 } else { SMALL };
        chosen.map(|it| Measure::new(it, 1, payload(it), history)).collect()
    }
}

/// A workload with everything that is fixed about it.
#[derive(Clone, Copy)]
pub(crate) struct Measure {
    pub(crate) workload: &'static Workload,
    pub(crate) callers: u64,
    pub(crate) payload_bytes: usize,
    /// The runs of the history, 0 for none.
    pub(crate) history: u64,
}

impl Measure {
    fn new(workload: &'static Workload, callers: u64, payload_bytes: usize, history: u64) -> Self {
        Self { workload, callers, payload_bytes, history }
    }

    /// Sets its ids apart from those of every other.
    pub(crate) fn name(&self) -> String {
        let Self { workload, callers, payload_bytes, history } = self;
        format!("{}/{callers}/{payload_bytes}/{history}", workload.id)
    }

    /// The turns of one target in all rounds, or what it leaves would change what is measured.
    pub(crate) fn turns_at_most(&self) -> Option<u64> {
        /// Few beside the shortest history, and as many beside the longest: otherwise what is slow
        /// at first would weigh more there.
        const BESIDE_HISTORY: u64 = 220;
        let turns = self.workload.turns_at_most(self.payload_bytes)?;
        Some(if self.history > 0 { turns.min(BESIDE_HISTORY) } else { turns })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use std::collections::BTreeSet;

    use super::Settings;
    use crate::Workload;

    #[test]
    fn ids_are_unique_and_short() {
        let ids: BTreeSet<_> = Workload::all().map(|workload| workload.id).collect();
        assert_eq!(ids.len(), Workload::all().count());
        for workload in Workload::all() {
            let is_slug = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(!workload.id.is_empty() && workload.id.chars().all(is_slug), "{}", workload.id);
            assert!(!workload.what.is_empty(), "{}", workload.id);
        }
    }

    #[test]
    fn histories_grow_tenfold_up_to_the_longest() {
        let of = |history| Settings { history, ..Settings::default() }.levels();
        assert_eq!(of(0), [0; 0]);
        assert_eq!(of(1_000), [1_000]);
        assert_eq!(of(30_000), [1_000, 10_000, 30_000]);
        assert_eq!(of(1_000_000), [1_000, 10_000, 100_000, 1_000_000]);
    }

    #[test]
    fn what_is_asked_for_is_measured() {
        let only = vec!["claim".to_owned(), "chain".to_owned(), "runs".to_owned()];
        let settings = Settings { only, ..Settings::default() };
        settings.validate().unwrap();
        let names: Vec<_> = settings.apart().iter().map(super::Measure::name).collect();
        let expected =
            ["claim/1/0/0", "chain/1/200/0", "chain/2/200/0", "chain/8/200/0", "chain/32/200/0"];
        assert_eq!(names, expected);
        let names: Vec<_> = settings.beside(1_000).iter().map(super::Measure::name).collect();
        assert_eq!(names, ["claim/1/0/1000", "runs/1/0/1000"]);
        let only = vec!["clam".to_owned()];
        let error = Settings { only, ..Settings::default() }.validate().unwrap_err();
        assert!(error.to_string().contains("`clam`; there are start-run,"), "{error}");
    }
}
