//! The report for people.

use std::fmt::Write as _;

use plimsoll_contract::Clause;

use super::{CallReport, CheckReport, ClauseVerdict, RaceReport, Report};
use crate::{RunVerdict, Verdict};

/// The longest value that a page shows, in characters; the JSON report has more.
const MAX_VALUE: usize = 400;

/// The longest part of a call that a page shows, in characters.
const MAX_CALL: usize = 160;

/// The calls that a page shows, from the end.
const MAX_CALLS: usize = 40;

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

fn has_page(check: &CheckReport) -> bool {
    !matches!(check.verdict, Verdict::Passed | Verdict::Skipped | Verdict::Unsupported)
}

/// Failed for what is missing, which many checks share.
fn was_not_run(check: &CheckReport) -> bool {
    check.verdict == Verdict::Failed && check.rerun.is_none()
}

fn write_missing(text: &mut String, checks: &[&CheckReport]) {
    let mut reasons: Vec<&str> =
        checks.iter().filter_map(|check| check.reason.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let of_reason = checks.iter().filter(|check| check.reason.as_deref() == Some(reason));
        let _ = writeln!(text, "FAILED  {reason}: {} checks could not be run\n", of_reason.count());
    }
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
    let usual_cause = match check.backtrace {
        Some(_) => "the backend stopped instead of answering; the backtrace shows where",
        None => &*check.usual_cause,
    };
    let _ = writeln!(text, "  usual cause  {usual_cause}");
    if let Some(rerun) = &check.rerun {
        let _ = writeln!(text, "  again        {rerun}");
    }
}

/// A race that fails while nobody met anybody has shown a defect that needs no race.
fn race_line(race: &RaceReport) -> String {
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
    let lines: Vec<_> = check.calls.chunk_by(is_alike).flat_map(lines).collect();
    let left_out: usize =
        lines[..lines.len().saturating_sub(MAX_CALLS)].iter().map(|(_, calls)| calls).sum();
    let before_kept = check.calls.first().map_or(0, |call| call.n - 1);
    let left_out = left_out + before_kept;
    if left_out > 0 {
        let _ = writeln!(text, "    … {left_out} more before these");
    }
    for (line, _) in lines.iter().skip(lines.len().saturating_sub(MAX_CALLS)) {
        let _ = writeln!(text, "    {line}");
    }
}

/// Whether two calls differ in arguments and result alone.
fn is_alike(a: &CallReport, b: &CallReport) -> bool {
    a.caller == b.caller && function(a) == function(b)
}

fn function(call: &CallReport) -> &str {
    call.call.split_once('(').map_or(call.call.as_str(), |(function, _)| function)
}

/// How many calls that are alike are too many to show.
const MANY: usize = 10;

/// The lines of calls that are alike, each with how many calls it stands for. Of many, which only
/// fill a store, the first two and the last say enough.
fn lines(calls: &[CallReport]) -> Vec<(String, usize)> {
    match calls {
        [first, second, middle @ .., last] if calls.len() > MANY => {
            let more = format!("  … {} more {}", middle.len(), function(first));
            vec![(line(first), 1), (line(second), 1), (more, middle.len()), (line(last), 1)]
        }
        few => few.iter().map(|call| (line(call), 1)).collect(),
    }
}

fn line(call: &CallReport) -> String {
    let caller = call.caller.map(|caller| format!("caller {caller}: ")).unwrap_or_default();
    let (name, result) = (cut(&call.call, MAX_CALL), cut(&call.result, MAX_CALL));
    let arrow = if result.is_empty() { "" } else { " -> " };
    format!("{:>3}  {caller}{name}{arrow}{result}", call.n)
}

/// The start of a text, on one line.
fn cut(text: &str, length: usize) -> String {
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
    let summary = &report.summary;
    let counted = [
        (summary.passed, "passed"),
        (summary.warned, "warned"),
        (summary.failed, "failed"),
        (summary.known_failing, "known failing"),
        (summary.not_testable, "not testable"),
        (summary.unknown, "unknown"),
        (summary.unsupported, "unsupported"),
        (summary.skipped, "skipped"),
        (summary.harness_error, "harness errors"),
    ];
    let counted = counted.iter().filter(|(count, _)| *count > 0);
    let counted: Vec<_> = counted.map(|(count, word)| format!("{count} {word}")).collect();
    let seconds = report.duration_ms as f64 / 1_000.0;
    let _ = writeln!(text, "{} checks: {}, in {seconds:.1} s", summary.total, counted.join(", "));
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
    let subject = match report.subject.name.as_str() {
        "" => report.subject.target.clone(),
        name => format!("{name} {} ({})", report.subject.version, report.subject.target),
    };
    let (profile, seed) = (&report.profile, report.seed);
    let summary = &report.summary;
    let run = summary.total - summary.skipped - summary.unsupported;
    match report.verdict {
        RunVerdict::Certified => {
            format!("CERTIFIED  {subject} keeps profile {profile}  (seed {seed})")
        }
        RunVerdict::KnownFailuresOnly => format!(
            "KNOWN FAILURES ONLY  {subject} fails nothing of profile {profile} but what is listed  \
             (seed {seed})"
        ),
        RunVerdict::Violated => {
            format!("VIOLATED  {subject} does not keep profile {profile}  (seed {seed})")
        }
        RunVerdict::Incomplete => format!(
            "INCOMPLETE  {subject}: {} of {run} selected checks passed, and not all that profile \
             {profile} requires was judged  (seed {seed})",
            summary.passed
        ),
        RunVerdict::HarnessError => {
            format!("HARNESS ERROR  {subject} was not judged: the kit is at fault  (seed {seed})")
        }
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
