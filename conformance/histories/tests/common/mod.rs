//! A second judge, as plain as it can be, and what the tests say about histories.
#![allow(dead_code, clippy::panic, reason = "each test uses a part, and may stop")]

use plimsoll_histories::{
    Budget, Counterexample, History, OperationOf, Specification, Verdict, check,
};

/// Whether some order explains the answers, by trying all of them: nothing is remembered, nothing
/// is placed early, nothing is left out.
pub(crate) fn has_order<S: Specification>(
    spec: &S,
    starts: &[S::State],
    history: &History<S>,
) -> bool {
    let all: Vec<_> = history.iter().collect();
    starts.iter().any(|state| try_all(spec, state, &all))
}

fn try_all<S: Specification>(spec: &S, state: &S::State, left: &[&OperationOf<S>]) -> bool {
    let is_answered = |operation: &&&OperationOf<S>| operation.is_answered();
    let earliest = left.iter().filter(is_answered).filter_map(|operation| operation.returned).min();
    let Some(earliest) = earliest else { return true };
    (0..left.len()).filter(|&place| left[place].called <= earliest).any(|place| {
        let mut others = left.to_vec();
        let operation = others.remove(place);
        let next = spec.step(state, &operation.call, operation.answer.as_ref());
        next.iter().any(|state| try_all(spec, state, &others))
    })
}

/// The history must have an order, and the one that is answered must be right.
pub(crate) fn good<S: Specification>(spec: &S, history: &History<S>) {
    match check(spec, history, Budget::default()) {
        Verdict::Linearizable { order, answered } => {
            assert_eq!(answered, history.iter().filter(|op| op.is_answered()).count());
            assert!(is_order(spec, history, &order), "{order:?} of {history:?}");
        }
        verdict => panic!("{verdict:?} of {history:?}"),
    }
    assert!(has_order(spec, &[spec.start()], history));
}

/// The history must have no order, nor what it was cut down to. Answers what has no place.
pub(crate) fn bad<S: Specification>(spec: &S, history: &History<S>) -> String {
    assert!(!has_order(spec, &[spec.start()], history), "{history:?}");
    let found = violation(spec, history);
    assert!(!has_order(spec, &found.starts, &found.operations), "{found:?}");
    let operation = &found.operations[found.unplaced];
    spec.describe(&operation.call, operation.answer.as_ref())
}

/// The counterexample of a history that must have no order.
pub(crate) fn violation<S: Specification>(spec: &S, history: &History<S>) -> Counterexample<S> {
    match check(spec, history, Budget::default()) {
        Verdict::Violation(found) => *found,
        verdict => panic!("{verdict:?} of {history:?}"),
    }
}

/// Whether the order keeps the stamps, has all that is answered, and explains the answers.
pub(crate) fn is_order<S: Specification>(spec: &S, history: &History<S>, order: &[usize]) -> bool {
    let mut states = vec![spec.start()];
    for (place, &index) in order.iter().enumerate() {
        let operation = &history[index];
        let next = states
            .iter()
            .flat_map(|state| spec.step(state, &operation.call, operation.answer.as_ref()));
        states = next.collect();
        let is_too_late = |later: &usize| {
            let later = &history[*later];
            later.is_answered() && later.returned.is_some_and(|stamp| stamp < operation.called)
        };
        if order[place + 1..].iter().any(is_too_late) || order[..place].contains(&index) {
            return false;
        }
    }
    let is_placed = |index: usize| order.contains(&index) || !history[index].is_answered();
    !states.is_empty() && (0..history.len()).all(is_placed)
}
