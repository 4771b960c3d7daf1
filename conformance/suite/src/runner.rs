use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use chrono::Utc;
use futures_util::{FutureExt, StreamExt, stream};
use plimsoll_contract::{
    Backend, CallError, Clock, Interface, Level, ManualClock, OpenConfig, Profile,
    StateLocation::Shared,
};

use crate::report::{self, CheckReport, Report, Subjected};
use crate::trial::{Parts, START};
use crate::{Check, Halt, Settings, Subject, Trial, Verdict, checks, probe};

/// How long a check may take. It only keeps a check from hanging the run.
const CHECK_LIMIT: Duration = Duration::from_secs(600);

/// Runs the suite.
pub async fn certify(subject: Arc<dyn Subject>, settings: &Settings) -> Report {
    certify_watched(subject, settings, &|_, _| {}).await
}

/// Runs the suite and calls `watch` with each check's report, as it comes, and the number of
/// checks in all.
pub async fn certify_watched(
    subject: Arc<dyn Subject>,
    settings: &Settings,
    watch: &(dyn Fn(&CheckReport, usize) + Sync),
) -> Report {
    let started_at = Utc::now();
    let stopwatch = Stopwatch::now();
    let run = match Run::prepare(subject, settings).await {
        Ok(run) => run,
        Err(problem) => return problem.report(started_at, stopwatch.elapsed()),
    };
    let total = checks::all().count();
    // A list and no lazy stream of them: with that the future could not go to another thread.
    let mut judged = Vec::with_capacity(total);
    for check in checks::all() {
        let run = &run;
        judged.push(async move {
            let report = run.judge(check).await;
            watch(&report, total);
            report
        });
    }
    let reports = stream::iter(judged).buffered(settings.jobs.max(1)).collect().await;
    report::assemble(run.subjected, settings, reports, started_at, stopwatch.elapsed())
}

/// What all checks of a run share.
pub(crate) struct Run<'a> {
    pub(crate) subject: Arc<dyn Subject>,
    pub(crate) settings: &'a Settings,
    subjected: Subjected,
    /// Begins the name of every namespace of this run, so that two runs never share one.
    nonce: u64,
    clock_trouble: Option<String>,
}

/// The first instance could not be made or described.
pub(crate) struct Problem<'a> {
    subjected: Subjected,
    settings: &'a Settings,
    pub(crate) error: CallError,
}

impl Problem<'_> {
    fn report(self, started_at: chrono::DateTime<Utc>, duration: Duration) -> Report {
        let reason = format!("the backend could not be started: {}", self.error);
        let skipped =
            checks::all().map(|check| CheckReport::not_run(check, Verdict::Failed, &reason));
        let reports = skipped.collect();
        report::assemble(self.subjected, self.settings, reports, started_at, duration)
    }
}

