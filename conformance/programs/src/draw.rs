//! Draws programs. Everything follows from the seed, the number of the program and its size.

use fastrand::Rng;
use plimsoll_contract::{FlowHandle, FlowId, Interface};
use proptest::prelude::{Just, Strategy};
use proptest::sample::select;
use proptest::strategy::{SBoxedStrategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest::{collection, option, prop_oneof};

use crate::call::{Drawn, functions};
use crate::pools::Pools;
use crate::{Move, NAMESPACES, Program, Step};

/// A program as it was drawn: its steps can be drawn again and made simpler.
pub(crate) struct Draft {
    steps: Vec<DraftStep>,
}

/// What a program is about. What it leaves out it makes up for by going deep into the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breed {
    /// A few interfaces, any number of runs, and texts that a store could take for each other.
    Wide,
    /// One or two interfaces, one run, plain words: the states of a single step.
    Narrow,
    /// One or two interfaces, a few runs, steps within steps, instants close to each other: what
    /// is listed, counted, and taken along.
    Nested,
}

impl Breed {
    fn draw(rng: &mut Rng) -> Self {
        match rng.u32(..10) {
            0..4 => Self::Wide,
            4..7 => Self::Narrow,
            _ => Self::Nested,
        }
    }
}

/// In half of the programs, the share of steps that only repeat a recent one: much depends on
/// whether a call is the second of its kind.
const REPEATS: f64 = 0.2;

/// How many of the latest steps may be repeated.
const RECENT: usize = 8;

/// A step that can be made simpler. Its tree is grown anew for every look at it, because a tree
/// cannot be held while a backend is waited for: it does not go from thread to thread.
#[derive(Clone)]
pub(crate) struct DraftStep {
    strategy: SBoxedStrategy<Step>,
    seed: u64,
}

impl Draft {
    pub(crate) fn new(seed: u64, number: u64, size: usize) -> Self {
        let mut rng = Rng::with_seed(mixed(seed, number));
        let breed = Breed::draw(&mut rng);
        let pools = Pools::draw(&mut rng, breed);
        let choices = choices(&mut rng, &pools, breed);
        let repeats = if rng.bool() { REPEATS } else { 0.0 };
        // What a run needs is there most of the time, because most programs begin with runs.
        let with_runs = if rng.f64() < 0.9 { 0.95 } else { 0.0 };
        let total: u32 = choices.iter().map(|choice| choice.weight).sum();
        let starts = choices.iter().find(|choice| choice.is_start);
        let mut steps: Vec<DraftStep> = Vec::new();
        for place in 0..size {
            if !steps.is_empty() && rng.f64() < repeats {
                let again = steps.len() - 1 - rng.usize(..steps.len().min(RECENT));
                steps.push(steps[again].clone());
                continue;
            }
            let mut dice = rng.u32(..total);
            let mut drawn = choices.iter();
            let chosen = drawn.find(|choice| {
                let is_it = dice < choice.weight;
                dice = dice.saturating_sub(choice.weight);
                is_it
            });
            let begins = place < 2 && rng.f64() < with_runs;
            let chosen = if begins { starts } else { chosen };
            let seed = rng.u64(..);
            steps.extend(chosen.map(|choice| DraftStep { strategy: choice.steps.clone(), seed }));
        }
        Self { steps }
    }

    pub(crate) fn into_steps(self) -> Vec<DraftStep> {
        self.steps
    }
}

impl DraftStep {
    fn tree(&self) -> Option<impl ValueTree<Value = Step> + use<>> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        self.strategy.new_tree(&mut TestRunner::new_with_rng(Config::default(), rng)).ok()
    }

    /// The step as it was drawn.
    pub(crate) fn step(&self) -> Option<Step> {
        Some(self.tree()?.current())
    }

    /// The step after these attempts to make it simpler: true for one that served, false for one
    /// that went too far. None when there is nothing left to try.
    pub(crate) fn simpler(&self, attempts: &[bool]) -> Option<Step> {
        let mut tree = self.tree()?;
        if !tree.simplify() {
            return None;
        }
        for served in attempts {
            let goes_on = if *served { tree.simplify() } else { tree.complicate() };
            if !goes_on {
                return None;
            }
        }
        Some(tree.current())
    }
}

/// The program of that seed and number.
#[must_use]
pub fn program(seed: u64, number: u64, size: usize) -> Program {
    let draft = Draft::new(seed, number, size);
    Program { steps: draft.into_steps().iter().filter_map(DraftStep::step).collect() }
}

