use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use plimsoll_contract::{CallError, Clause, Level, clause, show, wit};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    CallReport, CheckReport, ClauseReport, ClauseVerdict, ExpectationReport, Kit, RaceReport,
    Report, SCHEMA, SettingsReport, SubjectReport, Subjected, Summary, TraitReport,
};
use crate::log::Entry;
use crate::{Check, RunVerdict, Settings, Trial, Verdict, checks};

/// The longest text that a call or a value takes in a report, in characters.
const MAX_TEXT: usize = 2_000;

/// The calls that a report keeps of one check, from its end.
const MAX_CALLS: usize = 200;

pub(crate) fn assemble(
    subjected: Subjected,
    settings: &Settings,
    reports: Vec<CheckReport>,
    started_at: DateTime<Utc>,
    duration: Duration,
) -> Report {
    let stale = settings.known_failing.unmatched();
    let summary = Summary::of(&reports);
    let verdict = run_verdict(&reports, &summary, &stale, &subjected);
    let profile = subjected.profile.name().to_owned();
    Report {
        schema: SCHEMA,
        started_at: started_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        kit: Kit { name: "plimsoll", version: env!("CARGO_PKG_VERSION"), contract: wit::PACKAGE },
        settings: SettingsReport {
            profile: profile.clone(),
            seed: settings.seed,
            jobs: settings.jobs,
            effort: settings.effort,
            instances: subjected.instances,
            processes: settings.processes,
            limits: subjected.limits.clone(),
        },
        subject: subject(subjected),
        profile,
        seed: settings.seed,
        duration_ms: duration.as_millis() as u64,
        verdict,
        summary,
        clauses: clause::all().iter().map(|clause| clause_report(clause, &reports)).collect(),
        traits: traits(&reports),
        checks: reports,
        stale_known_failing: stale,
    }
}

fn subject(subjected: Subjected) -> SubjectReport {
    let (name, version) = match subjected.description {
        Some(description) => (description.name, description.version),
        None => (String::new(), String::new()),
    };
    SubjectReport {
        target: subjected.target,
        name,
        version,
        kind: subjected.kind,
        engine: subjected.engine,
        sha256: subjected.sha256,
        contract_sha256: contract_digest(),
        exports: subjected.exports.iter().map(|interface| interface.name().to_owned()).collect(),
        imports: subjected.imports,
    }
}

/// Harness errors come before failures, failures before what was not judged.
fn run_verdict(
    checks: &[CheckReport],
    summary: &Summary,
    stale: &[String],
    subjected: &Subjected,
) -> RunVerdict {
    let ran = checks
        .iter()
        .any(|check| !matches!(check.verdict, Verdict::Skipped | Verdict::Unsupported));
    if summary.harness_error > 0 || !ran {
        RunVerdict::HarnessError
    } else if summary.failed > 0 || !stale.is_empty() {
        RunVerdict::Violated
    } else if checks.iter().any(|check| is_open(check, subjected)) {
        RunVerdict::Incomplete
    } else if summary.known_failing > 0 {
        RunVerdict::KnownFailuresOnly
    } else {
        RunVerdict::Certified
    }
}

/// Whether a promise that had to be judged was not.
fn is_open(report: &CheckReport, subjected: &Subjected) -> bool {
    let is_required = checks::find(report.id).is_some_and(|check| {
        let is_exported = |interface| subjected.exports.contains(interface);
        subjected.profile.holds(check.uses) || check.uses.iter().all(is_exported)
    });
    let was_judged =
        !matches!(report.verdict, Verdict::NotTestable | Verdict::Unknown | Verdict::Skipped);
    report.level == "must" && is_required && !was_judged
}

impl Summary {
    fn of(checks: &[CheckReport]) -> Self {
        let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
        Self {
            total: checks.len(),
            passed: count(Verdict::Passed),
            warned: count(Verdict::Warned),
            unsupported: count(Verdict::Unsupported),
            skipped: count(Verdict::Skipped),
            known_failing: count(Verdict::KnownFailing),
            not_testable: count(Verdict::NotTestable),
            unknown: count(Verdict::Unknown),
            failed: count(Verdict::Failed),
            harness_error: count(Verdict::HarnessError),
        }
    }
}

fn clause_report(clause: &Clause, checks: &[CheckReport]) -> ClauseReport {
    let of_clause: Vec<_> =
        checks.iter().filter(|check| check.clauses.contains(&clause.id.as_str())).collect();
    let any =
        |verdicts: &[Verdict]| of_clause.iter().any(|check| verdicts.contains(&check.verdict));
    let verdict = if of_clause.is_empty() {
        ClauseVerdict::Untested
    } else if any(&[Verdict::Failed, Verdict::KnownFailing]) {
        ClauseVerdict::Failed
    } else if any(&[Verdict::Warned]) {
        ClauseVerdict::Warned
    } else if of_clause.iter().all(|check| check.verdict == Verdict::Passed) {
        ClauseVerdict::Passed
    } else {
        ClauseVerdict::NotJudged
    };
    ClauseReport {
        id: clause.id.clone(),
        level: level_name(clause.level),
        text: clause.text.clone(),
        interface: clause.interface.name(),
        checks: of_clause.iter().map(|check| check.id).collect(),
        verdict,
    }
}