impl<'a> Run<'a> {
    pub(crate) async fn prepare(
        subject: Arc<dyn Subject>,
        settings: &'a Settings,
    ) -> Result<Self, Box<Problem<'a>>> {
        let clock = Arc::new(ManualClock::at(START));
        let started = start(&subject, clock).await;
        let mut subjected = Subjected::of(&*subject);
        let described = match started {
            Ok(backend) => {
                subjected.exports = backend.exports();
                backend.describe().await
            }
            Err(error) => Err(error),
        };
        match described {
            Ok(description) => subjected.description = Some(description),
            Err(error) => return Err(Box::new(Problem { subjected, settings, error })),
        }
        subjected.profile = settings
            .profile
            .or(Profile::largest_within(&subjected.exports))
            .unwrap_or(Profile::Core);
        let nonce = fastrand::u64(..);
        let is_shared = subjected.description.as_ref().map(|of| of.state) == Some(Shared);
        subjected.instances = if is_shared { settings.instances.max(1) } else { 1 };
        let mut run = Self { subject, settings, subjected, nonce, clock_trouble: None };
        run.clock_trouble = run.probe_clock().await;
        Ok(run)
    }

    /// Why checks that need the clock cannot be judged, if so. A backend that fails in the probe
    /// fails in the checks too, which then say how.
    async fn probe_clock(&self) -> Option<String> {
        let trial = self.trial("probe").await.ok()?;
        let stamps = match trial.open(&trial.own_config()).await {
            Ok(()) => probe::stamps(&trial).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        discard(&trial).await;
        probe::trouble(&stamps)
    }

    async fn trial(&self, name: &str) -> Result<Trial, CallError> {
        let clock = Arc::new(ManualClock::at(START));
        let backend = start(&self.subject, Arc::clone(&clock)).await?;
        // The same seed gives a check the same ids, whichever other checks run.
        let salt = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Ok(Trial::new(Parts {
            subject: Arc::clone(&self.subject),
            backend,
            clock,
            clock_trouble: self.clock_trouble.clone(),
            namespace: format!("plimsoll-{:016x}-{:016x}", self.nonce, salt),
            seed: self.settings.seed ^ salt,
            effort: self.settings.effort,
            instances: self.subjected.instances,
        }))
    }

    pub(crate) async fn judge(&self, check: &'static Check) -> CheckReport {
        if let Some((verdict, reason)) = self.verdict_without_running(check) {
            return CheckReport::not_run(check, verdict, &reason);
        }
        let stopwatch = Stopwatch::now();
        let trial = match self.trial(check.id).await {
            Ok(trial) => trial,
            Err(error) => {
                let reason = format!("no instance could be made: {error}");
                return CheckReport::not_run(check, Verdict::Failed, &reason);
            }
        };
        let ending = run_check(check, &trial).await;
        discard(&trial).await;
        let (verdict, reason) = self.verdict(check, &trial, ending);
        let mut report = CheckReport::of(check, &trial, verdict, reason.as_deref());
        report.duration_ms = stopwatch.elapsed().as_millis() as u64;
        report.rerun = Some(self.rerun(check));
        report
    }

    fn verdict_without_running(&self, check: &Check) -> Option<(Verdict, String)> {
        if !self.settings.selects(check) {
            return Some((Verdict::Skipped, "not selected".to_owned()));
        }
        self.missing(check)
    }

    /// What a check needs and the backend does not export, and what follows from it.
    pub(crate) fn missing(&self, check: &Check) -> Option<(Verdict, String)> {
        let lacks = |interface: &&Interface| !self.subjected.exports.contains(interface);
        let missing: Vec<_> = check.uses.iter().filter(lacks).map(|i| i.name()).collect();
        if missing.is_empty() {
            return None;
        }
        let profile = self.subjected.profile;
        let missing_words = missing.join(", ");
        let is_required = profile.holds(check.uses);
        Some(match is_required {
            true => {
                let reason = format!("profile {profile} needs {missing_words}, not exported");
                (Verdict::Failed, reason)
            }
            false => (Verdict::Unsupported, format!("{missing_words} is not exported")),
        })
    }

    fn verdict(&self, check: &Check, trial: &Trial, ending: Ending) -> (Verdict, Option<String>) {
        let (verdict, reason) = match undeclared(check, trial) {
            Some(reason) => (Verdict::HarnessError, Some(reason)),
            None => natural_verdict(check, trial, ending),
        };
        let fails = matches!(verdict, Verdict::Failed | Verdict::Warned);
        match (self.settings.known_failing.contains(check.id), verdict) {
            (true, _) if fails => (Verdict::KnownFailing, reason),
            (true, Verdict::Passed) => {
                let reason = "it is listed as failing, and passes: take it off the list".to_owned();
                (Verdict::Failed, Some(reason))
            }
            _ => (verdict, reason),
        }
    }

    fn rerun(&self, check: &Check) -> String {
        let mut command = format!("plimsoll certify {}", self.subject.rerun_target());
        if let Some(profile) = self.settings.profile {
            command.push_str(&format!(" --profile {profile}"));
        }
        command.push_str(&format!(" --only {} --seed {}", check.id, self.settings.seed));
        let usual = Settings::default();
        for (option, value, usual) in [
            ("effort", self.settings.effort as usize, usual.effort as usize),
            ("instances", self.settings.instances, usual.instances),
            ("processes", self.settings.processes, usual.processes),
        ] {
            if value != usual {
                command.push_str(&format!(" --{option} {value}"));
            }
        }
        command
    }
}

