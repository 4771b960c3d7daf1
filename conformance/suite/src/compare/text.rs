//! A comparison for people at a terminal.

use super::{Column, Comparison, Row};
use crate::report::ClauseVerdict;

/// How wide a verdict is, in columns: `not judged`.
const WIDTH: usize = 10;

/// How many clauses of a report have some verdict.
type Count = fn(&Column) -> usize;

/// The verdicts of clauses, each with how to count it.
pub(super) const TOTALS: [(&str, Count); 6] = [
    ("passed", |it| it.clauses.passed),
    ("warned", |it| it.clauses.warned),
    ("failed", |it| it.clauses.failed),
    ("not-judged", |it| it.clauses.not_judged),
    ("untested", |it| it.clauses.untested),
    ("absent", |it| it.clauses.absent),
];

/// Lines of text: what a report says of itself makes no lines of its own.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, line: &str) {
        self.0.push_str(&line.replace(['\n', '\r'], " "));
        self.0.push('\n');
    }
}

pub(super) fn comparison(comparison: &Comparison) -> String {
    let mut lines = Lines::default();
    for column in &comparison.reports {
        let Column { key, name, version, target, verdict, profile, seed, file, .. } = column;
        let verdict = verdict.replace('-', " ");
        lines.add(&format!(
            "{key}  {name} {version} ({target}): {verdict}, profile {profile}, seed {seed}"
        ));
        lines.add(&format!("   {file}"));
    }
    for note in &comparison.notes {
        lines.add(&format!("note: {note}"));
    }
    write_differing(&mut lines, comparison);
    write_alike(&mut lines, comparison);
    write_traits(&mut lines, comparison);
    write_totals(&mut lines, comparison);
    lines.0
}

fn write_differing(lines: &mut Lines, comparison: &Comparison) {
    let rows: Vec<_> = comparison.clauses.iter().filter(|row| row.differs).collect();
    if rows.is_empty() {
        return;
    }
    let width = rows.iter().map(|row| row.id.len()).max().unwrap_or_default().max(7);
    lines.add("");
    lines.add(&format!("{:width$}{}", "differ", heads(comparison)));
    for row in rows {
        let verdicts = row.verdicts.iter().map(|verdict| cell(&word(*verdict)));
        let verdicts: String = verdicts.collect();
        lines.add(&format!("{:width$}{verdicts}  {}", row.id, row.text));
    }
}

/// The clauses on which all agree: a line for each interface and verdict.
fn write_alike(lines: &mut Lines, comparison: &Comparison) {
    let mut groups: Vec<(&Row, usize)> = Vec::new();
    for row in comparison.clauses.iter().filter(|row| !row.differs) {
        let is_of = |group: &&mut (&Row, usize)| {
            group.0.interface == row.interface && group.0.verdicts == row.verdicts
        };
        match groups.iter_mut().find(is_of) {
            Some((_, count)) => *count += 1,
            None => groups.push((row, 1)),
        }
    }
    if groups.is_empty() {
        return;
    }
    let width = groups.iter().map(|(row, _)| row.interface.len()).max().unwrap_or_default();
    lines.add("");
    lines.add("alike");
    for (row, count) in groups {
        let word = word(row.verdicts.first().copied().flatten());
        let clauses = if count == 1 { "clause" } else { "clauses" };
        lines.add(&format!("{:width$}  {count:>3} {clauses} {word} in all", row.interface));
    }
}

fn write_traits(lines: &mut Lines, comparison: &Comparison) {
    let keys = comparison.reports.iter().map(|column| &column.key);
    for (place, it) in comparison.traits.iter().filter(|it| it.differs).enumerate() {
        if place == 0 {
            lines.add("");
            lines.add("traits that differ");
        }
        lines.add(&format!("{} {}", it.id, it.interface));
        for (key, observed) in keys.clone().zip(&it.observed) {
            let seen = if observed.is_empty() { "not observed" } else { &observed.join("; ") };
            lines.add(&format!("  {key}  {seen}"));
        }
    }
}

fn write_totals(lines: &mut Lines, comparison: &Comparison) {
    lines.add("");
    lines.add(&format!("{:WIDTH$}{}", "totals", heads(comparison)));
    for (verdict, of) in TOTALS {
        let counts: Vec<_> = comparison.reports.iter().map(of).collect();
        if counts.iter().any(|count| *count > 0) {
            let cells: String = counts.iter().map(|count| cell(&count.to_string())).collect();
            lines.add(&format!("{:WIDTH$}{}", verdict.replace('-', " "), cells.trim_end()));
        }
    }
    let Comparison { alike, differing, .. } = comparison;
    lines.add(&format!("{} clauses: {differing} differ, {alike} are alike", alike + differing));
}

fn heads(comparison: &Comparison) -> String {
    let heads: String = comparison.reports.iter().map(|column| cell(&column.key)).collect();
    heads.trim_end().to_owned()
}

fn cell(text: &str) -> String {
    format!("  {text:WIDTH$}")
}

fn word(verdict: Option<ClauseVerdict>) -> String {
    verdict.map_or("absent", ClauseVerdict::name).replace('-', " ")
}
