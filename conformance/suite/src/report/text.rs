//! The report for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll_contract::Clause;

use super::calls::{self, Line};
use super::{CallReport, CheckReport, ClauseVerdict, RaceReport, Report, Summary};
use crate::{RunVerdict, Verdict};

/// The longest value that a page shows, in characters; the JSON report has more.
const MAX_VALUE: usize = 400;

/// The longest part of a call that a page shows, in characters.
const MAX_CALL: usize = 160;

pub(super) fn report(report: &Report) -> String {
    format!("{}{}", pages(report), closing(report))
}

pub(super) fn pages(report: &Report) -> String {
    let mut text = String::new();
    let (missing, broken): (Vec<_>, Vec<_>) =
        report.checks.iter().filter(|check| has_page(check)).partition(|check| was_not_run(check));
    write_missing(&mut text, &missing);
    for check in broken {
        page(&mut text, check, &report.subject.target);
        text.push('\n');
    }
    text
}

pub(super) fn has_page(check: &CheckReport) -> bool {
    !matches!(check.verdict, Verdict::Passed | Verdict::Skipped | Verdict::Unsupported)
}

/// Failed for what is missing, which many checks share.
pub(super) fn was_not_run(check: &CheckReport) -> bool {
    check.verdict == Verdict::Failed && check.rerun.is_none()
}

fn write_missing(text: &mut String, checks: &[&CheckReport]) {
    for (reason, checks) in by_reason(checks) {
        let _ = writeln!(text, "FAILED  {reason}: {checks} checks could not be run\n");
    }
}

/// The reasons why checks were not run, each with how many it kept from it.
pub(super) fn by_reason<'a>(checks: &[&'a CheckReport]) -> BTreeMap<&'a str, usize> {
    let mut reasons = BTreeMap::new();
    for reason in checks.iter().filter_map(|check| check.reason.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    reasons
}

/// One check that did not pass: clause, expected and got, calls, cause, and how to run it again.
pub(crate) fn page(text: &mut String, check: &CheckReport, target: &str) {
    let verdict = check.verdict.name().to_uppercase();
    let _ = writeln!(text, "{verdict}  {}    {target}", check.id);
    for clause in check.clauses.iter().filter_map(|id| Clause::find(id)) {
        let _ = writeln!(text, "  {} {}  {}", clause.id, clause.level, clause.text);
        let _ = writeln!(text, "    {}", clause.place());
    }
    if check.expectations.is_empty()
        && let Some(reason) = &check.reason
    {
        let _ = writeln!(text, "  {}", indented(reason));
    }
    for expectation in &check.expectations {
        let _ = writeln!(text, "  {}", expectation.what);
        let _ = writeln!(text, "    expected  {}", cut(&expectation.expected, MAX_VALUE));
        let _ = writeln!(text, "    got       {}", cut(&expectation.got, MAX_VALUE));
    }
    match &check.timeline {
        // The calls of all callers say less than those few that are enough.
        Some(timeline) => drop(writeln!(text, "  history\n    {}", indented(timeline.trim_end()))),
        None => write_calls(text, check),
    }
    if let Some(race) = &check.race {
        let _ = writeln!(text, "  race         {}", race_line(race));
    }
    if let Some(backtrace) = &check.backtrace {
        let _ = writeln!(text, "  backtrace\n    {}", indented(backtrace.trim_end()));
    }
    let _ = writeln!(text, "  usual cause  {}", usual_cause(check));
    if let Some(rerun) = &check.rerun {
        let _ = writeln!(text, "  again        {rerun}");
    }
}

pub(super) fn usual_cause(check: &CheckReport) -> &str {
    match check.backtrace {
        Some(_) => "the backend stopped instead of answering; the backtrace shows where",
        None => &check.usual_cause,
    }
}

/// A race that fails while nobody met anybody has shown a defect that needs no race.
pub(super) fn race_line(race: &RaceReport) -> String {
    let rounds = race.rounds;
    match race.overlaps {
        0 => format!(
            "{rounds} rounds, and no calls that overlap: one caller alone may well see it too"
        ),
        overlaps => format!("{rounds} rounds, {overlaps} overlapping pairs of calls"),
    }
}

fn write_calls(text: &mut String, check: &CheckReport) {
    if check.calls.is_empty() {
        return;
    }
    let _ = writeln!(text, "  calls");
    let shown = calls::shown(check);
    if shown.before > 0 {
        let _ = writeln!(text, "    … {} more before these", shown.before);
    }
    for shown in shown.lines {
        let _ = match shown {
            Line::Call(call) => writeln!(text, "    {}", line(call)),
            Line::More(calls, function) => writeln!(text, "      … {calls} more {function}"),
        };
    }
}

