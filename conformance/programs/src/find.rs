//! Looks for a program on which a backend and the model part, and makes it small.

use std::fmt;
use std::sync::Arc;

use plimsoll_contract::{Backend, ManualClock, Result};

use crate::draw::{Draft, DraftStep};
use crate::pools::START;
use crate::{Divergence, Program, Step, run};

/// How to look for a divergence.
#[derive(Clone, Debug)]
pub struct Search {
    /// Everything that is drawn follows from it.
    pub seed: u64,
    /// How many programs are run.
    pub programs: u64,
    /// How many steps each has.
    pub size: usize,
    /// How many runs it may take to make a program that diverges small.
    pub shrink_runs: usize,
    /// What the names of the namespaces begin with; nobody else who uses the store may use it.
    pub namespace: String,
}

impl Search {
    /// Forty programs of forty steps, and 400 runs to make one small.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let namespace = format!("programs-{seed}");
        Self { seed, programs: 40, size: 40, shrink_runs: 400, namespace }
    }
}

/// What came of a search.
#[derive(Debug)]
pub enum Outcome {
    /// The backend and the model agree on every program.
    Agreed,
    /// They part.
    Diverged(Box<Found>),
}

/// A program on which a backend and the model part.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed of the search.
    pub seed: u64,
    /// The number of the program in it, from 0.
    pub number: u64,
    /// The program, made small.
    pub program: Program,
    /// Where it diverges.
    pub divergence: Divergence,
    /// How many runs it took to make it small.
    pub shrink_runs: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {} of seed {}", self.number, self.seed)?;
        write!(f, "{}{}", self.program, self.divergence)
    }
}

/// Runs the programs of a search, each on an instance of its own in a namespace of its own, until
/// one diverges. `make` gets the clock that the instance is opened with.
///
/// # Errors
///
/// Whatever keeps an instance from existing.
pub async fn find<F>(search: &Search, make: impl Fn(Arc<ManualClock>) -> F) -> Result<Outcome>
where
    F: Future<Output = Result<Arc<dyn Backend>>>,
{
    let mut attempts = Attempts { search, make, made: 0 };
    for number in 0..search.programs {
        let drafts = Draft::new(search.seed, number, search.size).into_steps();
        let steps: Vec<_> = drafts.iter().filter_map(DraftStep::step).collect();
        let Some(divergence) = attempts.run(&Program { steps: steps.clone() }).await? else {
            continue;
        };
        let kept: Vec<_> = drafts.into_iter().zip(steps).collect();
        let mut shrinking = Shrinking { attempts, kept, divergence, runs: 0 };
        shrinking.shrink().await?;
        let Shrinking { kept, divergence, runs: shrink_runs, .. } = shrinking;
        let program = Program { steps: kept.into_iter().map(|(_, step)| step).collect() };
        let seed = search.seed;
        let found = Found { seed, number, program, divergence, shrink_runs };
        return Ok(Outcome::Diverged(Box::new(found)));
    }
    Ok(Outcome::Agreed)
}

/// Runs programs, each on a new instance.
struct Attempts<'a, M> {
    search: &'a Search,
    make: M,
    made: u64,
}

impl<F, M> Attempts<'_, M>
where
    M: Fn(Arc<ManualClock>) -> F,
    F: Future<Output = Result<Arc<dyn Backend>>>,
{
    async fn run(&mut self, program: &Program) -> Result<Option<Divergence>> {
        self.made += 1;
        let namespace = format!("{}-{}", self.search.namespace, self.made);
        let clock = Arc::new(ManualClock::at(START));
        let backend = (self.make)(Arc::clone(&clock)).await?;
        Ok(run(program, backend.as_ref(), &clock, &namespace).await)
    }
}

struct Shrinking<'a, M> {
    attempts: Attempts<'a, M>,
    kept: Vec<(DraftStep, Step)>,
    divergence: Divergence,
    runs: usize,
}

impl<F, M> Shrinking<'_, M>
where
    M: Fn(Arc<ManualClock>) -> F,
    F: Future<Output = Result<Arc<dyn Backend>>>,
{
    async fn shrink(&mut self) -> Result<()> {
        self.kept.truncate(self.divergence.step + 1);
        self.drop_steps().await?;
        self.simplify_arguments().await?;
        // Simpler arguments may make another step idle.
        self.drop_steps().await
    }

    /// Whether the steps still diverge in the same way; then they are the program from now on.
    async fn serves(&mut self, steps: &[Step]) -> Result<bool> {
        if self.runs >= self.attempts.search.shrink_runs {
            return Ok(false);
        }
        self.runs += 1;
        let found = self.attempts.run(&Program { steps: steps.to_vec() }).await?;
        let Some(found) = found.filter(|found| found.resembles(&self.divergence)) else {
            return Ok(false);
        };
        self.divergence = found;
        Ok(true)
    }

    fn steps(&self) -> Vec<Step> {
        self.kept.iter().map(|(_, step)| step.clone()).collect()
    }

    /// Leaves out ever smaller stretches of steps, the last ones first.
    async fn drop_steps(&mut self) -> Result<()> {
        let mut length = self.kept.len() / 2;
        while length > 0 {
            let mut end = self.kept.len();
            while end > 0 {
                let start = end.saturating_sub(length);
                let mut steps = self.steps();
                steps.drain(start..end);
                if self.serves(&steps).await? {
                    self.kept.drain(start..end);
                }
                end = start;
            }
            length /= 2;
        }
        Ok(())
    }

    async fn simplify_arguments(&mut self) -> Result<()> {
        for place in (0..self.kept.len()).rev() {
            let mut attempts = Vec::new();
            while let Some(simpler) = self.kept[place].0.simpler(&attempts) {
                // A tree may go round in circles; thirty steps are enough for the small pools.
                if attempts.len() > 30 {
                    break;
                }
                let mut steps = self.steps();
                let is_new = steps[place] != simpler;
                steps[place] = simpler.clone();
                let serves = !is_new || self.serves(&steps).await?;
                if serves {
                    self.kept[place].1 = simpler;
                }
                attempts.push(serves);
            }
        }
        Ok(())
    }
}
