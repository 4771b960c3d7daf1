//! `plimsoll`: judges storage backends against the contract `flow:storage`.

mod args;
mod cmd;
mod failure;
mod output;
mod processes;
mod progress;
mod target;
mod templates;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let wants_json = cli.command.wants_json();
    let outcome = catch_unwind(AssertUnwindSafe(|| run(&cli.command)));
    let outcome = outcome.unwrap_or_else(|_| Err(Failure::harness("plimsoll itself panicked")));
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if wants_json {
                output::print_line(&failure.to_json());
            } else {
                output::print_error(&format!("plimsoll: {failure}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The command line does not parse, or asks for help.
fn refuse(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args().any(|argument| argument == "--json");
    if wants_json && error.use_stderr() {
        let message = error.render().to_string();
        let failure = Failure::usage("command-line", message.trim());
        output::print_line(&failure.to_json());
        return ExitCode::from(failure.exit_code());
    }
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(command: &Command) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Two callers must be able to run at once, or no race is one.
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2)))
        .enable_all()
        .build()
        .map_err(|error| Failure::harness(format!("no runtime: {error}")))?;
    match command {
        Command::Certify(args) => runtime.block_on(cmd::certify::run(args)),
        Command::List(args) => cmd::list::run(args),
        Command::Explain(args) => cmd::explain::run(args),
        Command::Inspect(args) => runtime.block_on(cmd::inspect::run(args)),
        Command::Bench(args) => runtime.block_on(cmd::bench::run(args)),
        Command::Mutants(args) => runtime.block_on(cmd::mutants::run(args)),
        Command::New(args) => cmd::new::run(args),
        Command::Compare(args) => cmd::compare::run(args),
        Command::Completions(args) => cmd::completions::run(args),
        Command::Serve => runtime.block_on(cmd::serve::run()),
    }
}
