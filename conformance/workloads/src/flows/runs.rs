use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_contract::{SignalDeliveryResult, StepStatus};

use super::{FLOW, engine};
use crate::operations::key;
use crate::trouble::expect;
use crate::workload::{Made, Unit};
use crate::{Pace, Site, Trouble, Turn, Workload};
/// The steps of a chain.
const CHAIN: u64 = 10;
/// How often a step is polled.
const POLLS: usize = 5;

/// Runs whose steps come one after the other.
pub(super) const ALL: [Workload; 4] = [
    Workload {
        id: "chain",
        what: "a run of ten steps, one after the other",
        unit: chain_turn,
        verify: |site, turn| expect_chain(site, turn),
        ..FLOW
    },
    Workload {
        id: "arrivals",
        what: "the same, forty runs a second, whatever became of those before",
        pace: Pace::Open(40.0),
        unit: chain_turn,
        verify: |site, turn| expect_chain(site, turn),
        ..FLOW
    },
    Workload {
        id: "poll",
        what: "a run with a step that is pending four times and scheduled again",
        unit: |site, turn| {
            Box::pin(async move {
                let began = Instant::now();
                poll(&site, turn).await?;
                Ok(began.elapsed())
            })
        },
        verify: |site, turn| {
            Box::pin(async move { engine::expect_done(&site, site.run_id(turn), 1, POLLS).await })
        },
        ..FLOW
    },
    Workload {
        id: "signals",
        what: "a run with a step that waits for a signal, which comes twice",
        unit: |site, turn| {
            Box::pin(async move {
                let began = Instant::now();
                wait(&site, turn).await?;
                Ok(began.elapsed())
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let run = site.run_id(turn);
                engine::expect_done(&site, run, 1, 1).await?;
                let waiter = site.signals()?.get_waiter(run, "approval").await?;
                let payload = waiter.and_then(|waiter| waiter.payload_json);
                expect("what the step got", &payload.as_deref(), &Some(site.json()))
            })
        },
        ..FLOW
    },
];

/// A run of ten steps.
pub(super) const CHAIN_TURN: Unit = chain_turn;

fn chain_turn(site: Arc<Site>, turn: Turn) -> Made<Duration> {
    Box::pin(async move {
        let began = Instant::now();
        let run = site.run_id(turn);
        engine::begin(&site, run).await?;
        for number in 0..CHAIN {
            engine::step(&site, run, &key(number)).await?;
        }
        engine::end(&site, run).await?;
        Ok(began.elapsed())
    })
}

pub(super) fn expect_chain(site: Arc<Site>, turn: Turn) -> Made<()> {
    Box::pin(async move { engine::expect_done(&site, site.run_id(turn), CHAIN as usize, 1).await })
}

async fn poll(site: &Site, turn: Turn) -> Result<(), Trouble> {
    let (run, key) = (site.run_id(turn), "await-payment");
    engine::begin(site, run).await?;
    for poll in 1..=POLLS {
        engine::dispatch(site, run, key).await?;
        expect("a free step is claimed", &engine::claim(site, run, key).await?, &true)?;
        let is_last = poll == POLLS;
        let status = if is_last { StepStatus::Succeeded } else { StepStatus::Pending };
        engine::execute(site, run, key, status).await?;
        site.runtime()?.release_step_claim(run, key).await?;
        if !is_last {
            // It is scheduled again, so the ledger must take it again.
            site.runs()?.release_dispatch(run, key).await?;
        }
    }
    engine::end(site, run).await
}

async fn wait(site: &Site, turn: Turn) -> Result<(), Trouble> {
    let (run, key, name) = (site.run_id(turn), "approval", "approved");
    let (runs, signals) = (site.runs()?, site.signals()?);
    engine::begin(site, run).await?;
    engine::dispatch(site, run, key).await?;
    expect("a free step is claimed", &engine::claim(site, run, key).await?, &true)?;
    runs.record_step_start(run, key, "wait-for-signal", Some(site.json()), None).await?;
    signals.register_waiter(run, key, name, None).await?;
    runs.record_step_complete(run, key, StepStatus::Pending, None, None).await?;
    let first = signals.deliver_signal(run, name, site.json()).await?;
    let is_delivered = matches!(first, SignalDeliveryResult::Delivered(_));
    expect("the first signal is delivered", &is_delivered, &true)?;
    let second = signals.deliver_signal(run, name, site.json()).await?;
    let is_late = matches!(second, SignalDeliveryResult::AlreadyDelivered(_));
    expect("the second signal comes too late", &is_late, &true)?;
    let waiter = signals.get_waiter(run, key).await?;
    let payload = waiter.and_then(|waiter| waiter.payload_json);
    let (status, payload) = (StepStatus::Succeeded, payload.as_deref());
    site.outputs()?.save_step_output(run, key, payload.unwrap_or_default()).await?;
    runs.record_step_complete(run, key, status, payload, None).await?;
    site.runtime()?.release_step_claim(run, key).await?;
    engine::end(site, run).await
}
