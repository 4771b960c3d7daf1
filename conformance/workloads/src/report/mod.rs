//! What a bench found.

mod format;
mod html;
mod plot;
mod text;

use serde::Serialize;

use crate::bench::{Contestant, Findings, Progress};
use crate::contest::Measured;
use crate::machine::Machine;
use crate::plan::Settings;
use crate::stats::{self, Estimate};
use crate::{Growth, Workload, bench};

/// The form of the JSON; it changes when a field changes its meaning or goes.
pub const SCHEMA: &str = "plimsoll.bench/1";

/// An exponent from which on something grows.
const GROWS: f64 = 0.1;

/// A whole report. Its JSON has exactly these fields.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON, described in the README")]
pub struct Report {
    pub schema: &'static str,
    pub kit: Kit,
    pub machine: Machine,
    pub seed: u64,
    pub targets: Vec<TargetReport>,
}

/// Which kit measured.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct Kit {
    pub name: &'static str,
    pub version: &'static str,
    pub contract: &'static str,
}

/// A target and its numbers.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct TargetReport {
    pub target: String,
    pub sha256: Option<String>,
    pub precheck: Precheck,
    /// The checks that it failed, each with its reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_checks: Vec<String>,
    pub workloads: Vec<WorkloadReport>,
    pub growth: Vec<GrowthReport>,
    /// Where the history ended, if not at the longest that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_ended: Option<HistoryEnded>,
    /// What gave no numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmeasured: Vec<Unmeasured>,
}

/// Whether a target may be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precheck {
    /// No check failed.
    Passed,
    /// A check failed: it gets no numbers.
    Failed,
}

/// The numbers of one measure. Latencies are in microseconds.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct WorkloadReport {
    pub id: &'static str,
    pub callers: u64,
    pub payload_bytes: usize,
    pub history_runs: u64,
    pub n: u64,
    pub ops_per_s: f64,
    pub ci95: [f64; 2],
    pub p50_us: f64,
    pub p95_us: f64,
    pub p99_us: f64,
    pub max_us: f64,
    /// To the first target; none if that has no such numbers.
    pub ratio: Option<f64>,
    pub ratio_ci95: Option<[f64; 2]>,
    /// Percentiles and their latencies, for the plot.
    #[serde(skip)]
    pub(crate) curve: Vec<(f64, f64)>,
}

/// How an operation grows with the history.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct GrowthReport {
    pub op: &'static str,
    /// Of the history's length, in the median.
    pub exponent: f64,
    /// Whether it must not grow, and does.
    pub marked: bool,
}

/// Where filling ended.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct HistoryEnded {
    pub runs: u64,
    pub why: String,
}

/// What gave no numbers.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct Unmeasured {
    pub id: &'static str,
    pub callers: u64,
    pub payload_bytes: usize,
    pub history_runs: u64,
    pub why: String,
    /// Whether the backend is at fault, or merely lacks an interface.
    pub is_fault: bool,
}

/// A target before it is measured.
pub struct Entry {
    /// What a report calls it, without passwords.
    pub target: String,
    /// The SHA-256 of the artefact, in hex, where there is one.
    pub sha256: Option<String>,
    /// An instance, or the checks that it failed.
    pub judged: Result<std::sync::Arc<dyn plimsoll_contract::Backend>, Vec<String>>,
}

impl TargetReport {
    fn of(entry: &Entry) -> Self {
        let failed_checks = entry.judged.as_ref().err().cloned().unwrap_or_default();
        Self {
            target: entry.target.clone(),
            sha256: entry.sha256.clone(),
            precheck: if entry.judged.is_ok() { Precheck::Passed } else { Precheck::Failed },
            failed_checks,
            workloads: Vec::new(),
            growth: Vec::new(),
            history_ended: None,
            unmeasured: Vec::new(),
        }
    }

    /// How the median grows with the history, by operation.
    fn growths(&self) -> Vec<GrowthReport> {
        let of = |workload: &'static Workload| {
            let beside = |row: &&WorkloadReport| row.id == workload.id && row.history_runs > 0;
            let points: Vec<_> =
                self.workloads.iter().filter(beside).map(WorkloadReport::point).collect();
            let exponent = stats::exponent(&points)?;
            let marked = workload.growth == Growth::MustNot && exponent >= GROWS;
            Some(GrowthReport { op: workload.id, exponent, marked })
        };
        Workload::all().filter_map(of).collect()
    }
}

