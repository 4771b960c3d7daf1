//! One page that needs nothing else: tables and plots.

use super::format::{bytes, thousands};
use super::plot::{Plot, Point, Series};
use super::text::{NOTE, cells, exponent, heading, measures};
use super::{Precheck, Report, TargetReport, WorkloadReport};
use crate::{Group, Pace, Workload};

const STYLE: &str = include_str!("style.css");

/// Text within HTML, attributes included.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) fn report(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>plimsoll bench</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>plimsoll bench</h1>\n<p>{}</p>\n<p>{} Latencies of workloads marked (open) count from \
         when a turn should have begun; the others are closed loops.</p>\n",
        escape(&heading(report)),
        escape(NOTE)
    );
    page.push_str(&targets(report));
    for group in Group::ALL {
        page.push_str(&table(report, group));
        page.push_str(&plots_of(report, group));
    }
    page.push_str(&growth(report));
    page.push_str(&left_out(report));
    page.push_str("</body>\n</html>\n");
    page
}

/// The targets with their colours, and the judgement on each.
fn targets(report: &Report) -> String {
    let item = |(place, target): (usize, &TargetReport)| {
        let judgement = match target.precheck {
            Precheck::Passed => "no check failed".to_owned(),
            Precheck::Failed => {
                let checks: Vec<_> =
                    target.failed_checks.iter().map(|check| escape(check)).collect();
                format!("<strong>failed</strong>, and gets no numbers: {}", checks.join("; "))
            }
        };
        let digest = target.sha256.as_ref().map(|it| format!(" <code>{}</code>", escape(it)));
        format!(
            "<li><span class=\"key k{}\"></span>{}{}: {judgement}</li>\n",
            place % super::plot::COLORS,
            escape(&target.target),
            digest.unwrap_or_default()
        )
    };
    let items: String = report.targets.iter().enumerate().map(item).collect();
    format!("<ul class=\"targets\">\n{items}</ul>\n")
}

const COLUMNS: [&str; 14] = [
    "workload", "callers", "document", "history", "target", "n", "ops/s", "95 %", "p50", "p95",
    "p99", "max", "ratio", "95 %",
];

fn table(report: &Report, group: Group) -> String {
    let measures = measures(report, group);
    if measures.is_empty() {
        return String::new();
    }
    let mut rows = vec![heading_row(&COLUMNS.map(str::to_owned))];
    for measured in &measures {
        for target in &report.targets {
            let same = |row: &&WorkloadReport| row.is_same(measured);
            if let Some(row) = target.workloads.iter().find(same) {
                rows.push(row_of(&cells(&target.target, row, true)));
            }
        }
    }
    let mut ids: Vec<_> = measures.iter().map(|row| row.id).collect();
    ids.dedup();
    let legend = ids.iter().filter_map(|id| Workload::find(id)).map(|workload| {
        format!("<dt>{}</dt><dd>{}</dd>\n", escape(workload.id), escape(workload.what))
    });
    let legend: String = legend.collect();
    format!(
        "<h2>{}</h2>\n<div class=\"scroll\"><table>\n{}</table></div>\n\
         <details><summary>what is timed</summary><dl>\n{legend}</dl></details>\n",
        group.name(),
        rows.concat()
    )
}

fn heading_row(cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<th>{}</th>", escape(cell))).collect();
    format!("<tr>{cells}</tr>\n")
}

fn row_of(cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
    format!("<tr>{cells}</tr>\n")
}

/// The lines of all targets that have a point of some row.
fn lines(
    report: &Report,
    chosen: impl Fn(&WorkloadReport) -> bool,
    points: impl Fn(&WorkloadReport) -> Vec<Point>,
) -> Vec<Series> {
    let line = |(color, target): (usize, &TargetReport)| Series {
        name: target.target.clone(),
        color,
        points: target.workloads.iter().filter(|row| chosen(row)).flat_map(&points).collect(),
    };
    report.targets.iter().enumerate().map(line).filter(|line| !line.points.is_empty()).collect()
}

fn plots_of(report: &Report, group: Group) -> String {
    let measures = measures(report, group);
    let most = measures.iter().map(|row| row.callers).max();
    let busiest = measures.iter().filter(|row| Some(row.callers) == most);
    let latencies: String = busiest.map(|row| distribution(report, row).to_svg()).collect();
    let mut ids: Vec<_> = measures.iter().map(|row| row.id).collect();
    ids.dedup();
    // On a schedule as many turns begin, whoever is asked.
    let is_closed = |id: &&&str| Workload::find(id).is_some_and(|it| it.pace == Pace::Closed);
    let rates = ids.iter().filter(is_closed).map(|id| throughput(report, id).to_svg());
    match group {
        Group::Flow => {
            format!("<div class=\"plots\">\n{}{latencies}</div>\n", rates.collect::<String>())
        }
        Group::Operation if !latencies.is_empty() => format!(
            "<details><summary>latencies</summary>\n<div class=\"plots\">\n{latencies}</div>\n\
             </details>\n"
        ),
        // The plots of growth show them.
        _ => String::new(),
    }
}

