//! Fills a database step by step, and prints what each call takes beside each history.
#![allow(clippy::print_stdout, reason = "it talks to a person")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::Utc;
use clap::Parser;
use plimsoll_scale::{Compared, Measured, Run, Subject, Unfit, compare, measure};

/// Measures a backend beside histories of growing size.
#[derive(Parser)]
struct Arguments {
    /// An empty database: sqlite:PATH or postgres://USER@HOST/DATABASE.
    target: String,
    /// How many finished runs there are, the smallest number first; each has three steps.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    runs: Vec<u64>,
    /// How many of them are there, with those that go on, since a run before that was broken off.
    #[arg(long, default_value_t = 0)]
    filled: u64,
    /// How many runs go on meanwhile.
    #[arg(long, default_value_t = 10_000)]
    active: u64,
    /// How often a call is compared with sqlx alone.
    #[arg(long, default_value_t = 500)]
    times: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("plimsoll-scale: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Unfit> {
    let subject = Subject::named(&arguments.target)?;
    drop(subject.open().await?);
    let now = Utc::now();
    let mut filled = arguments.filled;
    if filled == 0 {
        let active = (0..arguments.active).map(|number| Run::active(number, now));
        subject.fill(&active.collect::<Vec<Run>>()).await?;
    }
    let mut all = Vec::new();
    for size in &arguments.runs {
        let began = Instant::now();
        let mut runs: Vec<Run> = (filled..*size).map(|number| Run::finished(number, now)).collect();
        // As an orchestrator writes them. Ids stay in no order.
        runs.sort_by_key(|run| run.started_at);
        if !runs.is_empty() {
            subject.fill(&runs).await?;
        }
        filled = filled.max(*size);
        println!("filled up to {size} runs in {:.0?}", began.elapsed());
        all.push((*size, measure(&subject).await?));
        print_measured(&all);
        print_compared(&compare(&subject, arguments.times).await?);
    }
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A line a call: milliseconds beside each history, how much the last is of the first, and what
/// the call reads by.
fn print_measured(all: &[(u64, Vec<Measured>)]) {
    let (Some((_, first)), Some((_, last))) = (all.first(), all.last()) else { return };
    let sizes: Vec<String> = all.iter().map(|(size, _)| format!("{size:>10}")).collect();
    println!("\n{:34} {}  last/first  reads by", "milliseconds", sizes.join(" "));
    for (place, measured) in last.iter().enumerate() {
        let times: Vec<f64> = all
            .iter()
            .filter_map(|(_, calls)| calls.get(place))
            .map(|c| milliseconds(c.took))
            .collect();
        let shown: Vec<String> = times.iter().map(|time| format!("{time:10.2}")).collect();
        let ratio =
            milliseconds(measured.took) / first.get(place).map_or(1.0, |c| milliseconds(c.took));
        println!("{:34} {}  {ratio:10.2}  {}", measured.name, shown.join(" "), measured.used);
    }
}

/// A line a call: microseconds of the backend and of sqlx alone.
fn print_compared(all: &[Compared]) {
    println!("\n{:34} {:>10} {:>10} {:>10}", "microseconds", "ours", "sqlx", "ours/sqlx");
    for Compared { name, ours, plain } in all {
        let (ours, plain) = (milliseconds(*ours) * 1_000.0, milliseconds(*plain) * 1_000.0);
        println!("{name:34} {ours:10.0} {plain:10.0} {:10.2}", ours / plain);
    }
}
