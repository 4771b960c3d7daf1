//! Several reports side by side: clauses by backends, what differs first.

mod html;
mod matrix;
mod read;
mod text;

use serde::Serialize;

use crate::report::ClauseVerdict;

pub use read::{ReportFile, Unreadable};

/// The form of a comparison; it changes when a field changes its meaning or goes.
pub const SCHEMA: &str = "plimsoll.compare/1";

/// Reports side by side. Its JSON has exactly these fields.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What is compared, in the order in which it was named.
    pub reports: Vec<Column>,
    /// What makes the reports less than comparable, in sentences.
    pub notes: Vec<String>,
    /// Every clause that any report has: first those that differ, broken ones before others.
    pub clauses: Vec<Row>,
    /// What was seen where the contract leaves something open; what differs first.
    pub traits: Vec<Trait>,
    /// How many clauses have the same verdict in all reports.
    pub alike: usize,
    /// How many have not.
    pub differing: usize,
}

/// One report.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the report's JSON, but for the first two")]
pub struct Column {
    /// `A` for the first: the name by which the comparison calls it.
    pub key: String,
    /// The file that it was read from.
    pub file: String,
    pub target: String,
    pub name: String,
    pub version: String,
    pub kind: String,
    pub sha256: Option<String>,
    pub kit: String,
    pub contract: String,
    pub contract_sha256: String,
    pub profile: String,
    pub seed: u64,
    pub started_at: String,
    pub verdict: String,
    /// How many clauses have each verdict.
    pub clauses: Totals,
}

/// How many clauses of a report have each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the verdicts")]
pub struct Totals {
    pub passed: usize,
    pub warned: usize,
    pub failed: usize,
    pub not_judged: usize,
    pub untested: usize,
    /// Clauses that only other reports have.
    pub absent: usize,
}

/// A clause and what became of it in each report.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// For example `RUN-2`.
    pub id: String,
    /// `must`, `should` or `trait`.
    pub level: String,
    /// What is promised, in the words of the first report that has it.
    pub text: String,
    /// The interface that promises it.
    pub interface: String,
    /// Whether the reports disagree.
    pub differs: bool,
    /// One for each report; none where its contract does not have the clause.
    pub verdicts: Vec<Option<ClauseVerdict>>,
}

/// Something that the contract leaves open, as each backend does it.
#[derive(Clone, Debug, Serialize)]
pub struct Trait {
    /// The clause that leaves it open.
    pub id: String,
    /// Its interface.
    pub interface: String,
    /// Whether the backends do it differently.
    pub differs: bool,
    /// What was seen, for each report.
    pub observed: Vec<Vec<String>>,
}

impl Comparison {
    /// Puts reports side by side.
    #[must_use]
    pub fn of(files: &[ReportFile]) -> Self {
        matrix::compare(files)
    }

    /// For people at a terminal: what differs, what is alike, the totals.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::comparison(self)
    }

    /// As JSON.
    ///
    /// # Errors
    ///
    /// None is expected; the writer's own are passed on.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// As a page of one file, for a browser.
    ///
    /// # Errors
    ///
    /// None is expected; the template's own are passed on.
    pub fn to_html(&self) -> Result<String, minijinja::Error> {
        html::comparison(self)
    }
}