impl WorkloadReport {
    /// The length of the history and the median.
    fn point(&self) -> (f64, f64) {
        (self.history_runs as f64, self.p50_us)
    }
}

impl Report {
    /// Whether every target was measured and none did wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let is_fine = |target: &TargetReport| {
            target.precheck == Precheck::Passed && !target.unmeasured.iter().any(|it| it.is_fault)
        };
        self.targets.iter().all(is_fine)
    }

    /// The report as JSON.
    ///
    /// # Errors
    ///
    /// None is expected; the writer's own are passed on.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// The report as tables for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::report(self)
    }

    /// The report as one HTML file, with plots.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::report(self)
    }
}

/// Measures the entries that may be, and calls `watch` before each measure.
pub async fn run(
    entries: &[Entry],
    settings: &Settings,
    kit: Kit,
    watch: &(dyn Fn(&Progress) + Sync),
) -> Report {
    let machine = Machine::this();
    let mut targets: Vec<_> = entries.iter().map(TargetReport::of).collect();
    let (mut places, mut contestants) = (Vec::new(), Vec::new());
    for (place, entry) in entries.iter().enumerate() {
        if let Ok(backend) = &entry.judged {
            let (target, backend) = (entry.target.clone(), std::sync::Arc::clone(backend));
            places.push(place);
            contestants.push(Contestant { target, backend });
        }
    }
    if !contestants.is_empty() {
        let findings = bench::run(&contestants, settings, watch).await;
        note(&mut targets, &places, findings);
    }
    Report { schema: SCHEMA, kit, machine, seed: settings.seed, targets }
}

fn note(targets: &mut [TargetReport], places: &[usize], findings: Findings) {
    for finished in findings.finished {
        let measure = finished.measure;
        let first = finished.outcomes.iter().find(|outcome| places[outcome.target] == 0);
        let first = first.and_then(|outcome| outcome.result.as_ref().ok());
        let first: Option<Vec<f64>> = first.map(|measured| measured.rates.clone());
        for outcome in finished.outcomes {
            let target = &mut targets[places[outcome.target]];
            let (id, callers) = (measure.workload.id, measure.callers);
            let (payload_bytes, history_runs) = (measure.payload_bytes, measure.history);
            match outcome.result {
                Ok(measured) => {
                    let row = WorkloadReport::of(&measured, first.as_deref());
                    let row = WorkloadReport { id, callers, payload_bytes, history_runs, ..row };
                    target.workloads.push(row);
                }
                Err(trouble) => target.unmeasured.push(Unmeasured {
                    id,
                    callers,
                    payload_bytes,
                    history_runs,
                    is_fault: trouble.is_fault(),
                    why: trouble.to_string(),
                }),
            }
        }
    }
    for (place, ended) in places.iter().zip(findings.ended) {
        let target = &mut targets[*place];
        target.history_ended = ended.map(|it| HistoryEnded { runs: it.runs, why: it.why });
        target.growth = target.growths();
    }
}

impl WorkloadReport {
    /// The numbers; what was measured is filled in by whoever knows.
    fn of(measured: &Measured, first: Option<&[f64]>) -> Self {
        let latencies = &measured.latencies;
        let at = |percentile: f64| latencies.value_at_percentile(percentile) as f64 / 1e3;
        let rate = stats::mean(&measured.rates);
        let ratio = first.and_then(|first| stats::ratio(&measured.rates, first));
        let interval = |it: Estimate| [it.low, it.high];
        Self {
            id: "",
            callers: 0,
            payload_bytes: 0,
            history_runs: 0,
            n: latencies.len(),
            ops_per_s: rate.map_or(0.0, |rate| rate.value),
            ci95: rate.map_or([0.0; 2], interval),
            p50_us: at(50.0),
            p95_us: at(95.0),
            p99_us: at(99.0),
            max_us: latencies.max() as f64 / 1e3,
            ratio: ratio.map(|ratio| ratio.value),
            ratio_ci95: ratio.map(interval),
            curve: CURVE.map(|percentile| (percentile, at(percentile))).to_vec(),
        }
    }
}

/// The percentiles of a plot.
const CURVE: [f64; 14] =
    [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9, 99.99];