/// One number from two (SplitMix64's finish).
fn mixed(seed: u64, number: u64) -> u64 {
    let mut mixed = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A kind of step.
struct Choice {
    weight: u32,
    is_start: bool,
    steps: SBoxedStrategy<Step>,
}

/// Each program is about a few interfaces, leaves some functions of them out and calls others
/// often: so rare meetings become frequent in some of them.
fn choices(rng: &mut Rng, pools: &Pools, breed: Breed) -> Vec<Choice> {
    let is_wide = breed == Breed::Wide;
    let often = if is_wide { [0, 0, 0, 1, 1, 8] } else { [0, 0, 0, 0, 0, 1] };
    let mut themes = Interface::ALL.map(|_| often[rng.usize(..6)]);
    themes[rng.usize(..Interface::ALL.len())] = 8;
    if !is_wide && rng.bool() {
        // The states of a step are those of both.
        themes[Interface::RunStore as usize] = 8;
        themes[Interface::RunRuntimeStore as usize] = 8;
    }
    // What the others are about, and what reads what another recorded.
    themes[Interface::RunStore as usize] += 2;
    let outputs = themes[Interface::OutputsRepository as usize];
    themes[Interface::EventReader as usize] = outputs;
    let mut choices: Vec<_> = functions(pools)
        .into_iter()
        .map(|Drawn { interface, function, calls }| {
            let is_start = function == "start-run";
            let swarm = [0, 1, 1, 2, 6][rng.usize(..5)] * themes[interface as usize];
            let weight = if is_start { swarm.max(1) } else { swarm } * usual_weight(function);
            Choice { weight, is_start, steps: calls.prop_map(Step::Call).sboxed() }
        })
        .collect();
    let everything: u32 = choices.iter().map(|choice| choice.weight).sum();
    let of_moves = everything / 6 + 1;
    choices.push(Choice { weight: of_moves, is_start: false, steps: moves(pools) });
    let of_namespaces = if rng.f64() < 0.25 { everything / 20 + 1 } else { 0 };
    choices.push(Choice { weight: of_namespaces, is_start: false, steps: openings(pools) });
    let discards = select((0..NAMESPACES).collect::<Vec<_>>()).prop_map(Step::Discard).sboxed();
    choices.push(Choice { weight: of_namespaces / 3, is_start: false, steps: discards });
    choices
}

/// Functions that change more, or that only matter after others, come more often.
fn usual_weight(function: &str) -> u32 {
    match function {
        "start-run" | "record-step-start" => 6,
        "record-step-complete" | "complete-run" | "retry-step" | "get-run-timeseries" => 4,
        "record-skipped-step" | "reset-cascade-skipped-dependents" | "get-runs-page" => 4,
        "try-record-dispatch" | "try-claim-step" | "configure-run" | "register-waiter" => 4,
        "write" | "query" | "deliver-signal" => 4,
        "save" | "set-enabled" => 3,
        _ => 2,
    }
}

fn moves(pools: &Pools) -> SBoxedStrategy<Step> {
    const SECOND: i64 = 1_000_000;
    let by = select(vec![
        1000,
        SECOND,
        60 * SECOND,
        3600 * SECOND,
        86_400 * SECOND,
        400 * 86_400 * SECOND,
        -1000,
        -SECOND,
        -3600 * SECOND,
        -86_400 * SECOND,
        7_201_234_000,
        1,
        999,
    ]);
    let to = select(pools.instants.clone());
    prop_oneof![3 => by.prop_map(Move::By), 2 => to.prop_map(Move::To)]
        .prop_map(Step::Move)
        .sboxed()
}

/// Often the first namespace again, now and then with one flow registered twice.
fn openings(pools: &Pools) -> SBoxedStrategy<Step> {
    let manifest = option::of(select(pools.jsons.clone()));
    let flow = (select(pools.flows.clone()), select(pools.names.clone()), manifest);
    let flows =
        collection::vec(flow, 0..4).prop_map(|flows| flows.into_iter().map(handle).collect());
    (prop_oneof![Just(0), 0..NAMESPACES], flows)
        .prop_map(|(namespace, flows)| Step::Open { namespace, flows })
        .sboxed()
}

fn handle((id, name, manifest_json): (FlowId, String, Option<String>)) -> FlowHandle {
    FlowHandle { id, name, version: "1.0".to_owned(), manifest_json }
}
