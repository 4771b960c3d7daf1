use std::collections::HashSet;

use crate::ahead::Ahead;
use crate::bits::Bits;
use crate::{Budget, History, Specification};

/// How many states a counterexample names.
pub(crate) const MAX_STATES: usize = 8;

/// How a search ended.
pub(crate) enum Found<S: Specification> {
    /// With an order, as places in the history.
    Order(Vec<usize>),
    /// With the certainty that there is none.
    Stuck(Stuck<S>),
    /// Without a result.
    Exhausted,
}

/// The furthest that any order came.
pub(crate) struct Stuck<S: Specification> {
    /// The answered operations of which all were placed, by their return, and no more.
    head: usize,
    /// The next to return, as a place in the history: none of the orders could place it.
    pub(crate) unplaced: usize,
    /// The first order that came as far, as places in the history.
    pub(crate) order: Vec<usize>,
    /// The states that orders which came as far ended in; the first is that of `order`.
    pub(crate) states: Vec<S::State>,
    /// Whether there are more of them.
    pub(crate) more_states: bool,
}

/// The budget ran out.
struct Exhausted;

/// A search for an order.
///
/// Operations have a *position*: the answered ones come first, by the stamp of their return, then
/// the open ones by that of their call. Answered ones that have no place yet are linked in a ring,
/// so that one is taken out and put back in constant time; `end` stands between last and first.
pub(crate) struct Search<'a, S: Specification> {
    spec: &'a S,
    history: &'a History<S>,
    budget: &'a mut Budget,
    /// The place in the history of each position.
    places: Vec<usize>,
    /// Whether the operation at a position has no effect.
    quiet: Vec<bool>,
    /// The earliest call at this position or a later one, answered operations only.
    earliest_call: Vec<u64>,
    end: usize,
    next: Vec<usize>,
    previous: Vec<usize>,
    placed: Bits,
    /// Positions, in the order of being placed.
    order: Vec<usize>,
    remembered: HashSet<(Bits, S::State)>,
    ahead: Option<Ahead>,
    furthest: Option<Stuck<S>>,
}

/// A state that the search has come to, and what is left to try from there.
struct Frame<T> {
    state: T,
    /// How many operations had a place before the one that led here.
    before: usize,
    /// The operation that led here; none at the start.
    by: Option<usize>,
    /// Other states that it may lead to.
    others: Vec<T>,
    /// The operation that was tried last from here.
    tried: Option<usize>,
    /// Whether one was tried whose effect nobody reads. Another would lead to the same.
    tried_alone: bool,
}

impl<'a, S: Specification> Search<'a, S> {
    pub(crate) fn new(spec: &'a S, history: &'a History<S>, budget: &'a mut Budget) -> Self {
        let quiet =
            |place: usize| !spec.has_effect(&history[place].call, history[place].answer.as_ref());
        let (mut places, mut open): (Vec<_>, Vec<_>) =
            (0..history.len()).partition(|&place| history[place].is_answered());
        let end = places.len();
        places.sort_by_key(|&place| (history[place].deadline(), history[place].called, place));
        // An open operation without effect may as well never have been called.
        open.retain(|&place| !quiet(place));
        open.sort_by_key(|&place| (history[place].called, place));
        let mut earliest_call: Vec<_> = places.iter().map(|&place| history[place].called).collect();
        for position in (1..end).rev() {
            earliest_call[position - 1] = earliest_call[position - 1].min(earliest_call[position]);
        }
        places.append(&mut open);
        Self {
            spec,
            history,
            budget,
            quiet: places.iter().map(|&place| quiet(place)).collect(),
            earliest_call,
            end,
            next: (0..=end).map(|position| (position + 1) % (end + 1)).collect(),
            previous: (0..=end).map(|position| (position + end) % (end + 1)).collect(),
            placed: Bits::new(places.len()),
            places,
            order: Vec::new(),
            remembered: HashSet::new(),
            ahead: None,
            furthest: None,
        }
    }

    /// The number of answered operations.
    pub(crate) fn answered(&self) -> usize {
        self.end
    }