async fn start(
    subject: &Arc<dyn Subject>,
    clock: Arc<ManualClock>,
) -> Result<Arc<dyn Backend>, CallError> {
    let clock: Arc<dyn Clock> = clock;
    subject.instance(clock).await
}

/// How the body of a check ended.
enum Ending {
    Outcome(Result<(), Halt>),
    OutOfTime,
    Panicked,
}

async fn run_check(check: &Check, trial: &Trial) -> Ending {
    let body = async {
        trial.open(&OpenConfig::namespace(trial.namespace.clone())).await?;
        (check.run)(trial).await
    };
    let body = AssertUnwindSafe(body).catch_unwind();
    match tokio::time::timeout(CHECK_LIMIT, body).await {
        Ok(Ok(outcome)) => Ending::Outcome(outcome),
        // Calls into the backend catch their panics, so this one is the kit's.
        Ok(Err(_)) => Ending::Panicked,
        Err(_) => Ending::OutOfTime,
    }
}

/// Removes what the trial made. A backend that cannot is judged by its own checks.
async fn discard(trial: &Trial) {
    let namespaces = trial.found().namespaces.clone();
    for namespace in namespaces {
        let before = trial.log.lock().len();
        let _ = trial.backend().discard(&namespace).await;
        trial.log.lock().truncate(before);
    }
}

/// An interface that the check calls without saying so: the profile it belongs to would be wrong.
/// Those of `backend` may go over everything that is exported.
fn undeclared(check: &Check, trial: &Trial) -> Option<String> {
    let is_declared = |interface| {
        check.uses.contains(&interface)
            || [interface, check.interface()].contains(&Interface::Backend)
    };
    let called = trial.log.lock().iter().map(|entry| entry.interface).find(|i| !is_declared(*i))?;
    Some(format!("{} calls {called}, which it does not declare", check.id))
}

fn natural_verdict(check: &Check, trial: &Trial, ending: Ending) -> (Verdict, Option<String>) {
    let broken = match check.level() {
        Level::Must => Verdict::Failed,
        Level::Should => Verdict::Warned,
        Level::Trait => Verdict::Passed,
    };
    match ending {
        Ending::OutOfTime => (Verdict::Failed, Some("the check did not end in time".to_owned())),
        Ending::Panicked => (Verdict::HarnessError, Some("the check itself panicked".to_owned())),
        Ending::Outcome(Err(Halt::Call(error))) => {
            let call = trial.log.last_error();
            let call = call.map(|entry| format!("{}.{}", entry.interface, entry.function));
            let reason = format!("{} gave no value: {error}", call.unwrap_or_default());
            // Nothing that a backend is asked may end it, whatever the level of the promise.
            let interrupted = matches!(error, CallError::Interrupted(_));
            (if interrupted { Verdict::Failed } else { broken }, Some(reason))
        }
        Ending::Outcome(Err(Halt::NotTestable(reason))) if trial.is_clean() => {
            (Verdict::NotTestable, Some(reason))
        }
        Ending::Outcome(Err(Halt::Unknown(reason))) if trial.is_clean() => {
            (Verdict::Unknown, Some(reason))
        }
        Ending::Outcome(_) => match trial.found().expectations.iter().find(|e| !e.holds) {
            Some(expectation) => (broken, Some(expectation.what.clone())),
            None => (Verdict::Passed, None),
        },
    }
}
