//! One measure of all targets, which take turns: what slows the machine slows them alike.

use std::sync::Arc;
use std::time::Duration;

use crate::plan::Measure;
use crate::slice::{self, Extent, Latencies, Slice, no_latencies};
use crate::{Site, Trouble, Turn};

/// Turns of a caller that are looked at when everything is over.
const LOOKS: u64 = 8;

/// A target's place in a measure.
pub(crate) struct Entrant {
    /// Which target it is.
    pub(crate) target: usize,
    pub(crate) site: Arc<Site>,
}

/// What a target did in a measure.
pub(crate) struct Outcome {
    pub(crate) target: usize,
    pub(crate) result: Result<Measured, Trouble>,
}

pub(crate) struct Measured {
    pub(crate) latencies: Latencies,
    /// Turns a second, one a round. All targets have the same rounds.
    pub(crate) rates: Vec<f64>,
}

/// How often and how long the targets take turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) number: u64,
    pub(crate) length: Duration,
}

/// Measures the targets.
pub(crate) async fn run(measure: Measure, entrants: Vec<Entrant>, rounds: Rounds) -> Vec<Outcome> {
    let mut lanes: Vec<Lane> = Vec::new();
    for entrant in entrants {
        let mut lane = Lane::new(measure, entrant);
        lane.warm_up(rounds).await;
        lanes.push(lane);
    }
    for round in 0..rounds.number as usize {
        for turn in 0..lanes.len() {
            // Nobody is always the first after somebody else.
            let place = (turn + round) % lanes.len();
            lanes[place].race(rounds).await;
        }
    }
    let mut outcomes = Vec::new();
    for lane in lanes {
        outcomes.push(lane.finish().await);
    }
    outcomes
}

struct Lane {
    measure: Measure,
    entrant: Entrant,
    taken: Vec<u64>,
    measured: Measured,
    trouble: Option<Trouble>,
}

impl Lane {
    fn new(measure: Measure, entrant: Entrant) -> Self {
        let taken = vec![0; slice::counters(measure.callers)];
        let measured = Measured { latencies: no_latencies(), rates: Vec::new() };
        Self { measure, entrant, taken, measured, trouble: None }
    }

    /// Makes what the turns need, and takes some that are not counted.
    async fn warm_up(&mut self, rounds: Rounds) {
        let prepared = self.measure.workload.prepare(&self.entrant.site).await;
        self.trouble = prepared.err();
        self.slice(rounds, rounds.length / 2).await;
    }

    async fn race(&mut self, rounds: Rounds) {
        let Some(slice) = self.slice(rounds, rounds.length).await else { return };
        self.measured.rates.push(slice.rate);
        if self.measured.latencies.add(&slice.latencies).is_err() {
            self.trouble = Some(Trouble::Panicked);
        }
    }

    /// A slice, unless something went wrong before or does now.
    async fn slice(&mut self, rounds: Rounds, length: Duration) -> Option<Slice> {
        if self.trouble.is_some() {
            return None;
        }
        let Measure { workload, callers, .. } = self.measure;
        // The slice that warms up counts among those that leave something.
        let turns_at_most =
            self.measure.turns_at_most().map(|turns| (turns / (rounds.number + 1)).max(1));
        let extent = Extent { callers, length, turns_at_most };
        let slice = slice::run(workload, &self.entrant.site, extent, &mut self.taken).await;
        slice.map_err(|trouble| self.trouble = Some(trouble)).ok()
    }

    /// Looks whether turns of every caller left what they must.
    async fn finish(self) -> Outcome {
        let target = self.entrant.target;
        if let Some(trouble) = self.trouble {
            return Outcome { target, result: Err(trouble) };
        }
        let result = self.look().await.map(|()| self.measured);
        Outcome { target, result }
    }

    async fn look(&self) -> Result<(), Trouble> {
        for (caller, turns) in self.taken.iter().enumerate().take(self.measure.callers as usize) {
            for number in looked_at(*turns) {
                let turn = Turn { caller: caller as u64, number };
                self.measure.workload.verify(&self.entrant.site, turn).await?;
            }
        }
        Ok(())
    }
}

/// Some of the turns, the first and the last among them.
fn looked_at(turns: u64) -> impl Iterator<Item = u64> {
    let looks = turns.min(LOOKS);
    (0..looks).map(move |look| if looks < 2 { 0 } else { look * (turns - 1) / (looks - 1) })
}

#[cfg(test)]
mod tests {
    use super::looked_at;

    #[test]
    fn the_first_and_the_last_turn_are_looked_at() {
        let of = |turns| looked_at(turns).collect::<Vec<_>>();
        assert_eq!(of(0), Vec::<u64>::new());
        assert_eq!(of(1), [0]);
        assert_eq!(of(3), [0, 1, 2]);
        assert_eq!(of(801), [0, 114, 228, 342, 457, 571, 685, 800]);
    }
}