    /// Looks for an order that begins in one of the states. If there is none, it may not have come
    /// as far as is possible.
    pub(crate) fn run(&mut self, starts: Vec<S::State>) -> Found<S> {
        let (spec, history, quiet) = (self.spec, self.history, &self.quiet);
        // Half of the budget is left to search without it.
        let mut steps = self.budget.steps / 2;
        self.ahead = Ahead::new(spec, history, &self.places, quiet, &starts, &mut steps);
        if self.ahead.is_some() {
            self.budget.steps -= self.budget.steps / 2 - steps;
        }
        self.run_in_full(starts)
    }

    /// Looks for an order that begins in one of the states. If there is none, it has come as far
    /// as is possible, and knows all states in which that can end.
    pub(crate) fn run_in_full(&mut self, starts: Vec<S::State>) -> Found<S> {
        match self.descend(starts, false) {
            Ok(true) => Found::Order(self.order_so_far()),
            Ok(false) => self.furthest.take().map_or(Found::Exhausted, Found::Stuck),
            Err(Exhausted) => Found::Exhausted,
        }
    }

    /// The states in which the operations can end; none if they are too many to name or to find.
    /// All must be answered.
    pub(crate) fn ends(&mut self, start: S::State) -> Option<Vec<S::State>> {
        self.descend(vec![start], true).ok()?;
        let furthest = self.furthest.take()?;
        (furthest.head == self.end && !furthest.more_states).then_some(furthest.states)
    }

    /// Tries every order until one places all that is answered, or `all` of them.
    fn descend(&mut self, starts: Vec<S::State>, all: bool) -> Result<bool, Exhausted> {
        let mut frames: Vec<_> = self.enter(None, starts)?.into_iter().collect();
        while let Some(frame) = frames.last_mut() {
            let is_complete = self.head() == self.end;
            if is_complete && !all {
                return Ok(true);
            }
            let candidate = if is_complete { None } else { self.candidate(frame) };
            if let Some(position) = candidate {
                frame.tried = Some(position);
                frame.tried_alone |= self.is_alone(position);
                let states = self.step(&frame.state, position)?;
                frames.extend(self.enter(Some(position), states)?);
            } else if let Some(frame) = frames.pop() {
                self.undo(frame.before);
                frames.extend(self.enter(frame.by, frame.others)?);
            }
        }
        Ok(false)
    }

    /// Places an operation and goes on in the first of its states that is new.
    fn enter(
        &mut self,
        by: Option<usize>,
        mut states: Vec<S::State>,
    ) -> Result<Option<Frame<S::State>>, Exhausted> {
        let before = self.order.len();
        if let Some(position) = by {
            self.place_alone(position);
            self.place(position);
        }
        while !states.is_empty() {
            let state = states.remove(0);
            if !self.is_too_late(before, &state)? && self.remember(&state)? {
                self.settle(&state)?;
                self.note(&state);
                return Ok(Some(Frame {
                    state,
                    before,
                    by,
                    others: states,
                    tried: None,
                    tried_alone: false,
                }));
            }
        }
        self.undo(before);
        Ok(None)
    }

    /// Remembers the placed operations with a state; false if that was known.
    fn remember(&mut self, state: &S::State) -> Result<bool, Exhausted> {
        if self.remembered.len() >= self.budget.memory {
            return Err(Exhausted);
        }
        Ok(self.remembered.insert((self.placed.clone(), state.clone())))
    }

    /// Places every operation without effect that may be placed in this state. None of this is a
    /// choice: where an order has such an operation later, it is as right with it here.
    fn settle(&mut self, state: &S::State) -> Result<(), Exhausted> {
        loop {
            let head = self.head();
            if head == self.end {
                return Ok(());
            }
            let deadline = self.returned(head);
            let mut position = head;
            while position < self.end && self.earliest_call[position] <= deadline {
                let is_due = self.quiet[position] && self.called(position) <= deadline;
                if is_due && !self.step(state, position)?.is_empty() {
                    self.place(position);
                }
                position = self.next[position];
            }
            // Operations called later may be placed only once those that returned before were.
            if self.head() == head {
                return Ok(());
            }
        }
    }

