//! Judges whether calls that overlapped could have taken effect one after another: a checker of
//! linearizability (Herlihy and Wing, 1990).
//!
//! A history is a list of [`Operation`]s with the stamps of their calls and returns; a
//! [`Specification`] says what the object may answer when it is called by one caller at a time.
//! [`check`] looks for an order of the calls in which each takes effect between its call and its
//! return and every answer is right. If there is none, it answers a [`Counterexample`], cut down
//! as far as that can be done without telling another story, and [`timeline`] draws it.
//!
//! ```
//! use plimsoll_histories::specs::register::{Answer, Call, Register};
//! use plimsoll_histories::{Budget, Operation, Verdict, check, timeline};
//!
//! let history = [
//!     Operation::answered(0, Call::Write("a"), Answer::Done, 1, 2),
//!     Operation::answered(1, Call::Write("b"), Answer::Done, 3, 4),
//!     Operation::answered(2, Call::Read, Answer::Value(Some("a")), 5, 6),
//! ];
//! let spec = Register::default();
//! let Verdict::Violation(found) = check(&spec, &history, Budget::default()) else {
//!     return Err("the read is stale");
//! };
//! assert_eq!(found.states, [Some("b")]);
//! assert!(timeline(&spec, &found, 80).contains("read -> Some(\"a\")"));
//! # Ok::<(), &str>(())
//! ```
//!
//! The search is that of Wing and Gong with the memory of Lowe: depth first, undoing a choice when
//! it leads nowhere, and never twice into the same set of placed operations with the same state.
//! Operations without effect are placed as soon as they may be, which spares most of the choices:
//! an order in which such an operation comes later is as good with it here.
//!
//! Everything is deterministic: the same history has the same verdict and counterexample wherever
//! it is judged, and a search that would take too long ends after a number of steps, not of
//! seconds.

mod ahead;
mod bits;
mod by_key;
mod counterexample;
mod operation;
mod search;
mod specification;
pub mod specs;
mod timeline;

pub use by_key::{Parts, check_by_key};
pub use counterexample::Counterexample;
pub use operation::Operation;
pub use specification::{History, OperationOf, Specification};
pub use timeline::timeline;

use search::{Found, Search};

/// How much a search may do before it gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Questions to the specification. Cutting a counterexample down may ask as many again.
    pub steps: u64,
    /// Sets of placed operations, each with a state, that the search remembers at a time. It is
    /// the bound on memory: each takes an eighth of a byte for each operation, and a state.
    pub memory: usize,
}

impl Default for Budget {
    /// Two million steps, which take about a second, and half a million sets.
    fn default() -> Self {
        Self { steps: 2_000_000, memory: 500_000 }
    }
}

/// What a history is.
#[derive(Clone, Debug)]
pub enum Verdict<S: Specification> {
    /// There is an order that explains every answer.
    Linearizable {
        /// The operations in that order, as places in the history. Open ones that need not have
        /// taken effect are left out.
        order: Vec<usize>,
        /// The answered operations. With none of them the verdict says nothing, and the caller
        /// should not count it.
        answered: usize,
    },
    /// There is no such order.
    Violation(Box<Counterexample<S>>),
    /// The budget ran out first. It is not a pass.
    Unknown,
}

/// Judges a history. Callers and stamps may come in any order.
#[must_use]
pub fn check<S: Specification>(spec: &S, history: &History<S>, budget: Budget) -> Verdict<S> {
    spend(spec, history, &mut { budget })
}

/// Judges a history with what is left of a budget.
fn spend<S: Specification>(spec: &S, history: &History<S>, budget: &mut Budget) -> Verdict<S> {
    let whole = *budget;
    let mut search = Search::new(spec, history, budget);
    let answered = search.answered();
    match search.run(vec![spec.start()]) {
        Found::Order(order) => Verdict::Linearizable { order, answered },
        Found::Exhausted => Verdict::Unknown,
        Found::Stuck(stuck) => {
            let found = counterexample::cut_down(spec, history, stuck, whole);
            Verdict::Violation(Box::new(found))
        }
    }
}
