//! Each candidate of the audit has a mutant, or a reason why it has none.

use std::collections::BTreeSet;

use plimsoll_mutants::audit::{CANDIDATES, Fate};

/// The numbers that the audit left out.
const GAPS: &[u16] = &[
    5, 7, 11, 16, 20, 23, 26, 30, 40, 49, 56, 61, 83, 88, 101, 119, 120, 123, 126, 127, 129, 131,
    134, 135, 138, 139, 140, 145, 148, 152, 154, 156,
];

#[test]
fn every_candidate_occurs_once() {
    let mut numbers: Vec<_> = CANDIDATES.iter().map(|candidate| candidate.number).collect();
    numbers.sort_unstable();
    let expected: Vec<_> = (1..=158).filter(|number| !GAPS.contains(number)).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn every_mutant_that_is_named_exists() {
    let ids: BTreeSet<_> = plimsoll_mutants::all().map(|mutant| mutant.id).collect();
    for candidate in CANDIDATES {
        match candidate.fate {
            Fate::Mutants(named) => {
                assert!(!named.is_empty(), "M-{} names none", candidate.number);
                for id in named {
                    assert!(ids.contains(id), "M-{} names {id}", candidate.number);
                }
            }
            Fate::Inexpressible(why) => {
                assert!(!why.is_empty(), "M-{} has no reason", candidate.number);
            }
        }
    }
}
