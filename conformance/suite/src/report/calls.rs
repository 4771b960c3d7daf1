//! Which calls of a check a page shows.

use super::{CallReport, CheckReport};

/// The lines that a page shows, from the end.
const MAX_LINES: usize = 40;

/// How many calls that are alike are too many to show.
const MANY: usize = 10;

/// A line of a page.
pub(super) enum Line<'a> {
    /// A call.
    Call(&'a CallReport),
    /// That many more calls of the same function.
    More(usize, &'a str),
}

/// The calls of a check, the longest stretches left out.
pub(super) struct Shown<'a> {
    /// The calls before the first line.
    pub(super) before: usize,
    pub(super) lines: Vec<Line<'a>>,
}

pub(super) fn shown(check: &CheckReport) -> Shown<'_> {
    let mut lines: Vec<_> = check.calls.chunk_by(is_alike).flat_map(lines).collect();
    let kept = lines.split_off(lines.len().saturating_sub(MAX_LINES));
    let left_out: usize = lines.iter().map(Line::calls).sum();
    let before_kept = check.calls.first().map_or(0, |call| call.n - 1);
    Shown { before: left_out + before_kept, lines: kept }
}

impl Line<'_> {
    /// How many calls it stands for.
    fn calls(&self) -> usize {
        match self {
            Self::Call(_) => 1,
            Self::More(calls, _) => *calls,
        }
    }
}

/// Whether two calls differ in arguments and result alone.
fn is_alike(a: &CallReport, b: &CallReport) -> bool {
    a.caller == b.caller && function(a) == function(b)
}

fn function(call: &CallReport) -> &str {
    call.call.split_once('(').map_or(call.call.as_str(), |(function, _)| function)
}

/// The lines of calls that are alike. Of many, which only fill a store, the first two and the last
/// say enough.
fn lines(calls: &[CallReport]) -> Vec<Line<'_>> {
    match calls {
        [first, second, middle @ .., last] if calls.len() > MANY => vec![
            Line::Call(first),
            Line::Call(second),
            Line::More(middle.len(), function(first)),
            Line::Call(last),
        ],
        few => few.iter().map(Line::Call).collect(),
    }
}