fn line(call: &CallReport) -> String {
    let caller = call.caller.map(|caller| format!("caller {caller}: ")).unwrap_or_default();
    let (name, result) = (cut(&call.call, MAX_CALL), cut(&call.result, MAX_CALL));
    let arrow = if result.is_empty() { "" } else { " -> " };
    format!("{:>3}  {caller}{name}{arrow}{result}", call.n)
}

/// The start of a text, on one line.
pub(super) fn cut(text: &str, length: usize) -> String {
    let text = text.replace('\n', " ");
    if text.chars().count() <= length {
        return text;
    }
    let start: String = text.chars().take(length).collect();
    format!("{start}…")
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

pub(super) fn closing(report: &Report) -> String {
    let mut text = String::new();
    write_broken(&mut text, report);
    let counted = counted(&report.summary);
    let counted: Vec<_> =
        counted.map(|(verdict, count)| format!("{count} {}", in_words(verdict))).collect();
    let seconds = report.duration_ms as f64 / 1_000.0;
    let _ = writeln!(
        text,
        "{} checks: {}, in {seconds:.1} s",
        report.summary.total,
        counted.join(", ")
    );
    let untested = report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::Untested);
    let untested = untested.count();
    if untested > 0 {
        let total = report.clauses.len();
        let _ =
            writeln!(text, "{untested} of {total} clauses have no check yet; --json lists them");
    }
    for id in &report.stale_known_failing {
        let _ = writeln!(text, "the known-failing list names `{id}`, which is no check");
    }
    let _ = writeln!(text, "{}", verdict_line(report));
    text
}

/// How many checks ended how, where any did.
pub(super) fn counted(summary: &Summary) -> impl Iterator<Item = (&'static str, usize)> {
    let counted = [
        (Verdict::Passed, summary.passed),
        (Verdict::Warned, summary.warned),
        (Verdict::Failed, summary.failed),
        (Verdict::KnownFailing, summary.known_failing),
        (Verdict::NotTestable, summary.not_testable),
        (Verdict::Unknown, summary.unknown),
        (Verdict::Unsupported, summary.unsupported),
        (Verdict::Skipped, summary.skipped),
        (Verdict::HarnessError, summary.harness_error),
    ];
    let counted = counted.into_iter().filter(|(_, count)| *count > 0);
    counted.map(|(verdict, count)| (verdict.name(), count))
}

/// A word of the JSON, as people write it.
pub(super) fn in_words(name: &str) -> String {
    name.replace('-', " ")
}

/// The checks that have a page, a line each, for whoever sees the end of the report first.
fn write_broken(text: &mut String, report: &Report) {
    let paged = report.checks.iter().filter(|check| has_page(check) && !was_not_run(check));
    let paged: Vec<_> = paged.collect();
    let width = paged.iter().map(|check| check.id.len()).max().unwrap_or_default();
    for check in paged {
        let verdict = check.verdict.name().to_uppercase();
        let reason = cut(check.reason.as_deref().unwrap_or_default(), MAX_CALL);
        let clause = check.clauses.first().copied().unwrap_or_default();
        let _ = writeln!(text, "{verdict}  {:width$}  {clause}: {reason}", check.id);
    }
}

fn verdict_line(report: &Report) -> String {
    let word = in_words(report.verdict.name()).to_uppercase();
    format!("{word}  {}  (seed {})", verdict_sentence(report), report.seed)
}

pub(super) fn verdict_sentence(report: &Report) -> String {
    let subject = match report.subject.name.as_str() {
        "" => report.subject.target.clone(),
        name => {
            // A name makes no lines of its own, such as one that says CERTIFIED.
            let (name, version) = (cut(name, MAX_CALL), cut(&report.subject.version, MAX_CALL));
            format!("{name} {version} ({})", report.subject.target)
        }
    };
    let profile = &report.profile;
    let summary = &report.summary;
    let run = summary.total - summary.skipped - summary.unsupported;
    match report.verdict {
        RunVerdict::Certified => format!("{subject} keeps profile {profile}"),
        RunVerdict::KnownFailuresOnly => {
            format!("{subject} fails nothing of profile {profile} but what is listed")
        }
        RunVerdict::Violated => format!("{subject} does not keep profile {profile}"),
        RunVerdict::Incomplete => format!(
            "{subject}: {} of {run} selected checks passed, and not all that profile {profile} \
             requires was judged",
            summary.passed
        ),
        RunVerdict::HarnessError => format!("{subject} was not judged: the kit is at fault"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_race_says_whether_calls_overlapped() {
        let line = |overlaps| race_line(&RaceReport { rounds: 7, overlaps, losers: 2 });
        assert_eq!(line(3), "7 rounds, 3 overlapping pairs of calls");
        assert!(line(0).contains("one caller alone"), "{}", line(0));
    }
}
