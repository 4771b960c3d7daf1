//! Whether a backend reads the clock that it is given.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use plimsoll_contract::{Instant, Interface, WebhookRejection};

use crate::{Halt, Trial};

/// Where an instant that the store set came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The clock that it was given.
    GivenClock,
    /// The machine's own clock.
    MachineClock,
    /// Neither.
    Nowhere,
}

/// One instant that the store set.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub(crate) what: &'static str,
    pub(crate) source: Source,
}

/// Why checks that need the clock cannot be judged: no stamp comes from the given clock, and all
/// come from the machine's. A backend that stamps anything else is simply wrong, and each check
/// says where.
pub(crate) fn trouble(stamps: &[Stamp]) -> Option<String> {
    let ignored = |stamp: &Stamp| stamp.source == Source::MachineClock;
    (!stamps.is_empty() && stamps.iter().all(ignored)).then(|| {
        "the backend reads the machine's clock instead of the one it was given (BACKEND-8)"
            .to_owned()
    })
}

/// Has the backend set an instant in every way that its interfaces offer.
pub(crate) async fn stamps(trial: &Trial) -> Result<Vec<Stamp>, Halt> {
    let mut stamps = Vec::new();
    for interface in &trial.exports {
        let (what, at) = match interface {
            Interface::FlowStore => {
                let saved = trial.flow_store().save(&trial.a_definition("Probe")).await?;
                ("flow-definition.updated-at", Some(saved.updated_at))
            }
            Interface::RunStore => {
                let start = trial.start_of(trial.flow_id());
                let run = trial.run_store().start_run(&start).await?;
                ("flow-run.started-at", Some(run.started_at))
            }
            Interface::RunControlStore => {
                let (run, flow) = (trial.run_id(), trial.flow_id());
                let controls = trial.run_control_store();
                controls.configure_run(run, flow, "probe", None, None).await?;
                let control = controls.get_run_control(run).await?;
                ("run-control.created-at", control.map(|control| control.created_at))
            }
            Interface::SignalStore => {
                let has_runs = trial.exports.contains(&Interface::RunStore);
                let run = if has_runs { trial.a_run().await? } else { trial.run_id() };
                let signals = trial.signal_store();
                signals.register_waiter(run, "probe", "probe", None).await?;
                let waiter = signals.get_waiter(run, "probe").await?;
                ("signal-waiter.created-at", waiter.map(|waiter| waiter.created_at))
            }
            Interface::ScheduleStateStore => {
                let schedules = trial.schedule_state_store();
                schedules.save(&trial.a_schedule("probe")).await?;
                let state = schedules.get("probe").await?;
                ("schedule-state.updated-at", state.map(|state| state.updated_at))
            }
            Interface::WebhookRejectionStore => {
                let source = window_source(trial).await?;
                stamps.push(Stamp { what: "counts-by-reason's window", source });
                continue;
            }
            _ => continue,
        };
        stamps.push(Stamp { what, source: source_of(trial, at) });
    }
    Ok(stamps)
}

fn source_of(trial: &Trial, stamp: Option<Instant>) -> Source {
    let given = plimsoll_contract::Clock::now(&*trial.unchecked_clock());
    // A machine's clock may run in another time zone, or be set a little wrong.
    let near = |a: Instant, b: Instant, tolerance: TimeDelta| (a - b).abs() <= tolerance;
    match stamp {
        Some(at) if near(at, given, TimeDelta::milliseconds(1)) => Source::GivenClock,
        Some(at) if near(at, Utc::now(), TimeDelta::days(1)) => Source::MachineClock,
        _ => Source::Nowhere,
    }
}

/// The log's clock shows only in which rows a short window holds.
async fn window_source(trial: &Trial) -> Result<Source, Halt> {
    let given = plimsoll_contract::Clock::now(&*trial.unchecked_clock());
    let row =
        |reason: &str, received_at| WebhookRejection { received_at, ..trial.a_rejection(reason) };
    let log = trial.webhook_rejection_store();
    log.write(&row("given", given)).await?;
    log.write(&row("machine", Utc::now())).await?;
    let counts = log.counts_by_reason(Duration::from_secs(3_600)).await?;
    let counted = |reason: &str| counts.iter().any(|(name, _)| name == reason);
    Ok(match (counted("given"), counted("machine")) {
        (true, _) => Source::GivenClock,
        (false, true) => Source::MachineClock,
        (false, false) => Source::Nowhere,
    })
}
