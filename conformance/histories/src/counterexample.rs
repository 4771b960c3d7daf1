use crate::ahead::Ahead;
use crate::operation::Operation;
use crate::search::{Found, Search, Stuck};
use crate::specification::OperationOf;
use crate::{Budget, History, Specification};

/// How many operations are kept before the one that cannot be placed, as the least: what it
/// contradicts should be seen, not only the state that it left.
const CONTEXT: usize = 4;

/// Steps for finding all states in which a counterexample gets stuck.
const FULL: u64 = 100_000;

/// A history that no order explains, cut down.
///
/// What was left out cannot be what is wrong: if the whole history had an order, so would this one.
/// Three cuts have this property, and nothing else is cut.
///
/// - *The end.* Of an order of the whole history, the part up to the last operation that returned
///   before some stamp is an order of the history before that stamp, with those still under way
///   then open. It is cut at the earliest return up to which there is no order.
/// - *Operations without effect.* Taken out of an order, they leave one behind, since no state
///   changes. So do writes of what no read of the history has answered, where every operation with
///   effect [replaces the state](Specification::replaces_state).
/// - *The beginning*, where nothing was under way and all states that it can end in are known:
///   these take its place as the states to start in.
///
/// Any other operation with effect stays, also an open one: without the write of `b` a read of `b`
/// is wrong, though it was right where it was seen.
#[derive(Clone, Debug)]
pub struct Counterexample<S: Specification> {
    /// The operations that are left, ascending by call. Those that had not returned where the end
    /// was cut have no `returned`, and keep the answer that they gave later.
    pub operations: Vec<OperationOf<S>>,
    /// The states that the beginning can have ended in.
    pub starts: Vec<S::State>,
    /// The operations before that, which were left out.
    pub skipped: usize,
    /// An order, as places in `operations`, of all that is answered but for `unplaced`, and of
    /// those open ones that it needs.
    pub order: Vec<usize>,
    /// The place in `operations` of the one that has no place in any order. It is the first to
    /// return of those that make the history impossible.
    pub unplaced: usize,
    /// The states that such orders end in, at most eight; that of `order` is the first. `unplaced`
    /// is impossible in all of them.
    pub states: Vec<S::State>,
    /// Whether there are more.
    pub more_states: bool,
}

impl<S: Specification> Counterexample<S> {
    /// Says in one sentence what cannot be placed and why.
    #[must_use]
    pub fn reason(&self, spec: &S) -> String {
        let operation = &self.operations[self.unplaced];
        let what = spec.describe(&operation.call, operation.answer.as_ref());
        let states: Vec<_> = self.states.iter().map(|state| format!("{state:?}")).collect();
        let more = if self.more_states { " or another" } else { "" };
        let states = states.join(" or ");
        match self.operations.len() {
            1 => format!("`{what}` is impossible: the state is {states}{more}."),
            _ => format!(
                "`{what}` has no place: in every order of the others the state is then \
                 {states}{more}."
            ),
        }
    }
}

/// Cuts a violation down while there is budget for it.
pub(crate) fn cut_down<S: Specification>(
    spec: &S,
    history: &History<S>,
    stuck: Stuck<S>,
    budget: Budget,
) -> Counterexample<S> {
    let mut case = Case {
        spec,
        budget,
        operations: history.to_vec(),
        starts: vec![spec.start()],
        skipped: 0,
        stuck,
    };
    case.cut_end();
    case.drop_needless();
    case.cut_beginning();
    case.find_all_states();
    let Case { operations, starts, skipped, stuck, .. } = case;
    let Stuck { unplaced, order, states, more_states, .. } = stuck;
    Counterexample { operations, starts, skipped, order, unplaced, states, more_states }
}

/// A history that is known to be a violation.
struct Case<'a, S: Specification> {
    spec: &'a S,
    budget: Budget,
    operations: Vec<OperationOf<S>>,
    starts: Vec<S::State>,
    skipped: usize,
    stuck: Stuck<S>,
}

