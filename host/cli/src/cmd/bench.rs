use std::fs;
use std::path::Path;
use std::sync::Arc;

use plimsoll_conformance::{Settings as Certification, Subject, Verdict, certify_watched};
use plimsoll_contract::{Clock, SystemClock, wit};
use plimsoll_workloads::{Entry, Kit, Report, Settings, UnknownWorkload};

use crate::args::Bench;
use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;
use crate::target::Target;

/// How much races and random programs do before a bench, in percent of the usual.
const EFFORT: u32 = 2;

/// 0 if every target passed the checks and was measured, else 1.
pub(crate) async fn run(args: &Bench) -> Result<u8, Failure> {
    let settings = settings(args);
    settings.validate()?;
    if let Some(folder) = &args.report {
        // Before the run: nobody wants to learn at its end that it cannot be written.
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    }
    let mut subjects = Vec::new();
    for name in names(args) {
        subjects.push(Target::find(name).await?.into_subject(settings.seed));
    }
    let progress = Progress::new(args.json);
    let mut entries = Vec::new();
    for subject in subjects {
        entries.push(judge(subject, settings.seed, &progress).await?);
    }
    let watch = |at: &plimsoll_workloads::Progress| progress.show(&at.what, at.done, at.total);
    let kit = Kit { name: "plimsoll", version: env!("CARGO_PKG_VERSION"), contract: wit::PACKAGE };
    let report = plimsoll_workloads::run(&entries, &settings, kit, &watch).await;
    progress.clear();
    if let Some(folder) = &args.report {
        write(&report, folder)?;
    }
    if args.json {
        output::print_line(&to_json(&report)?);
    } else {
        output::print_report(&report.to_text());
    }
    Ok(u8::from(!report.is_clean()))
}

/// The targets; none is one that is missing, which the search for it explains.
fn names(args: &Bench) -> Vec<Option<&str>> {
    match args.targets.as_slice() {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    }
}

fn settings(args: &Bench) -> Settings {
    let usual = Settings::default();
    let callers: Vec<u64> = args.callers.iter().map(|callers| u64::from(*callers)).collect();
    let given = |usual: &Vec<u64>| if callers.is_empty() { usual.clone() } else { callers.clone() };
    Settings {
        only: args.only.clone(),
        callers: given(&usual.callers),
        operation_callers: given(&usual.operation_callers),
        seconds: args.seconds,
        history: args.history,
        // Short enough to type again, and exact in every JSON reader.
        seed: args.seed.unwrap_or_else(|| u64::from(fastrand::u32(..))),
        nonce: fastrand::u64(..),
        ..usual
    }
}

/// Runs the suite, briefly. Only what no check failed is measured.
async fn judge(
    subject: Arc<dyn Subject>,
    seed: u64,
    progress: &Progress,
) -> Result<Entry, Failure> {
    let target = subject.target();
    let settings = Certification { seed, effort: EFFORT, ..Certification::default() };
    let watch = |check: &plimsoll_conformance::report::CheckReport, total| {
        progress.advance(check, total);
    };
    let report = certify_watched(Arc::clone(&subject), &settings, &watch).await;
    progress.begin_anew();
    if report.summary.harness_error > 0 {
        let message = format!("the kit is at fault with {target}: `plimsoll certify` says where");
        return Err(Failure::harness(message));
    }
    let broken = report.checks.iter().filter(|check| check.verdict == Verdict::Failed);
    let broken: Vec<String> = broken
        .map(|check| match &check.reason {
            Some(reason) => format!("{}: {reason}", check.id),
            None => check.id.to_owned(),
        })
        .collect();
    let judged = match broken.is_empty() {
        true => subject.instance(clock()).await.map_err(|error| vec![error.to_string()]),
        false => Err(broken),
    };
    Ok(Entry { target, sha256: subject.sha256(), judged })
}

/// Read until a workload opens a namespace with a clock of its own.
fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn write(report: &Report, folder: &Path) -> Result<(), Failure> {
    for (name, text) in [("bench.json", to_json(report)?), ("bench.html", report.to_html())] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
    }
    Ok(())
}

fn to_json(report: &Report) -> Result<String, Failure> {
    report.to_json().map_err(|error| Failure::harness(error.to_string()))
}

impl From<UnknownWorkload> for Failure {
    fn from(error: UnknownWorkload) -> Self {
        Self::usage("unknown-workload", error.to_string())
    }
}
