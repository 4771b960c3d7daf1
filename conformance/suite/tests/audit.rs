//! `conformance/audit.md` accounts for every finding of the audit, with checks that exist.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use plimsoll_conformance::all_checks;
use plimsoll_contract::Level;

/// The findings: their letters and numbers.
const FINDINGS: [(&str, RangeInclusive<u32>); 2] = [("DV", 1..=133), ("CI", 1..=20)];

/// A reason of fewer words explains nothing.
const LEAST_WORDS: usize = 5;

struct Row {
    finding: String,
    what: String,
    judged_by: String,
}

fn rows() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../audit.md");
    let page = fs::read_to_string(page).unwrap();
    let lines = page.lines().filter(|line| line.starts_with('|'));
    let lines = lines.filter(|line| !line.starts_with("| finding |") && !line.starts_with("|--"));
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    assert_eq!(cells.len(), 3, "three cells: {line}");
    let [finding, what, judged_by] = [0, 1, 2].map(|cell| cells[cell].to_owned());
    Row { finding, what, judged_by }
}

/// What is wrong with what a row says of its judges, if anything is.
fn complaint(judged_by: &str) -> Option<String> {
    if let Some(reason) = judged_by.strip_prefix("not judged:") {
        let words = reason.split_whitespace().count();
        return (words < LEAST_WORDS).then(|| format!("`{reason}` is no reason"));
    }
    judged_by.split(';').map(str::trim).find_map(|part| match part.strip_prefix("trait:") {
        Some(ids) => complaint_of(ids, true),
        None => complaint_of(part, false),
    })
}

fn complaint_of(ids: &str, observe: bool) -> Option<String> {
    ids.split(',').map(str::trim).find_map(|id| match level(id) {
        None => Some(format!("there is no check `{id}`")),
        Some(Level::Trait) if !observe => Some(format!("`{id}` only observes: write `trait:`")),
        Some(Level::Must | Level::Should) if observe => Some(format!("`{id}` does not observe")),
        Some(_) => None,
    })
}

fn level(id: &str) -> Option<Level> {
    all_checks().find(|check| check.id == id).map(|check| check.level())
}

#[test]
fn every_finding_is_there_once() {
    let listed: Vec<_> = rows().into_iter().map(|row| row.finding).collect();
    let expected: BTreeSet<_> = FINDINGS
        .into_iter()
        .flat_map(|(letters, numbers)| numbers.map(move |number| format!("{letters}-{number}")))
        .collect();
    let once: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "a finding is listed twice: {listed:?}");
    let missing: Vec<_> = expected.difference(&once).collect();
    let unknown: Vec<_> = once.difference(&expected).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
}

#[test]
fn every_finding_has_a_judge_or_a_reason() {
    let complaints: Vec<_> = rows()
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.finding, complaint(&row.judged_by)?)))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_finding_is_described_in_a_phrase() {
    for row in rows() {
        let words = row.what.split_whitespace().count();
        assert!((3..=12).contains(&words), "{}: {words} words: {}", row.finding, row.what);
    }
}

#[test]
fn a_row_without_a_judge_is_seen() {
    let wrong = [
        "",
        "PENDING",
        "run-store/no-such-check",
        "run-store/used-id-overwrites, run-store/no-such-check",
        "trait: run-store/used-id-overwrites",
        "retention-store/orphans",
        "run-store/used-id-overwrites; trait: run-store/no-such-check",
        "not judged: yet",
    ];
    for judged_by in wrong {
        assert!(complaint(judged_by).is_some(), "`{judged_by}` passes");
    }
    assert_eq!(complaint("trait: retention-store/orphans"), None);
}
