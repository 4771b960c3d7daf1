use std::collections::{BTreeMap, BTreeSet};

use crate::{Counterexample, Operation, Specification};

/// The most columns between two neighbouring stamps.
const WIDEST: usize = 6;

/// Draws a counterexample for a terminal, in plain ASCII.
///
/// Each caller has a row, or more if its own calls overlap. A bar spans an operation from call to
/// return; columns are stamps by their rank, not by their distance, and a call stands before a
/// return of the same stamp. A bar's label is its number in the order that was found, a letter for
/// an open operation which that order does not need, and `!` for the one that has no place. Below
/// are the calls with their answers, and one sentence that says why.
///
/// `width` is in columns. Longer texts are cut; bars that need more take more.
#[must_use]
pub fn timeline<S: Specification>(spec: &S, found: &Counterexample<S>, width: usize) -> String {
    let labels = labels(found);
    let mut lines = beginning(found);
    lines.extend(bars(&found.operations, &labels, width));
    lines.push(String::new());
    lines.extend(legend(spec, found, &labels));
    lines.push(String::new());
    let mut text: String = lines.iter().map(|line| cut(line, width) + "\n").collect();
    text.push_str(&found.reason(spec));
    text.push('\n');
    text
}

fn beginning<S: Specification>(found: &Counterexample<S>) -> Vec<String> {
    if found.skipped == 0 {
        return Vec::new();
    }
    let states: Vec<_> = found.starts.iter().map(|state| format!("{state:?}")).collect();
    let (count, states) = (found.skipped, states.join(" or "));
    vec![format!("after {count} operations that left the state {states}:"), String::new()]
}

/// The label of each operation.
fn labels<S: Specification>(found: &Counterexample<S>) -> Vec<String> {
    let mut letters = (b'a'..=b'z').map(|letter| char::from(letter).to_string());
    let label = |place: usize| {
        let number = found.order.iter().position(|other| *other == place);
        match number {
            Some(number) => (number + 1).to_string(),
            None if place == found.unplaced => "!".to_owned(),
            None => letters.next().unwrap_or_else(|| "*".to_owned()),
        }
    };
    (0..found.operations.len()).map(label).collect()
}

/// The rows of the callers.
fn bars<C, A>(operations: &[Operation<C, A>], labels: &[String], width: usize) -> Vec<String> {
    let mut stamps = BTreeSet::new();
    for operation in operations {
        stamps.insert((operation.called, Side::Call));
        stamps.extend(end(operation).map(|returned| (returned, Side::Return)));
    }
    let ranks: BTreeMap<_, _> = stamps.into_iter().zip(0_usize..).collect();
    let callers = operations.iter().map(|operation| operation.caller);
    let names = callers.map(|caller| format!("caller {caller}  ").len()).max().unwrap_or(0);
    let label = labels.iter().map(String::len).max().unwrap_or(0);
    let spacing = (width.saturating_sub(names) / (ranks.len() + 1)).clamp(label + 1, WIDEST);
    let mut rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (operation, label) in operations.iter().zip(labels) {
        let column = |stamp, side| ranks.get(&(stamp, side)).map_or(0, |rank| rank * spacing);
        let from = column(operation.called, Side::Call);
        let (to, tip) = match end(operation) {
            Some(returned) => (column(returned, Side::Return), '|'),
            None => (ranks.len() * spacing, '>'),
        };
        let row = free_row(rows.entry(operation.caller).or_default(), from);
        row.push_str(&" ".repeat(from - row.len()));
        let bar = format!("{label:-^fill$}", fill = (to - from).saturating_sub(1));
        row.push('|');
        row.push_str(&bar);
        row.push(tip);
    }
    let named = |(caller, rows): (usize, Vec<String>)| {
        let mut name = format!("caller {caller}");
        rows.into_iter().map(move |row| format!("{:names$}{row}", std::mem::take(&mut name)))
    };
    rows.into_iter().flat_map(named).collect()
}

/// A call stands before a return of the same stamp, because they overlap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Call,
    Return,
}

/// Where a bar ends; none if it goes on.
fn end<C, A>(operation: &Operation<C, A>) -> Option<u64> {
    operation.returned.filter(|_| operation.is_answered())
}

/// A row of the caller that is free from this column on.
fn free_row(rows: &mut Vec<String>, from: usize) -> &mut String {
    let index = rows.iter().position(|row| row.is_empty() || row.len() < from);
    let index = index.unwrap_or_else(|| {
        rows.push(String::new());
        rows.len() - 1
    });
    &mut rows[index]
}

/// The calls: the order that was found, then the open ones, then the one that has no place.
fn legend<S: Specification>(spec: &S, found: &Counterexample<S>, labels: &[String]) -> Vec<String> {
    let label_width = labels.iter().map(String::len).max().unwrap_or(0);
    let is_rest = |place: &usize| !found.order.contains(place) && *place != found.unplaced;
    let rest = (0..labels.len()).filter(is_rest);
    let places = found.order.iter().copied().chain(rest).chain([found.unplaced]);
    let line = |place: usize| {
        let (operation, label) = (&found.operations[place], &labels[place]);
        let what = spec.describe(&operation.call, operation.answer.as_ref());
        let note = match (operation.is_answered(), operation.returned) {
            (true, _) if place == found.unplaced => "  <- has no place",
            (true, _) => "",
            (false, Some(_)) => "  (ended without an answer)",
            (false, None) => "  (still under way)",
        };
        format!("  {label:>label_width$}  caller {}  {what}{note}", operation.caller)
    };
    places.map(line).collect()
}

/// The text with at most `width` characters.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(3)).chain("...".chars()).collect()
}
