//! Every check as a test of its own, for `cargo test` and `cargo nextest`.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Builder, Runtime};

use crate::report::page;
use crate::runner::Run;
use crate::{Check, Settings, Subject, Verdict, checks};

/// What all tests share. It lives as long as the process.
struct Shared {
    runtime: Runtime,
    run: Run<'static>,
}

/// Is the `main` of a test that has `harness = false` in Cargo.toml: runs each check as a test,
/// named by its id. A check of an interface that the backend does not export is ignored, unless
/// the profile needs it; a broken SHOULD is told and passes.
///
/// `PLIMSOLL_SEED` and `PLIMSOLL_EFFORT` are what `plimsoll certify` takes as `--seed` and
/// `--effort`.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use plimsoll_conformance::{Native, run_tests};
/// # use plimsoll_model::{Model, SharedModel};
/// # struct MyBackend;
/// # impl MyBackend { fn new() -> SharedModel<Model> { SharedModel::new(Model::default()) } }
///
/// fn main() -> ExitCode {
///     run_tests(Native::new("my backend", |_clock| async { Ok(MyBackend::new()) }))
/// }
/// ```
#[must_use]
pub fn run_tests(subject: impl Subject + 'static) -> ExitCode {
    run_tests_with(subject, Settings::default())
}

/// The same with settings of its own, for example a profile. Selecting is left to the arguments
/// that every test takes.
#[must_use]
pub fn run_tests_with(subject: impl Subject + 'static, settings: Settings) -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match prepare(Arc::new(subject), settings) {
        Ok(shared) => {
            // As long as the process: each test has it.
            let shared: &'static Shared = Box::leak(Box::new(shared));
            checks::all().map(|check| shared.trial(check)).collect()
        }
        Err(reason) => vec![Trial::test("the-backend-starts", || Err(Failed::from(reason)))],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn prepare(subject: Arc<dyn Subject>, mut settings: Settings) -> Result<Shared, String> {
    settings.seed = number("PLIMSOLL_SEED")?.unwrap_or(settings.seed);
    if let Some(effort) = number("PLIMSOLL_EFFORT")? {
        settings.effort = effort.try_into().map_err(|_| "PLIMSOLL_EFFORT is too large")?;
    }
    let runtime = Builder::new_multi_thread()
        // Two callers must be able to run at once, or no race is one.
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2)))
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let settings: &'static Settings = Box::leak(Box::new(settings));
    let run = runtime.block_on(Run::prepare(subject, settings));
    match run {
        Ok(run) => Ok(Shared { runtime, run }),
        Err(problem) => Err(format!("the backend could not be started: {}", problem.error)),
    }
}

fn number(variable: &str) -> Result<Option<u64>, String> {
    let Ok(text) = env::var(variable) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("{variable} is `{text}`, which is no number"))
}

impl Shared {
    fn trial(&'static self, check: &'static Check) -> Trial {
        let missing = self.run.missing(check);
        let is_ignored = matches!(missing, Some((Verdict::Unsupported, _)));
        Trial::test(check.id, move || self.judge(check)).with_ignored_flag(is_ignored)
    }

    #[allow(clippy::print_stdout, reason = "a test's output is where a warning is looked for")]
    fn judge(&self, check: &'static Check) -> Result<(), Failed> {
        let mut report = self.runtime.block_on(self.run.judge(check));
        let seed = self.run.settings.seed;
        report.rerun = Some(format!("PLIMSOLL_SEED={seed} cargo test -- --exact {}", check.id));
        let mut text = String::new();
        page(&mut text, &report, &self.run.subject.target());
        match report.verdict {
            Verdict::Passed => Ok(()),
            Verdict::Warned => {
                print!("{text}");
                Ok(())
            }
            _ => Err(Failed::from(text)),
        }
    }
}
