//! A comparison as a page for a browser.

use minijinja::Error;
use serde::Serialize;

use super::{Column, Comparison, Row};
use crate::html;
use crate::report::ClauseVerdict;

/// The words that a reader may choose from.
const VERDICTS: [&str; 6] = ["failed", "warned", "not-judged", "untested", "absent", "passed"];

pub(super) fn comparison(comparison: &Comparison) -> Result<String, Error> {
    html::render("compare.html", &VERDICTS, &View::of(comparison))
}

#[derive(Serialize)]
struct View<'a> {
    comparison: &'a Comparison,
    differing: Vec<RowView<'a>>,
    /// The clauses on which all agree, by interface.
    alike: Vec<Group<'a>>,
    totals: Vec<Total>,
}

#[derive(Serialize)]
struct RowView<'a> {
    row: &'a Row,
    verdicts: Vec<&'static str>,
}

#[derive(Serialize)]
struct Group<'a> {
    interface: &'a str,
    rows: Vec<RowView<'a>>,
}

/// How many clauses of each report have a verdict.
#[derive(Serialize)]
struct Total {
    verdict: &'static str,
    counts: Vec<usize>,
}

impl<'a> View<'a> {
    fn of(comparison: &'a Comparison) -> Self {
        let (differing, alike): (Vec<_>, Vec<_>) =
            comparison.clauses.iter().map(RowView::of).partition(|view| view.row.differs);
        let mut groups: Vec<Group<'_>> = Vec::new();
        for view in alike {
            let interface = view.row.interface.as_str();
            match groups.iter_mut().find(|group| group.interface == interface) {
                Some(group) => group.rows.push(view),
                None => groups.push(Group { interface, rows: vec![view] }),
            }
        }
        Self { comparison, differing, alike: groups, totals: totals(comparison) }
    }
}

impl<'a> RowView<'a> {
    fn of(row: &'a Row) -> Self {
        let verdicts =
            row.verdicts.iter().map(|verdict| verdict.map_or("absent", ClauseVerdict::name));
        Self { row, verdicts: verdicts.collect() }
    }
}

fn totals(comparison: &Comparison) -> Vec<Total> {
    let total = |(verdict, of): (&'static str, fn(&Column) -> usize)| Total {
        verdict,
        counts: comparison.reports.iter().map(of).collect(),
    };
    let all = super::text::TOTALS.into_iter().map(total);
    all.filter(|total| total.counts.iter().any(|count| *count > 0)).collect()
}
