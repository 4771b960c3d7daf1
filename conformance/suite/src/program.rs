//! Random programs as a check: the shortest one on which a backend and the model part.

use std::sync::Arc;

use plimsoll_contract::{Clock, ManualClock};
use plimsoll_programs::{Found, Outcome as Searched, Search, find};

use crate::{Outcome, Trial};

/// Programs at the usual effort.
const PROGRAMS: u64 = 600;

/// A program that the backend does not run as the model does.
#[derive(Clone, Debug)]
pub(crate) struct BadProgram {
    /// The clauses that it most plausibly breaks.
    pub(crate) clauses: Vec<&'static str>,
    /// Its steps, and those calls of the reading at its end that led to the difference where no
    /// step did.
    pub(crate) calls: Vec<String>,
}

impl Trial {
    /// Runs random programs on instances of their own.
    ///
    /// # Errors
    ///
    /// [`Halt::NotTestable`](crate::Halt::NotTestable) if the backend ignores the clock, and what
    /// keeps an instance from existing.
    pub(crate) async fn run_programs(&self) -> Outcome {
        self.clock()?;
        let usual = Search::new(self.fork_random().u64(..));
        // Below a tenth of the usual effort a program is made less small.
        let shrink_runs = usual.shrink_runs * self.effort as usize / 10;
        let search = Search {
            programs: (PROGRAMS * u64::from(self.effort) / 100).max(1),
            shrink_runs: shrink_runs.clamp(usual.shrink_runs / 10, usual.shrink_runs),
            namespace: format!("{}-program", self.namespace),
            ..usual
        };
        let make = |clock: Arc<ManualClock>| async {
            let clock: Arc<dyn Clock> = clock;
            self.subject.instance(clock).await
        };
        let what = "every answer is one that the contract allows";
        match find(&search, make).await? {
            Searched::Agreed => self.expect(what, &(), &()),
            Searched::Diverged(found) => self.note_program(&found),
        }
        Ok(())
    }

    fn note_program(&self, found: &Found) {
        let divergence = &found.divergence;
        let mut calls: Vec<_> = found.program.steps.iter().map(ToString::to_string).collect();
        if divergence.step >= calls.len() {
            calls.extend(divergence.before.iter().cloned());
            calls.push(divergence.call.clone());
        }
        self.labels.add_all(&calls.join(" "), "id");
        let what = format!("{} ({})", divergence.call, divergence.difference);
        self.expect_printed(&what, &divergence.got, &divergence.expected);
        let clauses = divergence.clauses.clone();
        self.found().program = Some(BadProgram { clauses, calls });
    }
}