fn traits(checks: &[CheckReport]) -> Vec<TraitReport> {
    let observed = checks.iter().flat_map(|check| {
        check.observations.iter().map(|observed| TraitReport {
            id: check.clauses.first().map_or(check.id, |id| id).to_owned(),
            interface: check.interface,
            observed: observed.clone(),
        })
    });
    observed.collect()
}

/// The digest of the WIT that was judged against, file after file.
fn contract_digest() -> String {
    let mut hasher = Sha256::new();
    for file in wit::FILES {
        hasher.update(file.text);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::Trait => "trait",
    }
}

impl CheckReport {
    /// The report of a check that was not run.
    pub(crate) fn not_run(check: &Check, verdict: Verdict, reason: &str) -> Self {
        Self {
            id: check.id,
            interface: check.interface().name(),
            clauses: check.clauses.to_vec(),
            level: level_name(check.level()),
            profile: check.profile().name(),
            verdict,
            reason: Some(reason.to_owned()),
            usual_cause: Cow::Borrowed(check.usual_cause),
            expectations: Vec::new(),
            calls: Vec::new(),
            history: None,
            timeline: None,
            race: None,
            duration_ms: 0,
            rerun: None,
            backtrace: None,
            observations: Vec::new(),
        }
    }

    /// The report of a check that was run.
    pub(crate) fn of(check: &Check, trial: &Trial, verdict: Verdict, reason: Option<&str>) -> Self {
        let words = |text: &str| shorten(&trial.labels.apply(text));
        let value = |text: &str| shorten(&show::in_wit(&trial.labels.apply(text)));
        let mut report = Self::not_run(check, verdict, "");
        report.reason = reason.map(words);
        report.observations.clone_from(&trial.found().observations);
        let race = trial.race().clone();
        report.race = (race.rounds > 0).then_some(RaceReport {
            rounds: race.rounds,
            overlaps: race.overlaps,
            losers: race.losers,
        });
        if verdict == Verdict::Passed {
            return report;
        }
        let broken = trial.found();
        let expectations = broken.expectations.iter().filter(|expectation| !expectation.holds);
        report.expectations = expectations
            .map(|expectation| ExpectationReport {
                what: words(&expectation.what),
                expected: value(&expectation.expected),
                got: value(&expectation.got),
            })
            .collect();
        let calls = trial.log.lock();
        let left_out = calls.len().saturating_sub(MAX_CALLS);
        let kept = calls.iter().enumerate().skip(left_out);
        report.calls =
            kept.map(|(index, entry)| call_report(index + 1, entry, &words, &value)).collect();
        if let Some(program) = &broken.program {
            if !program.clauses.is_empty() {
                report.clauses.clone_from(&program.clauses);
            }
            if let Some(likeliest) = program.clauses.first() {
                report.usual_cause = Cow::Owned(format!(
                    "a program knows no cause, and guesses the clauses; `plimsoll explain \
                     {likeliest}` shows the usual ones of the likeliest"
                ));
            }
            report.calls = program_calls(&program.calls, &words);
        }
        if let Some(history) = &broken.history {
            report.timeline = Some(words(&history.timeline));
            let labelled = history.operations.iter().map(|operation| labelled(operation, &words));
            report.history = Some(labelled.collect());
        }
        report.backtrace = calls.iter().rev().find_map(backtrace);
        report
    }
}

fn call_report(
    n: usize,
    entry: &Entry,
    words: &dyn Fn(&str) -> String,
    value: &dyn Fn(&str) -> String,
) -> CallReport {
    let arguments: Vec<_> = entry.arguments.iter().map(|argument| value(argument)).collect();
    let call = format!("{}.{}({})", entry.interface, entry.function, arguments.join(", "));
    let result = match &entry.result {
        Some(result) if entry.error.is_none() => value(result),
        Some(error) => words(error),
        None => "no answer".to_owned(),
    };
    CallReport { n, call, result, caller: entry.caller }
}

/// The calls of a program, whose answers nobody needs: all but the last are as they should be.
fn program_calls(calls: &[String], words: &dyn Fn(&str) -> String) -> Vec<CallReport> {
    let numbered = calls.iter().enumerate();
    let report = |(index, call): (usize, &String)| CallReport {
        n: index + 1,
        call: words(call),
        result: String::new(),
        caller: None,
    };
    numbered.map(report).collect()
}

/// An operation of a history with labels for ids.
fn labelled(operation: &Value, words: &dyn Fn(&str) -> String) -> Value {
    let mut operation = operation.clone();
    if let Some(Value::String(call)) = operation.get_mut("call") {
        *call = words(call);
    }
    operation
}

fn backtrace(entry: &Entry) -> Option<String> {
    match entry.error.as_ref()? {
        CallError::Interrupted(interruption) => interruption.backtrace.clone(),
        CallError::Answered(_) => None,
    }
}

/// Cuts a long text in the middle of nothing: what is left out is counted.
fn shorten(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_TEXT {
        return text.to_owned();
    }
    let start: String = text.chars().take(MAX_TEXT).collect();
    format!("{start}… ({length} characters in all)")
}
