use std::fs;
use std::path::Path;
use std::sync::Arc;

use plimsoll_conformance::{KnownFailing, Report, Settings, certify_watched};

use crate::args::Certify;
use crate::failure::Failure;
use crate::output;
use crate::processes::Processes;
use crate::progress::Progress;
use crate::target::Target;

pub(crate) async fn run(args: &Certify) -> Result<u8, Failure> {
    let settings = settings(args)?;
    settings.validate()?;
    if let Some(folder) = &args.report {
        // Before the run: nobody wants to learn at its end that it cannot be written.
        output::make_folder(folder)?;
    }
    let target = Target::find(args.target.as_deref()).await?;
    reject_sharing(args, &target).await?;
    let (name, subject) = (args.target.as_deref(), target.into_subject(settings.seed));
    let name = name.unwrap_or_default();
    let subject = Processes::new(subject, name, settings.seed, settings.processes)?;
    let progress = Progress::new(args.json);
    let watch = |check: &_, total| progress.advance(check, total);
    let report = certify_watched(Arc::new(subject), &settings, &watch).await;
    progress.clear();
    if let Some(folder) = &args.report {
        write(&report, folder)?;
    }
    if args.json {
        output::print_line(&to_json(&report)?);
    } else {
        output::print_report(&report.to_text());
    }
    Ok(report.verdict.exit_code())
}

/// Refuses to spread what lives in one instance's memory.
async fn reject_sharing(args: &Certify, target: &Target) -> Result<(), Failure> {
    if args.processes > 1 && target.is_in_process() {
        let message = "the target's key-value store is in the memory of one process: leave out \
                       --processes, or name another engine in its manifest";
        return Err(Failure::usage("command-line", message));
    }
    let is_spread = args.instances.unwrap_or(1) > 1 || args.processes > 1;
    if !is_spread || target.shares_its_state().await != Some(false) {
        return Ok(());
    }
    let message = "the target keeps its state in one instance's memory, so it is run as one \
                   instance in one process: leave out --instances and --processes";
    Err(Failure::usage("command-line", message))
}

fn settings(args: &Certify) -> Result<Settings, Failure> {
    let known_failing = match &args.known_failing {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
            KnownFailing::parse(&text)
        }
        None => KnownFailing::default(),
    };
    let processes = usize::from(args.processes);
    let instances = args.instances.map_or(Settings::default().instances, usize::from);
    Ok(Settings {
        profile: args.profile,
        only: args.only.iter().cloned().collect(),
        skip: args.skip.iter().cloned().collect(),
        known_failing,
        // Short enough to type again, and exact in every JSON reader.
        seed: args.seed.unwrap_or_else(|| u64::from(fastrand::u32(..))),
        jobs: usize::from(args.jobs),
        // Each process has one of them at least.
        instances: instances.max(processes),
        processes,
        effort: args.effort,
    })
}

fn write(report: &Report, folder: &Path) -> Result<(), Failure> {
    let junit = report.to_junit().map_err(|error| Failure::harness(error.to_string()))?;
    let html = report.to_html().map_err(|error| Failure::harness(error.to_string()))?;
    let json = to_json(report)?;
    output::write_files(
        folder,
        &[("report.json", json), ("junit.xml", junit), ("report.html", html)],
    )
}

fn to_json(report: &Report) -> Result<String, Failure> {
    report.to_json().map_err(|error| Failure::harness(error.to_string()))
}