    /// Whether an operation with effect has none that anybody left could read.
    fn is_alone(&self, position: usize) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.is_alone(position))
    }

    /// Places the operations whose effect nobody reads, since that of `by` follows and hides it.
    fn place_alone(&mut self, by: usize) {
        if self.ahead.is_none() {
            return;
        }
        let deadline = self.returned(self.head());
        let mut position = self.head();
        while position < self.end && self.earliest_call[position] <= deadline {
            let is_due = !self.quiet[position] && self.called(position) <= deadline;
            if is_due && position != by && self.is_alone(position) {
                self.place(position);
            }
            position = self.next[position];
        }
    }

    /// Whether something that has no place needed the state before the last change, which does not
    /// come again.
    fn is_too_late(&mut self, before: usize, state: &S::State) -> Result<bool, Exhausted> {
        let Some(ahead) = self.ahead.take_if(|_| self.order.len() > before) else {
            return Ok(false);
        };
        let writer = self.order[..before].iter().rev().find(|&&position| !self.quiet[position]);
        let readers = writer.map_or(&*ahead.at_start, |&writer| ahead.readers(writer));
        let mut is_too_late = false;
        for &reader in readers {
            if !self.placed.contains(reader) && ahead.is_alone(reader) {
                is_too_late = is_too_late || self.step(state, reader)?.is_empty();
            }
        }
        self.ahead = Some(ahead);
        Ok(is_too_late)
    }

    /// The next operation with effect that may be placed now, after the one tried last: its call
    /// must not be later than the earliest return among those that have no place. Open ones come
    /// last, since they need none.
    fn candidate(&self, frame: &Frame<S::State>) -> Option<usize> {
        let deadline = self.returned(self.head());
        let is_due = |position: usize| {
            self.called(position) <= deadline
                && !self.placed.contains(position)
                && !(self.is_alone(position) && (frame.tried_alone || position >= self.end))
        };
        let tried_open = frame.tried.filter(|&position| position >= self.end);
        if tried_open.is_none() {
            let mut position = self.next[frame.tried.unwrap_or(self.end)];
            while position < self.end && self.earliest_call[position] <= deadline {
                if !self.quiet[position] && is_due(position) {
                    return Some(position);
                }
                position = self.next[position];
            }
        }
        let open = tried_open.map_or(self.end, |position| position + 1)..self.places.len();
        open.take_while(|&position| self.called(position) <= deadline)
            .find(|&position| is_due(position))
    }

    fn step(&mut self, state: &S::State, position: usize) -> Result<Vec<S::State>, Exhausted> {
        self.budget.steps = self.budget.steps.checked_sub(1).ok_or(Exhausted)?;
        let operation = &self.history[self.places[position]];
        Ok(self.spec.step(state, &operation.call, operation.answer.as_ref()))
    }

    /// Keeps what a counterexample will need.
    fn note(&mut self, state: &S::State) {
        let head = self.head();
        match &mut self.furthest {
            Some(furthest) if furthest.head > head => {}
            Some(furthest) if furthest.head == head => {
                if !furthest.states.contains(state) {
                    match furthest.states.len() {
                        MAX_STATES.. => furthest.more_states = true,
                        _ => furthest.states.push(state.clone()),
                    }
                }
            }
            _ => {
                let unplaced = self.places.get(head).copied().unwrap_or(0);
                let (order, states) = (self.order_so_far(), vec![state.clone()]);
                self.furthest = Some(Stuck { head, unplaced, order, states, more_states: false });
            }
        }
    }

    fn order_so_far(&self) -> Vec<usize> {
        self.order.iter().map(|&position| self.places[position]).collect()
    }

    /// The answered operation without a place that returned first; `end` if there is none.
    fn head(&self) -> usize {
        self.next[self.end]
    }

    fn called(&self, position: usize) -> u64 {
        self.history[self.places[position]].called
    }

    fn returned(&self, position: usize) -> u64 {
        self.history[self.places[position]].deadline()
    }

    fn place(&mut self, position: usize) {
        self.order.push(position);
        self.placed.toggle(position);
        if let Some(ahead) = &mut self.ahead {
            ahead.place(position);
        }
        if position < self.end {
            let (previous, next) = (self.previous[position], self.next[position]);
            self.next[previous] = next;
            self.previous[next] = previous;
        }
    }

    /// Takes back what was placed last, until `count` operations have a place.
    fn undo(&mut self, count: usize) {
        while self.order.len() > count {
            let Some(position) = self.order.pop() else { return };
            self.placed.toggle(position);
            if let Some(ahead) = &mut self.ahead {
                ahead.undo(position);
            }
            if position < self.end {
                let (previous, next) = (self.previous[position], self.next[position]);
                self.next[previous] = position;
                self.previous[next] = position;
            }
        }
    }
}
