//! Random programs find out most of what the checks find out, and say which clause is broken.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop, and its survivors are worth reading"
)]

use std::sync::Arc;

use plimsoll_contract::{Clause, Instant, Level, ManualClock};
use plimsoll_mutants::Mutant;
use plimsoll_programs::{Found, Outcome, Search, find, program, run};

/// The least share of mutants that die, in percent.
const LEAST_KILLED: usize = 60;

/// The least number of mutants that die: a little below what is measured. Many a mutant was added
/// because programs had missed it, so the share falls where the number must not.
const LEAST_COUNT: usize = 395;

/// The least share of the killed whose clause is among those that are named, in percent.
const LEAST_NAMED: usize = 80;

/// A sixth of what the suite runs at the usual effort.
const PROGRAMS: u64 = 100;

async fn hunt(mutant: &'static Mutant) -> Option<Found> {
    let search = Search { programs: PROGRAMS, ..Search::new(5) };
    match find(&search, |_| async { Ok(mutant.backend()) }).await.unwrap() {
        Outcome::Agreed => None,
        Outcome::Diverged(found) => Some(*found),
    }
}

fn clause(mutant: &Mutant) -> &'static Clause {
    Clause::find(mutant.clause).expect("its clause")
}

/// Those that one caller at a time can find out.
fn sequential() -> impl Iterator<Item = &'static Mutant> {
    plimsoll_mutants::all().filter(|mutant| !mutant.is_racy())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn most_mutants_die() {
    let (mut all, mut killed, mut named, mut promised) = (0, 0, 0, 0);
    let (mut survivors, mut misnamed) = (Vec::new(), Vec::new());
    let hunts: Vec<_> = sequential().map(|mutant| (mutant, tokio::spawn(hunt(mutant)))).collect();
    for (mutant, hunted) in hunts {
        all += 1;
        promised += usize::from(clause(mutant).level == Level::Must);
        match hunted.await.unwrap() {
            None => survivors.push(format!("{} ({})", mutant.id, mutant.clause)),
            Some(found) if found.divergence.clauses.contains(&mutant.clause) => {
                killed += 1;
                named += 1;
            }
            Some(found) => {
                killed += 1;
                misnamed.push(format!(
                    "{} ({}: {}): {:?}\n{}  {}",
                    mutant.id,
                    mutant.clause,
                    mutant.how,
                    found.divergence.clauses,
                    found.program,
                    found.divergence.difference
                ));
            }
        }
    }
    println!("misnamed:\n{}", misnamed.join("\n"));
    println!("survivors:\n  {}", survivors.join("\n  "));
    println!("{killed} of {all} die ({promised} break a MUST); {named} name their clause");
    assert!(killed * 100 >= all * LEAST_KILLED, "{killed} of {all}");
    assert!(killed >= LEAST_COUNT, "{killed}");
    assert!(named * 100 >= killed * LEAST_NAMED, "{named} of {killed}");
}

/// What breaks no MUST keeps the contract, and nothing may be said against it.
#[tokio::test]
async fn what_breaks_no_must_agrees() {
    let breaks_more = [
        // It creates the step of a run that is not there too, which is a MUST (RUNTIME-1).
        "run-store/retry-makes-a-step-up",
        // It finds `charge` where `char ge` was registered, which a MUST forbids (CONTROL-16).
        "run-control-store/blanks-never-count",
    ];
    for mutant in sequential().filter(|mutant| clause(mutant).level != Level::Must) {
        if !breaks_more.contains(&mutant.id)
            && let Some(found) = hunt(mutant).await
        {
            panic!("{}: {found}", mutant.id);
        }
    }
}

#[tokio::test]
async fn a_found_program_is_small_and_repeats() {
    let grants = plimsoll_mutants::all().find(|mutant| mutant.id.ends_with("grants-every-claim"));
    let grants = grants.expect("somebody grants every claim");
    let found = hunt(grants).await.expect("it dies");
    assert!(found.program.steps.len() <= 4, "{found}");
    assert!(found.divergence.clauses.contains(&"RUNTIME-5"), "{found}");
    let again = hunt(grants).await.expect("it dies again");
    assert_eq!(again.program, found.program);
    assert_eq!(again.divergence, found.divergence);
    let drawn = program(found.seed, found.number, 40);
    assert!(drawn.steps.len() > found.program.steps.len(), "it was longer when it was drawn");
    let clock = Arc::new(ManualClock::at(Instant::UNIX_EPOCH));
    for small in [&found.program, &drawn] {
        let replayed = run(small, grants.backend().as_ref(), &clock, "replayed").await;
        let function = replayed.expect("it diverges again").function;
        assert_eq!(function, found.divergence.function);
    }
    assert!(found.to_string().contains("run-runtime-store.try-claim-step("), "{found}");
}