impl<S: Specification> Case<'_, S> {
    /// Goes on with fewer operations if they are a violation too.
    fn accept(&mut self, operations: Vec<OperationOf<S>>, starts: Vec<S::State>) -> bool {
        let found = Search::new(self.spec, &operations, &mut self.budget).run(starts.clone());
        let Found::Stuck(stuck) = found else { return false };
        (self.operations, self.starts, self.stuck) = (operations, starts, stuck);
        true
    }

    /// Cuts at the earliest return up to which there is no order. It is not before the return that
    /// the search came to, and mostly just that one.
    fn cut_end(&mut self) {
        let whole = self.operations.clone();
        let rank = |place: usize| (whole[place].deadline(), whole[place].called, place);
        let mut returns: Vec<_> = (0..whole.len()).collect();
        returns.retain(|&place| whole[place].is_answered());
        returns.sort_by_key(|&place| rank(place));
        let mut low = returns.iter().position(|&place| place == self.stuck.unplaced).unwrap_or(0);
        let (mut high, mut middle) = (returns.len(), low);
        while low < high {
            let last = rank(returns[middle]);
            let is_before = |place: usize| whole[place].is_answered() && rank(place) <= last;
            let mut kept = Vec::new();
            for (place, operation) in whole.iter().enumerate() {
                let has_effect = self.spec.has_effect(&operation.call, operation.answer.as_ref());
                if is_before(place) {
                    kept.push(operation.clone());
                } else if operation.called <= last.0 && has_effect {
                    let returned = operation.returned.filter(|_| operation.answer.is_none());
                    kept.push(Operation { returned, ..operation.clone() });
                }
            }
            kept.sort_by_key(|operation| (operation.called, operation.caller));
            match self.accept(kept, self.starts.clone()) {
                true => high = middle,
                false => low = middle + 1,
            }
            middle = low.midpoint(high);
        }
    }

    /// Leaves out what need not be there: half of the operations at a time, then a quarter, down to
    /// one by one, and that until nothing more can go.
    fn drop_needless(&mut self) {
        let mut size = self.operations.len();
        while size > 0 {
            let count = self.operations.len();
            let mut needless = self.needless();
            let mut from = 0;
            while from < self.operations.len() {
                let stays =
                    |place: usize| !(from..from + size).contains(&place) || !needless[place];
                let kept: Vec<_> =
                    (0..self.operations.len()).filter(|&place| stays(place)).collect();
                let operations = kept.iter().map(|&place| self.operations[place].clone()).collect();
                let is_smaller = kept.len() < self.operations.len();
                if is_smaller && self.accept(operations, self.starts.clone()) {
                    needless = kept.iter().map(|&place| needless[place]).collect();
                } else {
                    from += size;
                }
            }
            if size > 1 || self.operations.len() == count {
                size /= 2;
            }
        }
    }

    /// Whether each operation could be taken out of any order: it has no effect, or only one that
    /// the next write hides before anybody reads it.
    fn needless(&self) -> Vec<bool> {
        let has_effect = |operation: &OperationOf<S>| {
            self.spec.has_effect(&operation.call, operation.answer.as_ref())
        };
        let mut needless: Vec<_> = self.operations.iter().map(|one| !has_effect(one)).collect();
        let places: Vec<_> = (0..self.operations.len()).collect();
        let mut steps = self.budget.steps;
        let ahead = Ahead::new(self.spec, &self.operations, &places, &needless, &[], &mut steps);
        if let Some(ahead) = ahead {
            for place in places {
                needless[place] = needless[place] || ahead.is_alone(place);
            }
        }
        needless
    }

    /// Begins at the last moment when nothing was under way, if that leaves enough to see.
    fn cut_beginning(&mut self) {
        if self.starts.len() != 1 {
            return;
        }
        let last = self.operations.len().saturating_sub(CONTEXT);
        for from in (1..last).rev() {
            let (beginning, rest) = self.operations.split_at(from);
            let is_still = beginning
                .iter()
                .all(|operation| operation.is_answered() && operation.deadline() < rest[0].called);
            if !is_still {
                continue;
            }
            let mut search = Search::new(self.spec, beginning, &mut self.budget);
            let Some(ends) = search.ends(self.starts[0].clone()) else { continue };
            let rest = rest.to_vec();
            if self.accept(rest, ends) {
                self.skipped = from;
                return;
            }
        }
    }

    /// Searches what is left once more, in full: only so are all states known.
    fn find_all_states(&mut self) {
        let mut budget = Budget { steps: self.budget.steps.min(FULL), ..self.budget };
        let mut search = Search::new(self.spec, &self.operations, &mut budget);
        match search.run_in_full(self.starts.clone()) {
            Found::Stuck(stuck) => self.stuck = stuck,
            Found::Order(_) | Found::Exhausted => self.stuck.more_states = true,
        }
    }
}
