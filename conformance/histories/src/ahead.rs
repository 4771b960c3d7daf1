use crate::{History, Specification};

/// What is known of the operations to come, where every operation with effect replaces the whole
/// state, as the writes of a register do. It spares a search the orders of writes that do not
/// matter, which are most of them.
///
/// A *writer* is an operation with effect, a *reader* an answered one without. They are *partners*
/// if the reader is possible in the state that the writer leaves.
pub(crate) struct Ahead {
    /// The partners of each position.
    partners: Vec<Vec<usize>>,
    /// How many partners of each position have no place yet.
    left: Vec<usize>,
    /// Readers that are possible at the start.
    pub(crate) at_start: Vec<usize>,
}

impl Ahead {
    /// Finds the partners, for which it asks at most `steps` questions; none if they would be more,
    /// or some operation with effect does not replace the state.
    pub(crate) fn new<S: Specification>(
        spec: &S,
        history: &History<S>,
        places: &[usize],
        quiet: &[bool],
        starts: &[S::State],
        steps: &mut u64,
    ) -> Option<Self> {
        let (readers, writers): (Vec<usize>, Vec<usize>) =
            (0..places.len()).partition(|&position| quiet[position]);
        let cost = (writers.len() + starts.len()) as u64 * readers.len() as u64;
        *steps = steps.checked_sub(cost)?;
        let step = |state: &S::State, position: usize| {
            let operation = &history[places[position]];
            spec.step(state, &operation.call, operation.answer.as_ref())
        };
        let can_read = |state: &S::State, reader: usize| !step(state, reader).is_empty();
        let mut partners = vec![Vec::new(); places.len()];
        for &writer in &writers {
            let operation = &history[places[writer]];
            if !spec.replaces_state(&operation.call, operation.answer.as_ref()) {
                return None;
            }
            let written = step(&spec.start(), writer).pop()?;
            let its_readers = readers.iter().filter(|&&reader| can_read(&written, reader));
            for &reader in its_readers {
                partners[writer].push(reader);
                partners[reader].push(writer);
            }
        }
        let is_at_start = |reader: &usize| starts.iter().any(|state| can_read(state, *reader));
        let at_start = readers.into_iter().filter(is_at_start).collect();
        Some(Self { left: partners.iter().map(Vec::len).collect(), partners, at_start })
    }

    /// Takes account of an operation that got a place.
    pub(crate) fn place(&mut self, position: usize) {
        for &partner in &self.partners[position] {
            self.left[partner] -= 1;
        }
    }

    /// Takes account of an operation that lost its place.
    pub(crate) fn undo(&mut self, position: usize) {
        for &partner in &self.partners[position] {
            self.left[partner] += 1;
        }
    }

    /// Whether none of the partners is to come. A writer without readers may as well be placed just
    /// before any other writer, or, if it is open, nowhere. A reader without writers must be
    /// placed before the state changes.
    pub(crate) fn is_alone(&self, position: usize) -> bool {
        self.left[position] == 0
    }

    /// The readers of what a writer left.
    pub(crate) fn readers(&self, writer: usize) -> &[usize] {
        &self.partners[writer]
    }
}
