//! A whole bench: every measure, in order, of every target.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_contract::Backend;

use crate::contest::{self, Entrant, Outcome, Rounds};
use crate::history::{self, Budget, Ended};
use crate::machine;
use crate::plan::{Measure, Settings};
use crate::{Site, Trouble};

/// How much longer than a measure a history may take to fill, for each target and length.
const FILLING: f64 = 30.0;
/// A measure beside a history takes this part of the usual time: there are many of them.
const BESIDE: f64 = 0.25;

/// A backend that is measured.
pub(crate) struct Contestant {
    /// What it is called.
    pub(crate) target: String,
    /// An instance, open or not.
    pub(crate) backend: Arc<dyn Backend>,
}

/// What became of the targets in one measure.
pub(crate) struct Finished {
    pub(crate) measure: Measure,
    pub(crate) outcomes: Vec<Outcome>,
}

/// Everything that was found.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) finished: Vec<Finished>,
    /// Where filling ended early, by target.
    pub(crate) ended: Vec<Option<Ended>>,
}

/// How far a bench is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Measures that are over.
    pub done: usize,
    /// Measures in all.
    pub total: usize,
    /// What comes now.
    pub what: String,
}

/// Runs all measures, and calls `watch` before each.
pub(crate) async fn run(
    contestants: &[Contestant],
    settings: &Settings,
    watch: &(dyn Fn(&Progress) + Sync),
) -> Findings {
    let levels = settings.levels();
    let apart = settings.apart();
    let total =
        apart.len() + levels.iter().map(|level| settings.beside(*level).len()).sum::<usize>();
    let mut bench = Bench { contestants, settings, watch, total, findings: Findings::default() };
    bench.findings.ended = contestants.iter().map(|_| None).collect();
    for measure in apart {
        bench.measure_apart(measure).await;
    }
    if levels.iter().any(|level| !settings.beside(*level).is_empty()) {
        bench.measure_beside(&levels).await;
    }
    bench.findings
}

struct Bench<'a> {
    contestants: &'a [Contestant],
    settings: &'a Settings,
    watch: &'a (dyn Fn(&Progress) + Sync),
    total: usize,
    findings: Findings,
}

impl Bench<'_> {
    fn tell(&self, what: String) {
        let done = self.findings.finished.len();
        (self.watch)(&Progress { done, total: self.total, what });
    }

    fn rounds(&self, part: f64) -> Rounds {
        let number = self.settings.rounds.max(2);
        let length = Duration::from_secs_f64(self.settings.seconds * part / number as f64);
        Rounds { number, length }
    }

    async fn open(&self, target: usize, name: &str) -> Result<Site, Trouble> {
        let Settings { nonce, seed, .. } = *self.settings;
        // Several targets may be one database.
        let namespace = format!("plimsoll-bench-{nonce:016x}-{target}-{name}");
        let backend = Arc::clone(&self.contestants[target].backend);
        Site::open(backend, &namespace, seed).await
    }

    /// A measure in namespaces of its own, which are removed.
    async fn measure_apart(&mut self, measure: Measure) {
        let name = measure.name();
        self.tell(format!("{} x{}", measure.workload.id, measure.callers));
        let (mut entrants, mut outcomes) = (Vec::new(), Vec::new());
        let place = self.findings.finished.len().to_string();
        for target in 0..self.contestants.len() {
            match self.open(target, &place).await {
                Ok(site) => {
                    let site = site.of(&name, measure.payload_bytes);
                    entrants.push(Entrant { target, site });
                }
                Err(trouble) => outcomes.push(Outcome { target, result: Err(trouble) }),
            }
        }
        let sites: Vec<_> = entrants.iter().map(|entrant| Arc::clone(&entrant.site)).collect();
        outcomes.extend(contest::run(measure, entrants, self.rounds(1.0)).await);
        for site in sites {
            // A backend that cannot is not slower for it.
            let _ = site.close().await;
        }
        self.finish(measure, outcomes);
    }

    /// The measures beside histories, which grow from one to the next.
    async fn measure_beside(&mut self, levels: &[u64]) {
        let mut filled: Vec<(usize, Arc<Site>)> = Vec::new();
        for target in 0..self.contestants.len() {
            match self.open(target, "history").await {
                Ok(site) => filled.push((target, site.of("history", crate::SMALL))),
                Err(trouble) => self.end_history(target, 0, trouble.to_string()),
            }
        }
        let all: Vec<_> = filled.iter().map(|(_, site)| Arc::clone(site)).collect();
        let mut from = 0;
        for level in levels {
            filled = self.fill(filled, from, *level).await;
            for measure in self.settings.beside(*level) {
                self.measure_in(measure, &filled).await;
            }
            from = *level;
        }
        for site in all {
            let _ = site.close().await;
        }
    }

    fn end_history(&mut self, target: usize, runs: u64, why: String) {
        self.findings.ended[target] = Some(Ended { runs, why });
    }

    /// Makes the histories longer, and answers those that are.
    async fn fill(
        &mut self,
        sites: Vec<(usize, Arc<Site>)>,
        from: u64,
        to: u64,
    ) -> Vec<(usize, Arc<Site>)> {
        let mut filled = Vec::new();
        for (target, site) in sites {
            let name = &self.contestants[target].target;
            self.tell(format!("a history of {to} runs in {name}"));
            let budget = Budget {
                until: Instant::now() + Duration::from_secs_f64(self.settings.seconds * FILLING),
                memory: machine::memory_bytes().map(|bytes| bytes / 2),
            };
            match history::fill(&site, from, to, budget).await {
                Ok(()) => filled.push((target, site)),
                Err(ended) => self.findings.ended[target] = Some(ended),
            }
        }
        filled
    }

    async fn measure_in(&mut self, measure: Measure, filled: &[(usize, Arc<Site>)]) {
        let Measure { workload, history, .. } = measure;
        self.tell(format!("{} beside {history} runs", workload.id));
        let name = measure.name();
        let entrant = |(target, site): &(usize, Arc<Site>)| Entrant {
            target: *target,
            site: site.of(&name, measure.payload_bytes),
        };
        let entrants = filled.iter().map(entrant).collect();
        let outcomes = contest::run(measure, entrants, self.rounds(BESIDE)).await;
        self.finish(measure, outcomes);
    }

    fn finish(&mut self, measure: Measure, outcomes: Vec<Outcome>) {
        self.findings.finished.push(Finished { measure, outcomes });
    }
}
