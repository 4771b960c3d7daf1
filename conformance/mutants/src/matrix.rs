//! What the suite makes of the mutants: the kill matrix.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use async_trait::async_trait;
use plimsoll_conformance::report::CheckReport;
use plimsoll_conformance::{Check, Settings, Subject, Verdict, all_checks, certify};
use plimsoll_contract::{Backend, Clock, Level, Result};
use tokio::sync::OnceCell;

use crate::Mutant;

/// The effort at which every check meets every mutant, in percent of the usual.
const LOW_EFFORT: u32 = 1;

/// What broke at low effort, by backend and seed: many a racy mutant is the same backend as another,
/// bound to other checks.
static BROKEN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

type Known = HashMap<(usize, u64), Arc<OnceCell<Killers>>>;
type Killers = BTreeSet<&'static str>;

/// What became of a mutant.
#[derive(Debug)]
pub struct Death {
    /// Whose.
    pub mutant: &'static Mutant,
    /// The checks that it broke: all of them at low effort, those that it is bound to at full.
    pub killed_by: BTreeSet<&'static str>,
    /// What the checks said that it is bound to.
    pub died_saying: Vec<String>,
    /// What is wrong with its death: a check that it is bound to and did not break, or that broke
    /// and did not say what it must.
    pub complaints: Vec<String>,
}

impl Death {
    /// Whether any check broke.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        !self.killed_by.is_empty()
    }

    /// Whether every check broke that it is bound to, with the words.
    #[must_use]
    pub const fn is_for_the_bound_reason(&self) -> bool {
        self.complaints.is_empty()
    }
}

/// A mutant whose instances share nothing.
pub(crate) struct Mutated(pub(crate) &'static Mutant);

#[async_trait]
impl Subject for Mutated {
    fn target(&self) -> String {
        self.0.id.to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(self.0.backend())
    }
}

/// Runs the checks that a mutant is bound to, at full effort. The same seed replays it.
pub async fn judge_bound(mutant: &'static Mutant, seed: u64) -> Death {
    let only = mutant.dies.iter().map(|(id, _)| (*id).to_owned()).collect();
    let settings = Settings { only, seed, ..Settings::default() };
    let report = certify(mutant.subject(), &settings).await;
    let mut death = Death {
        mutant,
        killed_by: broken(&report.checks).collect(),
        died_saying: Vec::new(),
        complaints: Vec::new(),
    };
    for (id, words) in mutant.dies {
        match report.checks.iter().find(|report| report.id == *id) {
            Some(report) => death.examine(report, words),
            None => death.complaints.push(format!("there is no check {id}")),
        }
    }
    death
}

/// Runs every check at a low effort, then those that the mutant is bound to at full.
pub async fn judge(mutant: &'static Mutant, seed: u64) -> Death {
    let mut death = judge_bound(mutant, seed).await;
    let known = {
        let mut known = BROKEN.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry((mutant.backend as usize, seed)).or_default())
    };
    death.killed_by.extend(known.get_or_init(|| broken_at_low_effort(mutant, seed)).await);
    death
}

async fn broken_at_low_effort(mutant: &'static Mutant, seed: u64) -> Killers {
    let settings = Settings { effort: LOW_EFFORT, seed, ..Settings::default() };
    broken(&certify(mutant.subject(), &settings).await.checks).collect()
}

/// Whether the checks that judge histories, and nothing else, break on a mutant.
pub async fn dies_of_histories(mutant: &'static Mutant, seed: u64) -> bool {
    let judges_histories = |check: &&Check| check.id.ends_with("-in-no-order");
    let only = all_checks().filter(judges_histories).map(|check| check.id.to_owned()).collect();
    let settings = Settings { only, seed, effort: 40, ..Settings::default() };
    let report = certify(mutant.subject(), &settings).await;
    broken(&report.checks).next().is_some()
}

/// The checks that judge and broke at no death. A trait judges nothing.
#[must_use]
pub fn checks_without_kill(deaths: &[Death]) -> Vec<&'static str> {
    let killers: BTreeSet<_> = deaths.iter().flat_map(|death| &death.killed_by).collect();
    let judging = all_checks().filter(|check| check.level() != Level::Trait);
    judging.map(|check| check.id).filter(|id| !killers.contains(id)).collect()
}

fn broken(checks: &[CheckReport]) -> impl Iterator<Item = &'static str> {
    let is_broken =
        |report: &&CheckReport| matches!(report.verdict, Verdict::Failed | Verdict::Warned);
    checks.iter().filter(is_broken).map(|report| report.id)
}

impl Death {
    /// Looks at the report of a check that the mutant is bound to.
    fn examine(&mut self, report: &CheckReport, words: &str) {
        let expectations = report.expectations.iter().map(|expectation| &expectation.what);
        let said: Vec<_> = expectations.chain(report.reason.as_ref()).cloned().collect();
        let verdict = report.verdict;
        if verdict != expected_verdict(report.id) {
            self.complaints.push(format!("{} {}", report.id, verdict.name()));
        } else if !said.iter().any(|text| text.contains(words)) {
            self.complaints.push(format!("{} does not say `{words}`: {said:?}", report.id));
        } else if self.mutant.is_racy() && report.race.is_none() {
            self.complaints.push(format!("{} is no race, and the mutant is racy", report.id));
        }
        self.died_saying.extend(said.into_iter().find(|text| text.contains(words)));
    }
}

fn expected_verdict(id: &str) -> Verdict {
    let level = all_checks().find(|check| check.id == id).map(Check::level);
    if level == Some(Level::Should) { Verdict::Warned } else { Verdict::Failed }
}
