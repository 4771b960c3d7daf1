//! The suite finds out every mutant, in the check that is about what it breaks.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeSet;

use plimsoll_conformance::{Check, all_checks};
use plimsoll_contract::{Clause, Level};
use plimsoll_mutants::{Mutant, matrix};

fn check(id: &str) -> &'static Check {
    all_checks().find(|check| check.id == id).unwrap_or_else(|| panic!("there is no check `{id}`"))
}

/// The checks that judge: a trait is only observed.
fn judging() -> impl Iterator<Item = &'static Check> {
    all_checks().filter(|check| check.level() != Level::Trait)
}

/// The check ids and clauses that mutants die for.
fn deaths() -> BTreeSet<(&'static str, &'static str)> {
    let of = |mutant: &'static Mutant| mutant.dies.iter().map(|(id, _)| (*id, mutant.clause));
    plimsoll_mutants::all().flat_map(of).collect()
}

/// Every mutant must die with any seed: `PLIMSOLL_SEED` tries another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mutant_dies_in_its_checks() {
    let seed = std::env::var("PLIMSOLL_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    let mut complaints = Vec::new();
    for mutant in plimsoll_mutants::all() {
        let death = matrix::judge_bound(mutant, seed).await;
        complaints.extend(death.complaints.iter().map(|text| format!("{}: {text}", mutant.id)));
    }
    let lines = complaints.join("\n");
    assert!(complaints.is_empty(), "{} live with seed {seed}:\n{lines}", complaints.len());
}

#[test]
fn every_check_kills_a_mutant() {
    let kill: BTreeSet<_> = deaths().into_iter().map(|(id, _)| id).collect();
    let idle: Vec<_> = judging().map(|check| check.id).filter(|id| !kill.contains(id)).collect();
    assert!(idle.is_empty(), "{} kill none: {idle:#?}", idle.len());
}

/// A check may quote several clauses. For each of them somebody must die in it.
#[test]
fn every_check_judges_each_clause_that_it_quotes() {
    let deaths = deaths();
    let quotes = judging().flat_map(|check| check.clauses.iter().map(|clause| (check.id, *clause)));
    let idle: Vec<_> = quotes.filter(|quote| !deaths.contains(quote)).collect();
    assert!(idle.is_empty(), "no mutant dies for {} quotes: {idle:#?}", idle.len());
}

#[test]
fn every_mutant_dies_for_the_clause_that_it_breaks() {
    for mutant in plimsoll_mutants::all() {
        assert!(Clause::find(mutant.clause).is_some(), "{}: {}", mutant.id, mutant.clause);
        assert!(!mutant.dies.is_empty(), "{} dies nowhere", mutant.id);
        for (id, words) in mutant.dies {
            assert!(!words.is_empty(), "{}: {id} has nothing to say", mutant.id);
            let clauses = check(id).clauses;
            assert!(clauses.contains(&mutant.clause), "{}: {id} judges {clauses:?}", mutant.id);
        }
    }
}

/// What breaks no single object, which no history of one can show: a namespace that comes to be, a
/// page and its total, the tables of a retry, a reset and a sweep, what a sweep takes, the order in
/// which events come to be seen, and that of rows; and the flag that a call answers beside a row.
const OF_MANY_OBJECTS: [&str; 13] = [
    "flow-store/answers-what-another-set",
    "backend/opens-in-two-steps",
    "webhook-rejection-store/numbers-before-it-inserts",
    "run-store/reads-the-run-after-its-steps",
    "run-store/counts-in-another-query",
    "run-store/retries-table-by-table",
    "run-store/resets-table-by-table",
    "run-store/reset-writes-old-claims-back",
    "run-store/resets-what-was-skipped-before",
    "retention-store/sweeps-table-by-table",
    "retention-store/sweeps-what-was-reopened-meanwhile",
    "event-reader/shows-events-late",
    "webhook-rejection-store/counts-in-another-query",
];

/// What checks of several rows bind: lists that are read while rows come and go, the slots of one
/// run, a step and its attempts.
const OF_MANY_ROWS: [&str; 5] = [
    "listed-in-pieces",
    "listed-late",
    "page-of-another-status",
    "slots-written-together",
    "step-and-attempt-disagree",
];

fn is_of_one_object(mutant: &Mutant) -> bool {
    let is_of_rows = |check: &str| OF_MANY_ROWS.iter().any(|ending| check.ends_with(ending));
    !OF_MANY_OBJECTS.contains(&mutant.id) && !mutant.dies.iter().all(|(check, _)| is_of_rows(check))
}

/// Nobody counts winners here: it is enough that no order explains the answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_alone_kill_racy_mutants_of_one_object() {
    let mut survivors = Vec::new();
    let racy = plimsoll_mutants::all().filter(|mutant| mutant.is_racy());
    for mutant in racy.filter(|mutant| is_of_one_object(mutant)) {
        if !matrix::dies_of_histories(mutant, 1).await {
            survivors.push(mutant.id);
        }
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn ids_are_unique() {
    let mut seen = BTreeSet::new();
    for mutant in plimsoll_mutants::all() {
        assert!(seen.insert(mutant.id), "{} occurs twice", mutant.id);
    }
}
