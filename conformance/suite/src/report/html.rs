//! The report as a page for a browser.

use minijinja::Error;
use plimsoll_contract::{Clause, Interface};
use serde::Serialize;

use super::calls::{self, Line};
use super::{CallReport, CheckReport, ClauseVerdict, ExpectationReport, Report, text};
use crate::{Verdict, html};

/// The longest call or answer that a page shows, in characters; the JSON report has more.
const MAX_CALL: usize = 400;

/// The words that a reader may choose from: those of checks that have a page, and of clauses.
const VERDICTS: [&str; 9] = [
    "failed",
    "warned",
    "known-failing",
    "harness-error",
    "not-testable",
    "unknown",
    "untested",
    "not-judged",
    "passed",
];

pub(super) fn report(report: &Report) -> Result<String, Error> {
    html::render("report.html", &VERDICTS, &View::of(report))
}

/// What the template shows, in its order.
#[derive(Serialize)]
struct View<'a> {
    report: &'a Report,
    verdict: String,
    /// What to call the subject.
    name: String,
    sentence: String,
    counts: Vec<Count>,
    seconds: String,
    missing: Vec<Missing<'a>>,
    pages: Vec<Page<'a>>,
    untested: usize,
    interfaces: Vec<InterfaceView<'a>>,
}

/// So many of a verdict.
#[derive(Serialize)]
struct Count {
    verdict: &'static str,
    count: usize,
    /// The sum of those before it.
    before: usize,
}

/// What kept checks from being run.
#[derive(Serialize)]
struct Missing<'a> {
    reason: &'a str,
    checks: usize,
}

/// A check that did not pass.
#[derive(Serialize)]
struct Page<'a> {
    id: &'static str,
    verdict: Verdict,
    /// The first one is open from the start.
    is_open: bool,
    /// Its start; whole in `long_reason`, where nothing else explains the verdict.
    reason: Option<String>,
    long_reason: Option<&'a str>,
    clauses: Vec<PageClause>,
    expectations: &'a [ExpectationReport],
    calls: Vec<CallView>,
    calls_before: usize,
    timeline: Option<&'a str>,
    race: Option<String>,
    usual_cause: &'a str,
    rerun: Option<&'a str>,
    backtrace: Option<&'a str>,
}

#[derive(Serialize)]
struct PageClause {
    id: &'static str,
    level: &'static str,
    text: &'static str,
    why: &'static str,
    place: String,
}

/// A call, or how many more there are of a function.
#[derive(Serialize)]
struct CallView {
    n: usize,
    more: usize,
    caller: Option<usize>,
    call: String,
    result: String,
}

#[derive(Serialize)]
struct InterfaceView<'a> {
    name: &'static str,
    is_exported: bool,
    counts: Vec<Count>,
    clauses: Vec<ClauseView<'a>>,
}

#[derive(Serialize)]
struct ClauseView<'a> {
    id: &'a str,
    level: &'static str,
    text: &'a str,
    verdict: ClauseVerdict,
    checks: Vec<CheckView>,
}

#[derive(Serialize)]
struct CheckView {
    id: &'static str,
    verdict: Verdict,
    has_page: bool,
}

impl<'a> View<'a> {
    fn of(report: &'a Report) -> Self {
        let (missing, broken): (Vec<_>, Vec<_>) = report
            .checks
            .iter()
            .filter(|check| text::has_page(check))
            .partition(|check| text::was_not_run(check));
        let missing = text::by_reason(&missing).into_iter();
        let pages = broken.into_iter().enumerate();
        let untested =
            report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::Untested);
        Self {
            report,
            verdict: text::in_words(report.verdict.name()),
            name: match report.subject.name.as_str() {
                "" => report.subject.target.clone(),
                name => format!("{name} {}", report.subject.version),
            },
            sentence: text::verdict_sentence(report),
            counts: counts(text::counted(&report.summary)),
            seconds: format!("{:.1}", report.duration_ms as f64 / 1_000.0),
            missing: missing.map(|(reason, checks)| Missing { reason, checks }).collect(),
            pages: pages.map(|(place, check)| Page::of(check, place == 0)).collect(),
            untested: untested.count(),
            interfaces: Interface::ALL.iter().map(|it| InterfaceView::of(*it, report)).collect(),
        }
    }
}

/// Each count with the sum of those before it.
fn counts(counted: impl Iterator<Item = (&'static str, usize)>) -> Vec<Count> {
    let mut sum = 0;
    let count = |(verdict, count)| {
        sum += count;
        Count { verdict, count, before: sum - count }
    };
    counted.map(count).collect()
}

impl<'a> Page<'a> {
    fn of(check: &'a CheckReport, is_open: bool) -> Self {
        let shown = calls::shown(check);
        let clauses = check.clauses.iter().filter_map(|id| Clause::find(id));
        let reason = check.reason.as_deref();
        Self {
            id: check.id,
            verdict: check.verdict,
            is_open,
            reason: reason.map(|reason| text::cut(reason, MAX_CALL)),
            long_reason: reason.filter(|reason| reason.chars().count() > MAX_CALL),
            clauses: clauses.map(PageClause::of).collect(),
            expectations: &check.expectations,
            calls: shown.lines.iter().map(CallView::of).collect(),
            calls_before: shown.before,
            timeline: check.timeline.as_deref(),
            race: check.race.as_ref().map(text::race_line),
            usual_cause: text::usual_cause(check),
            rerun: check.rerun.as_deref(),
            backtrace: check.backtrace.as_deref(),
        }
    }
}

impl PageClause {
    fn of(clause: &'static Clause) -> Self {
        Self {
            id: &clause.id,
            level: clause.level.word(),
            text: &clause.text,
            why: &clause.why,
            place: clause.place(),
        }
    }
}

impl CallView {
    fn of(line: &Line<'_>) -> Self {
        match line {
            Line::Call(CallReport { n, call, result, caller }) => Self {
                n: *n,
                more: 0,
                caller: *caller,
                call: text::cut(call, MAX_CALL),
                result: text::cut(result, MAX_CALL),
            },
            Line::More(more, function) => Self {
                n: 0,
                more: *more,
                caller: None,
                call: (*function).to_owned(),
                result: String::new(),
            },
        }
    }
}

impl<'a> InterfaceView<'a> {
    fn of(interface: Interface, report: &'a Report) -> Self {
        let clauses: Vec<_> =
            report.clauses.iter().filter(|clause| clause.interface == interface.name()).collect();
        let count = |verdict: ClauseVerdict| {
            (verdict, clauses.iter().filter(|clause| clause.verdict == verdict).count())
        };
        let found = ClauseVerdict::ALL.into_iter().map(count).filter(|(_, count)| *count > 0);
        Self {
            name: interface.name(),
            is_exported: report.subject.exports.iter().any(|name| name == interface.name()),
            counts: counts(found.map(|(verdict, count)| (verdict.name(), count))),
            clauses: clauses
                .iter()
                .map(|clause| ClauseView {
                    id: &clause.id,
                    level: clause.level,
                    text: &clause.text,
                    verdict: clause.verdict,
                    checks: clause
                        .checks
                        .iter()
                        .filter_map(|id| CheckView::of(id, report))
                        .collect(),
                })
                .collect(),
        }
    }
}

impl CheckView {
    fn of(id: &str, report: &Report) -> Option<Self> {
        let check = report.checks.iter().find(|check| check.id == id)?;
        let has_page = text::has_page(check) && !text::was_not_run(check);
        Some(Self { id: check.id, verdict: check.verdict, has_page })
    }
}
