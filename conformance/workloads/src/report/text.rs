//! Tables for a terminal.

use super::format::{bytes, latency, number, thousands};
use super::{Precheck, Report, TargetReport, WorkloadReport};
use crate::{Group, Pace, Workload};

pub(super) const NOTE: &str = "ops/s and ratio: geometric mean over rounds in which the targets \
    take turns, with its 95 % interval; the ratio is to the first target.";

pub(super) fn report(report: &Report) -> String {
    let mut text = format!("{}\n{NOTE}\n", heading(report));
    for target in &report.targets {
        text.push_str(&judgement(target));
    }
    for group in Group::ALL {
        let rows = rows(report, group);
        if !rows.is_empty() {
            text.push_str(&format!("\n{}\n", group.name()));
            text.push_str(&aligned(&rows));
        }
    }
    text.push_str(&growth(report));
    for target in &report.targets {
        text.push_str(&left_out(target));
    }
    text
}

/// Where the numbers are from, in one line.
pub(super) fn heading(report: &Report) -> String {
    let machine = &report.machine;
    let mut parts = vec![format!("{} {}", machine.os, machine.arch)];
    parts.extend(machine.cpu.clone());
    parts.push(format!("{} cpus", machine.cpus));
    parts.extend(machine.load.map(|load| format!("load {load:.1} at the start")));
    parts.push(format!("seed {}", report.seed));
    if machine.build == "debug" {
        parts.push("a debug build: these numbers are no use to anybody".to_owned());
    }
    parts.join(" · ")
}

fn judgement(target: &TargetReport) -> String {
    if target.precheck == Precheck::Passed {
        return String::new();
    }
    let mut text =
        format!("\nFAILED  {}: it breaks the contract, and gets no numbers\n", target.target);
    for check in &target.failed_checks {
        text.push_str(&format!("    {check}\n"));
    }
    text
}

const COLUMNS: [&str; 12] = [
    "workload", "callers", "document", "history", "target", "n", "ops/s", "95 %", "p50", "p95",
    "p99", "max",
];

type Row = Vec<String>;

/// The rows of a table, its heading first; none without rows.
fn rows(report: &Report, group: Group) -> Vec<Row> {
    let is_compared = report.targets.len() > 1;
    let mut table = Vec::new();
    for measured in measures(report, group) {
        for target in &report.targets {
            let same = |row: &&WorkloadReport| row.is_same(measured);
            if let Some(row) = target.workloads.iter().find(same) {
                table.push(cells(&target.target, row, is_compared));
            }
        }
    }
    if !table.is_empty() {
        let mut columns: Row = COLUMNS.map(str::to_owned).to_vec();
        if is_compared {
            columns.extend(["ratio".to_owned(), "95 %".to_owned()]);
        }
        table.insert(0, columns);
    }
    table
}

/// One row of each measure, from the first target that has it.
pub(super) fn measures(report: &Report, group: Group) -> Vec<&WorkloadReport> {
    let mut found: Vec<&WorkloadReport> = Vec::new();
    for row in report.targets.iter().flat_map(|target| &target.workloads) {
        let is_of_group = Workload::find(row.id).is_some_and(|workload| workload.group == group);
        if is_of_group && !found.iter().any(|it| it.is_same(row)) {
            found.push(row);
        }
    }
    let place = |row: &&WorkloadReport| Workload::all().position(|workload| workload.id == row.id);
    found.sort_by_key(|row| (place(row), row.history_runs, row.payload_bytes, row.callers));
    found
}

impl WorkloadReport {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let of = |row: &Self| (row.id, row.callers, row.payload_bytes, row.history_runs);
        of(self) == of(other)
    }

    /// The name, and whether turns come on a schedule.
    pub(super) fn title(&self) -> String {
        match Workload::find(self.id).map(|workload| workload.pace) {
            Some(Pace::Open(_)) => format!("{} (open)", self.id),
            _ => self.id.to_owned(),
        }
    }
}

pub(super) fn interval([low, high]: [f64; 2]) -> String {
    format!("{}..{}", number(low), number(high))
}

pub(super) fn cells(target: &str, row: &WorkloadReport, is_compared: bool) -> Row {
    let history = if row.history_runs > 0 { thousands(row.history_runs) } else { String::new() };
    let mut cells = vec![
        row.title(),
        row.callers.to_string(),
        bytes(row.payload_bytes),
        history,
        target.to_owned(),
        thousands(row.n),
        number(row.ops_per_s),
        interval(row.ci95),
        latency(row.p50_us),
        latency(row.p95_us),
        latency(row.p99_us),
        latency(row.max_us),
    ];
    if is_compared {
        cells.push(row.ratio.map(|ratio| format!("{}x", number(ratio))).unwrap_or_default());
        cells.push(row.ratio_ci95.map(interval).unwrap_or_default());
    }
    cells
}

/// Columns of one width: texts to the left, numbers to the right.
fn aligned(rows: &[Row]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let padded = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if [0, 4].contains(&column) {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        text.push_str(&format!("  {}\n", padded.collect::<Vec<_>>().join("  ").trim_end()));
    }
    text
}

fn growth(report: &Report) -> String {
    let ops = || report.targets.iter().flat_map(|target| target.growth.iter());
    let chosen = Workload::all().filter(|workload| ops().any(|growth| growth.op == workload.id));
    let mut table = vec![vec!["workload".to_owned()]];
    table[0].extend(report.targets.iter().map(|target| target.target.clone()));
    for workload in chosen {
        let mut row = vec![workload.id.to_owned()];
        row.extend(report.targets.iter().map(|target| {
            let growth = target.growth.iter().find(|growth| growth.op == workload.id);
            growth.map(|it| exponent(it.exponent, it.marked)).unwrap_or_default()
        }));
        table.push(row);
    }
    if table.len() < 2 {
        return String::new();
    }
    let meaning = "growth: the exponent of the history's length in the median; `!` must not grow, \
        and does";
    format!("\n{meaning}\n{}", aligned(&table))
}

pub(super) fn exponent(exponent: f64, marked: bool) -> String {
    // No `-0.00`.
    let rounded = (exponent * 100.0).round() / 100.0 + 0.0;
    format!("{rounded:.2}{}", if marked { " !" } else { "  " })
}

/// What a target has no numbers for, and why.
fn left_out(target: &TargetReport) -> String {
    let mut text = String::new();
    if let Some(ended) = &target.history_ended {
        text.push_str(&format!("\nthe history of {}: {}\n", target.target, ended.sentence()));
    }
    for it in &target.unmeasured {
        let word = if it.is_fault { "FAILED" } else { "left out" };
        let history = if it.history_runs > 0 {
            format!(" beside {} runs", it.history_runs)
        } else {
            String::new()
        };
        text.push_str(&format!(
            "{word}  {} x{}{history} on {}: {}\n",
            it.id, it.callers, target.target, it.why
        ));
    }
    text
}

impl super::HistoryEnded {
    pub(super) fn sentence(&self) -> String {
        format!("it ended at {} runs: {}", thousands(self.runs), self.why)
    }
}
