use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use plimsoll_contract::Profile;

/// Judges storage backends against the contract flow:storage and explains each failure.
#[derive(Parser)]
#[command(name = "plimsoll", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the suite against a backend
    Certify(Box<Certify>),
    /// Show every check
    List(List),
    /// Explain a clause or a check
    Explain(Explain),
    /// Show what a component exports and imports
    Inspect(Inspect),
    /// Measure targets side by side, those that keep the contract
    Bench(Bench),
    /// Run the suite against its own broken backends and show what kills each
    Mutants(Mutants),
    /// Write a small backend of your own to begin with
    New(New),
    /// Put reports side by side: clauses by backends, what differs first
    Compare(Compare),
    /// Print what completes the command line in a shell
    Completions(Completions),
    /// Be one of the processes of a run: serve the target of $PLIMSOLL_TARGET on standard input
    /// and output
    #[command(hide = true)]
    Serve,
}

#[derive(Args)]
pub(crate) struct Certify {
    /// What to judge: the path of a .wasm file or of its manifest plugin.toml, `memory`, `sqlite:PATH`, `sqlite::memory:` or
    /// `postgres://USER:PASSWORD@HOST/DATABASE`
    pub(crate) target: Option<String>,
    /// The profile to fill: core, production, webhooks or full [default: the largest exported]
    #[arg(long)]
    pub(crate) profile: Option<Profile>,
    /// Run these checks alone
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// Leave these checks out
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) skip: Vec<String>,
    /// A file of checks that are expected to fail, one id a line, `#` for comments
    #[arg(long, value_name = "FILE")]
    pub(crate) known_failing: Option<PathBuf>,
    /// Replays the ids and choices of an earlier run [default: a new one]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How many checks run at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// How much work races and random programs do, in percent of the usual
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) effort: u32,
    /// How many instances share one namespace in races, where a backend shares its state
    /// [default: 4]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) instances: Option<u16>,
    /// Over how many processes the instances are spread in races
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) processes: u16,
    /// Write report.json, junit.xml and report.html into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct List {
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Explain {
    /// A clause such as RUN-2, or a check such as run-store/used-id-overwrites
    pub(crate) id: String,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Inspect {
    /// What to look at: the path of a .wasm file or of its manifest plugin.toml, `memory`, `sqlite:PATH` or `postgres://...`
    pub(crate) target: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Bench {
    /// What to measure, the first of them the one that others are compared with: as for `certify`
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Run these workloads alone
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// How many callers at once, one measure each [default: 1 2 8 32 for whole workloads, 1 for
    /// operations]
    #[arg(long, value_name = "N", num_args = 1.., value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) callers: Vec<u16>,
    /// How long each measure takes for each target; beside a history a quarter of it
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// The longest history, in runs; it begins with a thousand and grows tenfold. 0 leaves out
    /// histories, and the queries with them
    #[arg(long, value_name = "RUNS", default_value_t = 100_000, value_parser = history)]
    pub(crate) history: u64,
    /// Replays the ids, contents and choices of an earlier run [default: a new one]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Write bench.json and bench.html into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn history(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(runs) if runs == 0 || (1_000..=10_000_000).contains(&runs) => Ok(runs),
        _ => Err("0, or a number from 1000 to 10000000".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.01..=3_600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 0.01 to 3600".to_owned()),
    }
}

#[derive(Args)]
pub(crate) struct Mutants {
    /// Run these mutants alone
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// Replays the ids and choices of an earlier run [default: a new one]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How many mutants run at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct New {
    /// Where to write it: a folder that is empty or does not exist; its name becomes the backend's
    pub(crate) dir: PathBuf,
    /// In which language
    #[arg(long)]
    pub(crate) lang: Language,
    /// Print what was written as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Compare {
    /// Files that `certify --report` wrote, or their folders
    #[arg(value_name = "REPORT", num_args = 2.., required = true)]
    pub(crate) reports: Vec<PathBuf>,
    /// Write compare.json and compare.html into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A language that there is a template for.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Language {
    Rust,
    Python,
    Js,
}

#[derive(Args)]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: Shell,
}

impl Command {
    /// Whether the answer, errors included, is to be JSON.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Certify(args) => args.json,
            Self::List(args) => args.json,
            Self::Explain(args) => args.json,
            Self::Inspect(args) => args.json,
            Self::Bench(args) => args.json,
            Self::Mutants(args) => args.json,
            Self::New(args) => args.json,
            Self::Compare(args) => args.json,
            Self::Completions(_) | Self::Serve => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../README.md");

    /// The texts of the code blocks of a language.
    fn blocks(language: &str) -> Vec<&'static str> {
        let blocks = README.split("\n```").skip(1).step_by(2);
        let blocks = blocks.filter_map(|block| block.split_once('\n'));
        blocks.filter(|(named, _)| *named == language).map(|(_, text)| text).collect()
    }

    /// Each command of ours in a shell script must be one.
    fn parse_commands(script: &str) -> usize {
        let commands: Vec<_> =
            script.lines().filter(|line| line.starts_with("plimsoll ")).collect();
        for command in &commands {
            let words = command.split(" > ").next().unwrap_or_default().split_whitespace();
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{command}: {error}");
            }
        }
        commands.len()
    }

    #[test]
    fn the_commands_of_the_readme_are_ours() {
        assert_eq!(blocks("").into_iter().map(parse_commands).sum::<usize>(), 4);
    }

    #[test]
    fn the_workflow_of_the_readme_certifies_and_keeps_the_report() {
        let blocks = blocks("yaml");
        let [workflow] = blocks.as_slice() else { panic!("one workflow: {blocks:?}") };
        let workflow: serde_json::Value = serde_saphyr::from_str(workflow).expect("it is YAML");
        assert!(workflow["on"].is_array(), "{workflow}");
        let steps = workflow["jobs"]["certify"]["steps"].as_array().expect("it has steps");
        let mut commands = 0;
        for step in steps {
            let (run, uses) = (step["run"].as_str(), step["uses"].as_str());
            assert!(run.is_some() != uses.is_some(), "it runs or uses something: {step}");
            assert!(uses.is_none_or(|uses| uses.contains('@')), "the action has a version: {step}");
            commands += run.map_or(0, parse_commands);
        }
        assert_eq!(commands, 2);
        let upload = steps.last().expect("a last step");
        assert_eq!(upload["if"], "${{ !cancelled() }}", "a report that fails is kept, too");
        for file in ["report/junit.xml", "report/report.html"] {
            assert!(upload["with"]["path"].as_str().is_some_and(|path| path.contains(file)));
        }
    }
}
