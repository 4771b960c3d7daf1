//! Histories of an object that keeps its specification, from a seed, and the same with one answer
//! changed.
#![allow(dead_code, clippy::panic, reason = "each test uses a part, and may stop")]

use fastrand::Rng;
use plimsoll_histories::{Operation, OperationOf, Specification};

/// A deterministic object: what it answers to a call, and the state afterwards.
pub(crate) type Apply<S> = fn(
    &<S as Specification>::State,
    &<S as Specification>::Call,
) -> (<S as Specification>::Answer, <S as Specification>::State);

/// The calls of several callers, who call again as soon as they have their answer. Each takes
/// effect at one moment of its time under way; at each moment one caller, at random, goes on.
pub(crate) fn history<S: Specification>(
    spec: &S,
    apply: Apply<S>,
    callers: usize,
    calls: usize,
    random: &mut Rng,
    mut call: impl FnMut(&mut Rng) -> S::Call,
) -> Vec<OperationOf<S>> {
    let mut state = spec.start();
    let mut left = vec![calls; callers];
    let mut under_way: Vec<Option<(S::Call, u64, Option<S::Answer>)>> = vec![None; callers];
    let (mut stamp, mut history) = (0, Vec::new());
    while history.len() < callers * calls {
        let caller = random.usize(..callers);
        stamp += 1;
        match under_way[caller].take() {
            None if left[caller] == 0 => {}
            None => {
                left[caller] -= 1;
                under_way[caller] = Some((call(random), stamp, None));
            }
            Some((call, called, None)) => {
                let (answer, next) = apply(&state, &call);
                state = next;
                under_way[caller] = Some((call, called, Some(answer)));
            }
            Some((call, called, Some(answer))) => {
                history.push(Operation::answered(caller, call, answer, called, stamp));
            }
        }
    }
    history
}