fn throughput(report: &Report, id: &str) -> Plot {
    let point = |row: &WorkloadReport| {
        let x = (row.callers as f64).log2();
        vec![Point { x, y: row.ops_per_s, interval: Some(row.ci95) }]
    };
    let is_of = |row: &WorkloadReport| row.id == id && row.ops_per_s > 0.0;
    Plot {
        title: format!("{id}: throughput by callers"),
        x_label: "callers",
        y_label: "a second",
        x_ticks: (0..12).map(|power| (f64::from(power), (1 << power).to_string())).collect(),
        series: lines(report, is_of, point),
    }
}

/// How unlikely a latency is.
fn distribution(report: &Report, measured: &WorkloadReport) -> Plot {
    let nines = |percentile: f64| -(1.0 - percentile / 100.0).log10();
    let curve = |row: &WorkloadReport| {
        // A percentile that fewer turns than this decide is the maximum again.
        let told = |(percentile, _): &&(f64, f64)| row.n as f64 * (1.0 - percentile / 100.0) >= 1.0;
        let point =
            |(percentile, y): &(f64, f64)| Point { x: nines(*percentile), y: *y, interval: None };
        row.curve.iter().filter(told).map(point).collect()
    };
    Plot {
        title: format!(
            "{}: latency, {} callers{}",
            measured.title(),
            measured.callers,
            match bytes(measured.payload_bytes) {
                size if size.is_empty() => size,
                size => format!(", {size}"),
            }
        ),
        x_label: "percentile",
        y_label: "µs",
        x_ticks: [0.0, 50.0, 90.0, 99.0, 99.9, 99.99]
            .map(|percentile| (nines(percentile), format!("{percentile}")))
            .to_vec(),
        series: lines(report, |row| row.is_same(measured), curve),
    }
}

fn growth(report: &Report) -> String {
    let has = |id: &str| report.targets.iter().any(|it| it.growth.iter().any(|of| of.op == id));
    let grown: Vec<_> = Workload::all().filter(|workload| has(workload.id)).collect();
    if grown.is_empty() {
        return String::new();
    }
    let mut columns = vec!["workload".to_owned()];
    columns.extend(report.targets.iter().map(|target| target.target.clone()));
    let mut rows = vec![heading_row(&columns)];
    let mut plots = String::new();
    for workload in grown {
        let mut row = vec![workload.id.to_owned()];
        row.extend(report.targets.iter().map(|target| {
            let growth = target.growth.iter().find(|growth| growth.op == workload.id);
            growth.map(|it| exponent(it.exponent, it.marked)).unwrap_or_default()
        }));
        rows.push(row_of(&row));
        plots.push_str(&by_history(report, workload.id).to_svg());
    }
    format!(
        "<h2>growth</h2>\n<p>The exponent of the history's length in the median, by least squares \
         on the logarithms; ! marks what must not grow, and does.</p>\n\
         <div class=\"scroll\"><table>\n{}</table></div>\n<div class=\"plots\">\n{plots}</div>\n",
        rows.concat()
    )
}

fn by_history(report: &Report, id: &str) -> Plot {
    let point = |row: &WorkloadReport| {
        vec![Point { x: (row.history_runs as f64).log10(), y: row.p50_us, interval: None }]
    };
    Plot {
        title: format!("{id}: median by history"),
        x_label: "runs",
        y_label: "µs",
        x_ticks: (3..9)
            .map(|power| (f64::from(power), thousands(10_u64.pow(power as u32))))
            .collect(),
        series: lines(report, |row| row.id == id && row.history_runs > 0, point),
    }
}

fn left_out(report: &Report) -> String {
    let mut items = String::new();
    for target in &report.targets {
        if let Some(ended) = &target.history_ended {
            let (name, why) = (escape(&target.target), escape(&ended.sentence()));
            items.push_str(&format!("<li>the history of {name}: {why}</li>\n"));
        }
        for it in &target.unmeasured {
            let word = if it.is_fault { "failed" } else { "left out" };
            items.push_str(&format!(
                "<li>{word}: {} x{} beside {} runs on {}: {}</li>\n",
                it.id,
                it.callers,
                it.history_runs,
                escape(&target.target),
                escape(&it.why)
            ));
        }
    }
    if items.is_empty() { items } else { format!("<h2>without numbers</h2>\n<ul>\n{items}</ul>\n") }
}
