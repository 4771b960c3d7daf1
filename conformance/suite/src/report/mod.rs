//! What a run found: the report that people read and scripts act on.

mod assemble;
mod calls;
mod html;
mod junit;
mod text;

pub(crate) use text::page;

use std::borrow::Cow;

use plimsoll_contract::{Description, Interface, Profile};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RunVerdict, Subject, Verdict};

pub(crate) use assemble::assemble;

/// The form of a report; it changes when a field changes its meaning or goes.
pub const SCHEMA: &str = "plimsoll.report/1";

/// A whole report. Its JSON has exactly these fields.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON, described in the README")]
pub struct Report {
    pub schema: &'static str,
    pub started_at: String,
    pub kit: Kit,
    pub subject: SubjectReport,
    pub settings: SettingsReport,
    pub profile: String,
    pub seed: u64,
    pub duration_ms: u64,
    pub verdict: RunVerdict,
    pub summary: Summary,
    pub checks: Vec<CheckReport>,
    pub clauses: Vec<ClauseReport>,
    pub traits: Vec<TraitReport>,
    /// Entries of the known-failing list that name no check.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stale_known_failing: Vec<String>,
}

/// Which kit judged.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct Kit {
    pub name: &'static str,
    pub version: &'static str,
    pub contract: &'static str,
}

/// What was judged.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct SubjectReport {
    pub target: String,
    pub name: String,
    pub version: String,
    pub kind: &'static str,
    pub engine: String,
    pub sha256: Option<String>,
    pub contract_sha256: String,
    pub exports: Vec<String>,
    pub imports: Vec<String>,
}

/// How it was judged.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct SettingsReport {
    pub profile: String,
    pub seed: u64,
    pub jobs: usize,
    pub effort: u32,
    pub instances: usize,
    pub processes: usize,
    pub limits: Map<String, Value>,
}

/// How many checks ended how.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the verdicts")]
pub struct Summary {
    pub total: usize,
    pub passed: usize,
    pub warned: usize,
    pub unsupported: usize,
    pub skipped: usize,
    pub known_failing: usize,
    pub not_testable: usize,
    pub unknown: usize,
    pub failed: usize,
    pub harness_error: usize,
}

/// What became of one check. Calls and expectations are kept for those that did not pass.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct CheckReport {
    pub id: &'static str,
    pub interface: &'static str,
    /// Those of the check; of a random program, those that its divergence breaks.
    pub clauses: Vec<&'static str>,
    pub level: &'static str,
    pub profile: &'static str,
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub usual_cause: Cow<'static, str>,
    pub expectations: Vec<ExpectationReport>,
    pub calls: Vec<CallReport>,
    pub history: Option<Vec<Value>>,
    pub race: Option<RaceReport>,
    pub duration_ms: u64,
    pub rerun: Option<String>,
    /// Where in the backend a call was interrupted, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backtrace: Option<String>,
    #[serde(skip)]
    pub(crate) observations: Vec<String>,
    /// The history, drawn.
    #[serde(skip)]
    pub(crate) timeline: Option<String>,
}

/// Something that did not hold.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct ExpectationReport {
    pub what: String,
    pub expected: String,
    pub got: String,
}

/// A call and what came back.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct CallReport {
    pub n: usize,
    pub call: String,
    pub result: String,
    /// Who called, where several did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<usize>,
}

/// What a race showed.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct RaceReport {
    pub rounds: usize,
    pub overlaps: usize,
    pub losers: usize,
}

/// A clause and what became of it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct ClauseReport {
    pub id: String,
    pub level: &'static str,
    pub text: String,
    pub interface: &'static str,
    pub checks: Vec<&'static str>,
    pub verdict: ClauseVerdict,
}

/// What became of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClauseVerdict {
    /// A check judged it and all that did passed.
    Passed,
    /// A check of it warned.
    Warned,
    /// A check of it failed.
    Failed,
    /// The suite has no check of it.
    Untested,
    /// The suite has one, which was not run to its end.
    NotJudged,
}

impl ClauseVerdict {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Failed, Self::Warned, Self::NotJudged, Self::Untested, Self::Passed];

    /// The word in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Untested => "untested",
            Self::NotJudged => "not-judged",
        }
    }
}

/// Something that the contract leaves open, as it was seen.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct TraitReport {
    pub id: String,
    pub interface: &'static str,
    pub observed: String,
}

impl Report {
    /// Whether the backend is certified, known failures apart.
    #[must_use]
    pub fn is_certified(&self) -> bool {
        self.verdict.exit_code() == 0
    }

    /// The report for people: a page for each check that did not pass, then the verdict.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::report(self)
    }

    /// The pages alone, without the verdict; empty if every check passed.
    #[must_use]
    pub fn pages(&self) -> String {
        text::pages(self)
    }

    /// The closing lines alone: numbers, what was not judged, the verdict.
    #[must_use]
    pub fn closing(&self) -> String {
        text::closing(self)
    }

    /// The report as JSON.
    ///
    /// # Errors
    ///
    /// None is expected; the writer's own are passed on.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// The report as JUnit XML.
    ///
    /// # Errors
    ///
    /// None is expected; the writer's own are passed on.
    pub fn to_junit(&self) -> Result<String, quick_junit::SerializeError> {
        junit::report(self).to_string()
    }

    /// The report as a page of one file, for a browser: it needs no server and no network.
    ///
    /// # Errors
    ///
    /// None is expected; the template's own are passed on.
    pub fn to_html(&self) -> Result<String, minijinja::Error> {
        html::report(self)
    }
}

/// What is known of the subject before the first check.
pub(crate) struct Subjected {
    pub(crate) target: String,
    pub(crate) kind: &'static str,
    pub(crate) engine: String,
    pub(crate) sha256: Option<String>,
    pub(crate) imports: Vec<String>,
    pub(crate) limits: Map<String, Value>,
    pub(crate) exports: Vec<Interface>,
    pub(crate) description: Option<Description>,
    pub(crate) profile: Profile,
    /// How many instances share a namespace in races.
    pub(crate) instances: usize,
}

impl Subjected {
    pub(crate) fn of(subject: &dyn Subject) -> Self {
        Self {
            target: subject.target(),
            kind: subject.kind().name(),
            engine: subject.engine(),
            sha256: subject.sha256(),
            imports: subject.imports(),
            limits: subject.limits(),
            exports: Vec::new(),
            description: None,
            profile: Profile::Core,
            instances: 1,
        }
    }
}
